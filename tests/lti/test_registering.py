"""Registering platforms by hand and by command, invitations, and what production never contains."""

import io
import json
import os
import re
import subprocess
import sys
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.test import Client

from lti import platform_keys
from lti.models import Deployment, Invitation, Registration
from lti.refusals import Refusal
from lti.registering import invitations, tool
from tests import factories
from tests.lti.lms import KeyServer, Lms, pem
from tests.lti.platform_server import PlatformServer

ARGUMENTS = {
    "issuer": "https://lms.example.edu",
    "client_id": "c1",
    "auth_login_url": "https://lms.example.edu/auth",
    "auth_token_url": "https://lms.example.edu/token",
}


def register(**more) -> None:
    call_command("lti_register", **{**ARGUMENTS, **more}, verbosity=0)


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def invite(**more) -> str:
    return urlsplit(invitations.invite(**more)).path


# By command


@pytest.mark.django_db
def test_registering_again_updates_and_keeps_the_deployments_data(capsys):
    register(jwks_url="https://lms.example.edu/jwks", deployment=["1", "2"])
    tenants = set(Deployment.objects.values_list("tenant", flat=True))
    register(jwks_url="https://lms.example.edu/new-jwks", deployment=["1"], only_these_deployments=True)
    assert Registration.objects.get().jwks_url.endswith("new-jwks")
    assert not Registration.objects.get().learns_deployments
    assert set(Deployment.objects.values_list("tenant", flat=True)) == tenants
    assert "Registered" in capsys.readouterr().out


@pytest.mark.django_db
def test_a_key_set_may_come_from_a_file(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{"kid": "a"}]}))
    register(jwks_file=path)
    assert Registration.objects.get().jwks == {"keys": [{"kid": "a"}]}
    path.write_text("[]")
    with pytest.raises(CommandError, match="not a JSON Web Key Set"):
        register(jwks_file=path)


@pytest.mark.django_db
def test_an_address_that_is_none_is_refused():
    with pytest.raises(CommandError, match="--auth-login-url"):
        register(jwks_url="https://lms.example.edu/jwks", auth_login_url="javascript:alert(1)")
    assert not Registration.objects.exists()


@pytest.mark.django_db
def test_the_sandbox_registers_with_one_command(monkeypatch):
    monkeypatch.setenv("COACHTOOL_SANDBOX_URL", "http://127.0.0.1:9101/")
    call_command("lti_register_sandbox", verbosity=0)
    found = Registration.objects.get()
    assert (found.issuer, found.client_id) == ("http://127.0.0.1:9101", "coachtool-sandbox")
    assert found.deployments.get().deployment_id == "1"


@pytest.mark.django_db
def test_registrations_are_listed_and_switched():
    assert "lti_invite" in command("lti_registrations")
    register(jwks_url="https://lms.example.edu/jwks", deployment=["1"])
    pair = ("https://lms.example.edu", "c1")
    assert "switched off" in command("lti_registrations", "--deactivate", *pair)
    listed = command("lti_registrations")
    assert "INACTIVE" in listed and "deployment 1" in listed and "no launch yet" in listed
    command("lti_registrations", "--activate", *pair)
    assert Registration.objects.get().is_active
    command("lti_registrations", "--deactivate", *pair, "--deployment", "1")
    assert not Deployment.objects.get().is_active and "OFF" in command("lti_registrations")
    with pytest.raises(CommandError, match="no registration"):
        command("lti_registrations", "--activate", "https://other.example", "c1")
    with pytest.raises(CommandError, match="no deployment 9"):
        command("lti_registrations", "--activate", *pair, "--deployment", "9")
    Registration.objects.create(issuer="https://other.example", client_id="c1", jwks={}, is_active=False)
    with pytest.raises(CommandError, match="another issuer"):
        command("lti_registrations", "--activate", "https://other.example", "c1")


@pytest.mark.django_db
def test_an_invitation_is_printed_once_and_kept_as_a_digest():
    link = command("lti_invite", "--note", "Riverside College", "--days", "3")
    secret = link.rstrip("/").rsplit("/", 1)[1]
    kept = Invitation.objects.get()
    assert secret not in json.dumps(Invitation.objects.values("digest", "note")[0])
    assert 2.9 < (kept.expires - kept.created).total_seconds() / 86400 < 3.1
    page = Client().get(urlsplit(link).path)
    assert page.status_code == 200 and "Riverside College" in page.content.decode()
    with pytest.raises(CommandError, match="no such registration"):
        command("lti_invite", "--issuer", "https://lms.example", "--client-id", "c1")


# What platforms are configured with


@pytest.mark.django_db
def test_everybody_sees_the_addresses_and_that_an_invitation_is_needed():
    page = Client().get("/lti/registration/").content.decode()
    for address in tool.addresses():
        assert f'value="{address.url}"' in page
    assert "needs an invitation" in page and "<form" not in page


def test_canvass_json_key_says_all_that_canvas_asks_for():
    key = Client().get("/lti/config.json").json()
    base = site.URL
    assert key["oidc_initiation_url"] == f"{base}/lti/login/"
    assert key["target_link_uri"] == f"{base}/lti/launch/"
    assert key["public_jwk_url"] == f"{base}/lti/jwks/"
    assert len(key["scopes"]) == 5 and set(key["scopes"]) == set(tool.SCOPES)
    (extension,) = key["extensions"]
    assert extension["platform"] == "canvas.instructure.com" and extension["privacy_level"] == "name_only"
    placements = extension["settings"]["placements"]
    assert {entry["placement"] for entry in placements} == {"link_selection", "assignment_selection"}
    assert {entry["message_type"] for entry in placements} == {"LtiDeepLinkingRequest"}
    assert all(entry["target_link_uri"] == key["target_link_uri"] for entry in placements)


# The form


@pytest.fixture
def platform():
    """An LMS that answers as it should: token endpoint and keys."""
    with PlatformServer(answers={"registration": (400, {"error": "invalid_request"})}) as running:
        yield running


def typed(platform: PlatformServer, **changes) -> dict:
    return {
        "issuer": platform.url,
        "client_id": "c1",
        "auth_login_url": f"{platform.url}/authorization_endpoint",
        "auth_token_url": f"{platform.url}/token_endpoint",
        "jwks_url": f"{platform.url}/jwks_uri",
        "deployments": "1\n 2 \n",
    } | changes


def problems(page) -> dict[str, str]:
    """The page's errors, by field."""
    found = re.findall(r'id="id_(\w+)-error">(.*?)</p>', page.content.decode(), re.S)
    return {name: unescape(words).strip() for name, words in found}


@pytest.mark.django_db
def test_the_form_registers_a_platform_and_its_state_is_shown(platform):
    path = invite()
    answer = Client().post(path, typed(platform, name="Riverside"))
    assert answer.status_code == 303 and answer["Location"] == f"{path}#state"
    made = Registration.objects.get()
    assert (made.registered_by, made.is_active, made.client_id) == ("hand", True, "c1")
    assert set(made.deployments.values_list("deployment_id", flat=True)) == {"1", "2"}
    page = Client().get(path).content.decode()
    assert "Riverside" in page and "1 key that can sign a launch" in page and "Nobody has launched yet" in page
    assert "has not told us yet what it allows" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"issuer": ""}, "issuer", "missing"),
        ({"issuer": "https://a b"}, "issuer", "not a web address"),
        ({"client_id": " "}, "client_id", "missing"),
        ({"auth_login_url": "javascript:alert(1)"}, "auth_login_url", "not a web address"),
        ({"auth_token_url": "lms.example/token"}, "auth_token_url", "begins with https://"),
        ({"jwks_url": ""}, "jwks_url", "or paste the keys below"),
        ({"jwks_url": "https://x.example/{client_id}/jwks.json"}, "jwks_url", "your client ID in the place"),
        ({"jwks_url": "", "jwks": "{"}, "jwks", "not a JSON key set"),
        ({"jwks_url": "", "jwks": '{"keys": [{"kty": "RSA"}]}'}, "jwks", "no RSA key with a key ID"),
        ({"jwks_url": "", "jwks": '{"keys": [{"kty": "RSA", "kid": "a", "d": "x"}]}'}, "jwks", "private key"),
        ({"deployments": "", "only_these": "on"}, "deployments", "List the deployments"),
        ({"audience": "https://elsewhere.example/token"}, "audience", "another host"),
        ({"audience": "nonsense"}, "audience", "not a web address"),
    ],
)
def test_the_form_names_the_field_and_what_is_wrong(platform, changes, field, words):
    page = Client().post(invite(), typed(platform, **changes))
    assert page.status_code == 422 and list(problems(page)) == [field] and words in problems(page)[field]
    assert f'aria-describedby="id_{field}-help id_{field}-error"' in page.content.decode()
    assert not Registration.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"keys": (404, b"")}, "jwks_url", "HTTP 404"),
        ({"keys": (200, b"<html>")}, "jwks_url", "not JSON"),
        ({"keys": (200, {"key": 1})}, "jwks_url", "not a key set"),
        ({"keys": (200, {"keys": []})}, "jwks_url", "no RSA key with a key ID"),
        ({"keys": (200, {"keys": [{"kty": "RSA", "n": "a", "e": "b"}]})}, "jwks_url", "no RSA key with a key ID"),
        ({"keys": (200, {"keys": [{"kty": "EC", "kid": "a"}]})}, "jwks_url", "no RSA key with a key ID"),
        ({"registration": (404, b"")}, "auth_token_url", "HTTP 404"),
        ({"registration": (405, b"")}, "auth_token_url", "HTTP 405"),
        ({"registration": (302, b"")}, "auth_token_url", "HTTP 302"),
        ({"registration": (502, b"")}, "auth_token_url", "HTTP 502"),
    ],
)
def test_the_form_asks_the_platform_itself(platform, answers, field, words):
    platform.answers |= answers
    page = Client().post(invite(), typed(platform))
    assert page.status_code == 422 and list(problems(page)) == [field] and words in problems(page)[field]
    assert not Registration.objects.exists()


@pytest.mark.django_db
def test_no_client_assertion_goes_to_an_address_that_was_only_typed(platform):
    Client().post(invite(), typed(platform))
    assert [what for what, *_ in platform.seen if what == "registration"] == ["registration"]
    assert all(authorization is None for _, authorization, _ in platform.seen)


@pytest.mark.django_db
def test_addresses_where_nothing_listens_are_named(platform):
    platform.answers["configuration"] = (404, b"")
    gone = "http://127.0.0.1:1/x"
    found = problems(Client().post(invite(), typed(platform, auth_token_url=gone, jwks_url=gone)))
    assert "no connection" in found["auth_token_url"] and "no connection" in found["jwks_url"]


@pytest.mark.django_db
def test_private_and_plain_addresses_are_refused_in_words(platform, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = problems(Client().post(invite(), typed(platform)))
    assert {"issuer", "auth_login_url", "auth_token_url", "jwks_url"} == set(found)
    assert all("http://" in words for words in found.values())
    secure = {name: value.replace("http:", "https:") for name, value in typed(platform).items()}
    found = problems(Client().post(invite(), secure))
    assert "private network" in found["jwks_url"] and "private network" in found["auth_token_url"]
    assert not Registration.objects.exists()


@pytest.mark.django_db
def test_what_the_platform_says_of_itself_is_compared(platform):
    wrong = dict.fromkeys(("auth_login_url", "auth_token_url", "jwks_url"), f"{platform.url}/wrong")
    assert problems(Client().post(invite(), typed(platform, **wrong))) == {
        "auth_login_url": f"Your LMS says that this address is {platform.url}/authorization_endpoint.",
        "auth_token_url": f"Your LMS says that this address is {platform.url}/token_endpoint.",
        "jwks_url": f"Your LMS says that this address is {platform.url}/jwks_uri.",
    }
    found = problems(Client().post(invite(), typed(platform, issuer=platform.url + "/")))
    assert found == {"issuer": f"Your LMS says that its issuer is {platform.url}, exactly so."}


@pytest.mark.django_db
def test_the_form_shows_what_is_registered_and_changes_it(platform):
    path = invite()
    Client().post(path, typed(platform, client_id="typo"))
    assert 'value="typo"' in Client().get(path).content.decode()
    answer = Client().post(path, typed(platform, client_id="c1"))
    assert answer.status_code == 303
    assert Registration.objects.get().client_id == "c1"


@pytest.mark.django_db
def test_somebody_elses_registration_cannot_be_changed(platform):
    Client().post(invite(), typed(platform))
    page = Client().post(invite(), typed(platform, name="Mine now"))
    assert "connected already" in problems(page)["client_id"] and Registration.objects.get().name == ""
    # Nor taken over by an invitation that has connected something else before.
    with PlatformServer(answers={"registration": (400, {})}) as other:
        path = invite()
        assert Client().post(path, typed(other, client_id="c9")).status_code == 303
        assert "connected" in problems(Client().post(path, typed(platform)))["issuer"]


@pytest.mark.django_db
def test_another_platforms_client_id_is_refused(platform):
    register(jwks_url="https://lms.example.edu/jwks")
    page = Client().post(invite(), typed(platform))
    assert "connected already" in problems(page)["client_id"] and Registration.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"lms": "moodle", "site": "moodle.example.edu/"}, "https://moodle.example.edu/mod/lti/auth.php"),
        ({"lms": "canvas"}, "https://canvas.instructure.com"),
        ({"lms": "desire2learn", "site": "https://learn.example.edu"}, "https://api.brightspace.com/auth/token"),
        ({"lms": "BlackboardLearn"}, "https://developer.blackboard.com/api/v1/gateway/oidcauth"),
    ],
)
def test_the_usual_addresses_of_an_lms_are_filled_in(query, expected):
    assert f'value="{expected}"' in Client().get(invite(), query).content.decode()


@pytest.mark.django_db
def test_the_page_wants_a_csrf_token(platform):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(invite(), typed(platform)).status_code == 403
    assert not Registration.objects.exists()


# The state


@pytest.fixture
def registered(platform) -> str:
    path = invite()
    assert Client().post(path, typed(platform)).status_code == 303
    return path


@pytest.mark.django_db
def test_deployments_are_switched_by_their_own_invitation_only(registered):
    deployment = Deployment.objects.get(deployment_id="1")
    address = f"{registered}deployments/{deployment.pk}/"
    assert Client().get(address).status_code == 405
    assert Client(enforce_csrf_checks=True).post(address, {"active": "0"}).status_code == 403
    assert Client().post(f"{invite()}deployments/{deployment.pk}/", {"active": "0"}).status_code == 404
    assert Client().post("/lti/registration/guessed/deployments/1/", {"active": "0"}).status_code == 404
    deployment.refresh_from_db()
    assert deployment.is_active
    assert Client().post(address, {"active": "0"}).status_code == 303
    deployment.refresh_from_db()
    assert not deployment.is_active
    Client().post(address, {"active": "1"})
    deployment.refresh_from_db()
    assert deployment.is_active


@pytest.mark.django_db
def test_new_deployments_can_be_refused_and_taken(registered):
    Client().post(f"{registered}deployments/", {"learn": "0"})
    assert not Registration.objects.get().learns_deployments
    assert "New deployments are refused" in Client().get(registered).content.decode()
    Client().post(f"{registered}deployments/", {"learn": "1"})
    assert Registration.objects.get().learns_deployments


@pytest.mark.django_db
def test_keys_are_fetched_on_demand_and_a_failure_is_said(registered, platform):
    platform.answers["keys"] = (200, Lms().jwks(pem(0), pem(1)))
    assert "Fetched 2 keys" in Client().post(f"{registered}keys/", follow=True).content.decode()
    platform.answers["keys"] = (500, b"")
    page = Client().post(f"{registered}keys/", follow=True).content.decode()
    assert "could not be fetched" in page and "HTTP 500" in page and "2 keys that can sign" in page


@pytest.mark.django_db
def test_the_state_tells_grants_and_launches(registered):
    registration = Registration.objects.get()
    registration.scopes = ["openid", *(scope for scope in tool.SCOPES if scope != tool.MEMBERSHIP_READONLY)]
    registration.save()
    page = Client().get(registered).content.decode()
    assert page.count("was not granted") == 1
    assert f"<code>{tool.MEMBERSHIP_READONLY}</code> was not granted" in page
    factories.course(registration.deployments.first().tenant)
    assert "Somebody has launched from here" in Client().get(registered).content.decode()


@pytest.mark.django_db
def test_a_switched_off_registration_says_who_can_help(registered):
    Registration.objects.update(is_active=False)
    assert "Switched off" in Client().get(registered).content.decode()


# The platforms' keys


@pytest.mark.django_db
def test_a_kid_that_the_platform_does_not_have_is_asked_for_once_in_a_while():
    server = KeyServer(Lms().jwks())
    try:
        registration = Lms().register(jwks_url=server.url, jwks=None)
        (kid,) = platform_keys.usable(Lms().jwks())
        assert platform_keys.key_for(registration, kid)["kid"] == kid
        for number in range(5):
            with pytest.raises(Refusal):
                platform_keys.key_for(registration, f"forged-{number}")
        assert server.fetched == 2
        assert platform_keys.key_for(registration, kid)["kid"] == kid
    finally:
        server.stop()


@pytest.mark.django_db
def test_a_key_that_is_new_at_the_platform_is_fetched_at_once():
    server = KeyServer(Lms().jwks())
    try:
        registration = Lms().register(jwks_url=server.url, jwks=None)
        platform_keys.key_for(registration, platform_keys.usable(Lms().jwks())[0])
        server.serves(Lms().jwks(pem(1)))
        (new,) = platform_keys.usable(Lms().jwks(pem(1)))
        assert platform_keys.key_for(registration, new)["kid"] == new
    finally:
        server.stop()


# What production never contains


def test_the_tools_settings_know_nothing_of_the_sandbox():
    assert not [app for app in site.INSTALLED_APPS if "sandbox" in app]


def test_the_sandbox_does_not_start_in_production():
    done = _in_production("import lti.sandbox.settings")
    assert done.returncode != 0 and "demo or test only" in done.stderr


def test_production_neither_allows_private_addresses_nor_opens_registration():
    done = _in_production(
        "from coachtool import settings as s; print(s.ALLOW_PRIVATE_ADDRESSES, s.OPEN_REGISTRATION)",
        COACHTOOL_DATABASE_URL="postgresql:///x",
        COACHTOOL_VALKEY_URL="redis://x",
    )
    assert done.stdout.strip() == "False False", done.stderr


def _in_production(code: str, **more: str) -> subprocess.CompletedProcess:
    env = {
        **os.environ,
        "COACHTOOL_ENV": "production",
        "COACHTOOL_SECRET_KEY": "x",
        "COACHTOOL_URL": "https://tool.example",
        "PYTHONPATH": str(site.BASE_DIR),
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=env | more, capture_output=True, text=True, timeout=60, check=False
    )
