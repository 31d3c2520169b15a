"""Dynamic Registration: with the sandbox LMS in both manners, and with platforms that get it wrong."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from lti.models import Deployment, Invitation, Registration
from lti.registering import dynamic, invitations, tool
from tests.frames import arrived
from tests.lti.chromium import chromium, no_third_party_cookies
from tests.lti.platform_server import PlatformServer

_TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"


def invite(**more) -> str:
    """The path of a new invitation."""
    return urlsplit(invitations.invite(**more)).path


# With the sandbox LMS, whole


def start(window, sandbox, registration_url: str, manner: str, withhold: tuple[str, ...] = ()) -> str:
    """As its administrator, have the sandbox open the tool's registration URL: the address in its frame."""
    window.sign_in("instructor")
    fields = {"url": registration_url, "manner": manner, "withhold": list(withhold)}
    page = window.post(f"{sandbox.url}/tools/add/", fields)
    assert page.status_code == 200, page.text
    return unescape(re.search(r'<iframe id="tool" src="([^"]+)"', page.text)[1])


def switch_on(window, sandbox) -> None:
    page = window.get(f"{sandbox.url}/tools/").text
    action = re.findall(r'action="(/tools/\d+/)"', page)[0]
    assert window.post(sandbox.url + action, {"active": "1"}).status_code == 302


def launch(window, sandbox, client_id: str):
    course = window.sign_in("learner1")
    return window.onward(window.get(f"{course}links/claims-escalation/launch/?client={client_id}"))


@pytest.mark.whole
@pytest.mark.parametrize("manner", ["moodle", "canvas"])
def test_a_platform_registers_the_tool_and_a_learner_launches_from_it(manner, window, sandbox, live_server):
    wrongs = sandbox.verdicts()
    address = start(window, sandbox, live_server.url + invite(note="Riverside") + "dynamic/", manner)
    page = window.get(address)
    assert page.status_code == 200 and "Your LMS is connected" in page.text
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    made = Registration.objects.exclude(client_id="coachtool-sandbox").get()
    assert made.is_active and made.registered_by == "dynamic" and made.product == manner
    assert made.jwks["keys"] and made.jwks_fetched
    assert Invitation.objects.get().registration == made
    # Moodle says the deployment at once, Canvas at the first launch.
    assert made.deployments.count() == (1 if manner == "moodle" else 0)
    assert ("waits to be activated" in page.text) == (manner == "moodle")

    refused = launch(window, sandbox, made.client_id)
    assert refused.status_code == 404, "a pending tool must not launch"
    window.sign_in("instructor")
    switch_on(window, sandbox)
    arrived = launch(window, sandbox, made.client_id)
    assert arrived.headers["Location"].startswith("/v/"), arrived.text
    assert made.deployments.get().tenant.people.filter(name="Ada Osei").exists()
    assert sandbox.verdicts() == wrongs


@pytest.mark.whole
def test_scopes_that_the_platform_withholds_are_said_in_plain_words(window, sandbox, live_server):
    path = invite()
    address = start(window, sandbox, live_server.url + path + "dynamic/", "canvas", (tool.SCORE,))
    page = window.get(address).text
    assert "did not grant everything" in page and "No grades can be sent" in page
    made = Registration.objects.exclude(client_id="coachtool-sandbox").get()
    assert tool.SCORE not in made.scopes and tool.RESULT_READONLY in made.scopes
    assert f"<code>{tool.SCORE}</code> was not granted" in window.get(live_server.url + path).text


@pytest.mark.whole
@pytest.mark.parametrize("manner", ["moodle", "canvas"])
def test_a_registration_token_is_good_once_and_a_reload_registers_nothing(manner, window, sandbox, live_server):
    path = invite()
    address = start(window, sandbox, live_server.url + path + "dynamic/", manner)
    assert window.get(address).status_code == 200
    wrongs = len(sandbox.verdicts())
    again = window.get(address)
    assert again.status_code == 200 and Registration.objects.count() == 2
    assert len(sandbox.verdicts()) == wrongs, "the platform must not be asked again"
    stolen = window.get(address.replace(path, invite()))
    assert stolen.status_code == 401 and "used before" in stolen.text
    assert Registration.objects.count() == 2 and len(sandbox.verdicts()) == wrongs + 1


@pytest.mark.whole
@pytest.mark.parametrize("manner", ["moodle", "canvas"])
def test_a_missing_token_is_named(manner, window, sandbox, live_server):
    address = start(window, sandbox, live_server.url + invite() + "dynamic/", manner)
    page = window.get(address.split("&registration_token=")[0])
    assert page.status_code == 401 and "the address it opened had none" in page.text
    assert Registration.objects.count() == 1


@pytest.mark.whole
def test_registering_again_adds_the_new_client_and_keeps_the_old(window, sandbox, live_server):
    path = invite()
    for _ in range(2):
        assert window.get(start(window, sandbox, live_server.url + path + "dynamic/", "moodle")).status_code == 200
    assert Registration.objects.exclude(client_id="coachtool-sandbox").count() == 2
    assert Invitation.objects.get().registration == Registration.objects.latest("pk")


@pytest.mark.whole
def test_in_a_browser_the_frame_says_that_it_is_done_and_the_platform_closes_it(sandbox, live_server, tmp_path):
    link = live_server.url + invite(note="Riverside")
    with chromium(tmp_path / "profile", no_third_party_cookies()) as context:
        page = context.new_page()
        page.goto(f"{sandbox.url}/as/instructor/")
        page.goto(f"{sandbox.url}/tools/")
        page.get_by_label("Registration URL").fill(link + "dynamic/")
        page.get_by_role("button", name="Add the tool").click()
        frame = page.frame_locator("#tool")
        arrived(frame.get_by_role("heading", name="Your LMS is connected"))
        frame.get_by_role("button", name="Close and go back to the LMS").press("Enter")
        page.wait_for_url("**/tools/")
        expect(page.get_by_role("button", name="Activate").first).to_be_visible()
        # The administrator's own page, meanwhile: the state, and a deployment switched off with the keyboard.
        page.goto(link)
        page.get_by_role("button", name=re.compile("Switch off deployment")).press("Enter")
        expect(page.get_by_text("can no longer launch")).to_be_visible()
        page.get_by_role("button", name="Copy the registration URL").click()
        expect(page.get_by_text("Copied: Registration URL")).to_be_attached()
    assert not Deployment.objects.get(registration__registered_by="dynamic").is_active


# With platforms that get it wrong


def register(platform: PlatformServer, path: str = "", token: str = "t0", **more):
    """The tool's page, as that platform's administrator would come to it."""
    query = {"openid_configuration": f"{platform.url}/openid", "registration_token": token} | more
    return Client().get((path or invite()) + "dynamic/", query)


@pytest.mark.django_db
def test_the_token_goes_along_on_both_calls_and_no_more_is_asked_than_the_platform_has():
    supported = {
        "scopes_supported": [tool.SCORE, tool.LINEITEM],
        _PLATFORM: {
            "product_family_code": "canvas",
            "messages_supported": [
                {"type": "LtiDeepLinkingRequest", "placements": ["link_selection", "wiki_page_menu"]},
                {"type": "LtiResourceLinkRequest"},
            ],
        },
    }
    with PlatformServer(supported) as platform:
        assert register(platform).status_code == 200
    (_, first, _), (_, second, sent), (kind, third, _) = platform.seen
    assert first == second == "Bearer t0" and (kind, third) == ("keys", None)
    assert sent["scope"].split() == [tool.SCORE, tool.LINEITEM]
    assert [message["type"] for message in sent[_TOOL]["messages"]] == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    ]
    assert sent[_TOOL]["messages"][1]["placements"] == ["link_selection"]
    assert sent[_TOOL]["https://canvas.instructure.com/lti/privacy_level"] == "name_only"
    assert "email" not in sent[_TOOL]["claims"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"issuer": "https://other.example"}, 400, "issuer on another host"),
        ({"issuer": None}, 400, "issuer is missing"),
        ({"issuer": 5}, 400, "issuer is missing"),
        ({"registration_endpoint": "https://other.example/register"}, 400, "another host than its own"),
        ({"registration_endpoint": None}, 400, "registration_endpoint is missing"),
        ({"authorization_endpoint": "javascript:alert(1)"}, 400, "authorization_endpoint is missing or not"),
        ({"jwks_uri": "https://a b.example/"}, 400, "jwks_uri is missing or not"),
        ({"token_endpoint": "https://user:pass@lms.example/"}, 400, "token_endpoint is missing or not"),
        ({"id_token_signing_alg_values_supported": ["HS256"]}, 400, "lacks RS256"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, 400, "lacks private_key_jwt"),
        ({_PLATFORM: None}, 400, "may not be an LTI platform"),
    ],
)
def test_a_wrong_configuration_is_refused_before_the_token_is_spent(changed, status, words):
    with PlatformServer(changed) as platform:
        page = register(platform)
    assert page.status_code == status and words in unescape(page.content.decode())
    assert [what for what, *_ in platform.seen] == ["configuration"]
    assert not Registration.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("call", "answer", "status", "words"),
    [
        ("configuration", (200, b"<html>hello"), 502, "could not be read"),
        ("configuration", (200, []), 502, "not a JSON object"),
        ("configuration", (302, b""), 502, "HTTP 302"),
        ("configuration", (404, b"gone"), 502, "HTTP 404: gone"),
        ("configuration", (401, b""), 401, "does not accept the registration token"),
        ("configuration", (500, b"<h1>stack trace</h1>"), 502, "an error of its own"),
        ("registration", (401, b"token_already_used"), 401, "token_already_used"),
        ("registration", (403, {"error": "expired"}), 401, "expired"),
        ("registration", (400, {"error_description": "no <b>scope</b>"}), 502, "did not accept"),
        ("registration", (422, {"errors": ["placements"]}), 502, "placements"),
        ("registration", (503, b""), 502, "an error of its own"),
        ("registration", (200, b"ok"), 502, "not JSON"),
        ("registration", (201, {}), 502, "without a client ID"),
        ("registration", (201, {"client_id": ""}), 502, "without a client ID"),
        ("registration", (201, {"client_id": "a\0b"}), 502, "without a client ID"),
        ("registration", (201, {"client_id": "x" * 256}), 502, "without a client ID"),
    ],
)
def test_a_wrong_answer_is_a_clear_page_and_nothing_is_created(call, answer, status, words):
    with PlatformServer(answers={call: answer}) as platform:
        page = register(platform)
    text = unescape(page.content.decode())
    assert page.status_code == status and words in text and "Nothing was registered here" in text
    assert "t0" not in text and "stack trace" not in text
    assert not Registration.objects.exists() and not Deployment.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "did not say where its configuration is"),
        ("file:///etc/passwd", "did not say where its configuration is"),
        ("https://", "did not say where its configuration is"),
        ("https://lms.example:99999/", "did not say where its configuration is"),
        ("http://169.254.169.254/latest/meta-data/", "private network"),
        ("https://localhost/", "private network"),
        ("http://10.0.0.1/", "https://"),
    ],
)
def test_an_address_that_must_not_be_called_is_not(settings, url, words):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    page = Client().get(invite() + "dynamic/", {"openid_configuration": url, "registration_token": "t"})
    assert page.status_code == 400 and words in unescape(page.content.decode())


@pytest.mark.django_db
def test_endpoints_in_a_private_network_are_not_called_either():
    """The keys' address of a configuration that was honest so far."""
    with PlatformServer({"jwks_uri": "http://169.254.169.254/keys"}) as platform:
        page = register(platform)
    assert page.status_code == 200 and "keys could not be fetched yet" in unescape(page.content.decode())
    assert Registration.objects.get().jwks is None


@pytest.mark.django_db
def test_the_same_client_again_is_brought_up_to_date_not_doubled():
    path = invite()
    with PlatformServer() as platform:
        assert register(platform, path).status_code == 200
        platform.configuration["token_endpoint"] = f"{platform.url}/new"
        platform.answers["registration"] = (200, {"client_id": "c1", "scope": tool.SCORE, _TOOL: {"deployment_id": 8}})
        page = register(platform, path, token="t1")
    assert "was connected before" in page.content.decode()
    registration = Registration.objects.get()
    assert registration.auth_token_url.endswith("/new") and registration.scopes == ["openid", tool.SCORE]
    assert set(registration.deployments.values_list("deployment_id", flat=True)) == {"7", "8"}


@pytest.mark.django_db
def test_another_invitation_may_not_change_a_registration():
    with PlatformServer() as platform:
        register(platform)
        platform.configuration["token_endpoint"] = f"{platform.url}/mine"
        page = register(platform, token="t1")
        assert page.status_code == 409 and "connected already" in page.content.decode()
        assert not Registration.objects.get().auth_token_url.endswith("/mine")
        # Whoever runs the tool may hand out one that can.
        path = invite(registration=Registration.objects.get())
        assert register(platform, path, token="t2").status_code == 200
        assert Registration.objects.get().auth_token_url.endswith("/mine")


@pytest.mark.django_db
def test_a_client_id_of_another_issuer_is_refused():
    """Or its registrant could have the tool ask the other platform for an access token, and get to see it."""
    Registration.objects.create(issuer="https://victim.example", client_id="c1", auth_login_url="https://v", jwks={})
    with PlatformServer() as platform:
        page = register(platform)
    assert page.status_code == 409 and Registration.objects.count() == 1


@pytest.mark.django_db
def test_an_invitation_connects_one_platform_only():
    path = invite()
    with PlatformServer() as platform, PlatformServer() as other:
        register(platform, path)
        page = register(other, path, token="t1")
    assert page.status_code == 403 and "connected another LMS" in page.content.decode()
    assert [what for what, *_ in other.seen] == ["configuration"], "the token must not be spent"


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["unknown", "expired"])
def test_without_a_living_invitation_nothing_is_asked_of_anybody(how):
    path = invite()
    if how == "unknown":
        path = "/lti/registration/guessed/"
    else:
        Invitation.objects.update(expires=timezone.now())
    with PlatformServer() as platform:
        page = register(platform, path)
    assert page.status_code == 404 and "invitation" in page.content.decode() and platform.seen == []


@pytest.mark.django_db
def test_open_registration_is_closed_unless_the_site_opens_it(settings):
    with PlatformServer() as platform:
        query = {"openid_configuration": f"{platform.url}/openid", "registration_token": "t0"}
        page = Client().get("/lti/register/", query)
        assert page.status_code == 403 and "needs an invitation" in page.content.decode() and platform.seen == []
        settings.OPEN_REGISTRATION = True
        page = Client().get("/lti/register/", query)
    assert page.status_code == 200 and "Nobody can launch yet" in page.content.decode()
    assert not Registration.objects.get().is_active


@pytest.mark.django_db
def test_open_registration_never_touches_an_active_one(settings):
    settings.OPEN_REGISTRATION = True
    with PlatformServer() as platform:
        register(platform)
        query = {"openid_configuration": f"{platform.url}/openid", "registration_token": "t1"}
        assert Client().get("/lti/register/", query).status_code == 409
        Registration.objects.update(is_active=False)
        assert Client().get("/lti/register/", query).status_code == 200
    assert not Registration.objects.get().is_active


@pytest.mark.parametrize(
    ("url", "issuer", "right"),
    [
        ("https://lms.example/openid", "https://lms.example", True),
        ("https://sso.canvaslms.com/openid", "https://canvas.instructure.com", True),
        ("https://riverside.instructure.com/openid", "https://canvas.instructure.com", True),
        ("https://evil-instructure.com/openid", "https://canvas.instructure.com", False),
        ("https://lms.example/openid", "https://canvas.instructure.com", False),
        ("https://canvas.instructure.com/openid", "https://lms.example", False),
        ("https://lms.example.evil.com/openid", "https://lms.example", False),
    ],
)
def test_an_issuer_answers_at_its_own_host_or_at_canvass(url, issuer, right):
    raw = {name: url for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")}
    raw |= {"issuer": issuer, _PLATFORM: {}}
    if right:
        assert dynamic.read(raw, url).issuer == issuer
    else:
        with pytest.raises(dynamic.Failed, match="issuer_mismatch"):
            dynamic.read(raw, url)


def test_the_configuration_that_moodle_45_gives_is_understood():
    raw = moodle_configuration()
    found = dynamic.read(raw, "http://127.0.0.1:8080/mod/lti/openid-configuration.php")
    assert found.product == "moodle" and found.token_endpoint.endswith("/mod/lti/token.php")
    request = tool.registration_request(raw)
    assert request["scope"].split() == list(tool.SCOPES)
    assert request[_TOOL]["messages"][1]["placements"] == ["ContentArea"]
    assert [message["type"] for message in request[_TOOL]["messages"]] == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    ]


def moodle_configuration() -> dict:
    """What Moodle 4.5 answered, but for the variables."""
    base = "http://127.0.0.1:8080"
    return {
        "issuer": base,
        "token_endpoint": f"{base}/mod/lti/token.php",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "jwks_uri": f"{base}/mod/lti/certs.php",
        "authorization_endpoint": f"{base}/mod/lti/auth.php",
        "registration_endpoint": f"{base}/mod/lti/openid-registration.php",
        "scopes_supported": ["https://purl.imsglobal.org/spec/lti-bo/scope/basicoutcome", *tool.SCOPES, "openid"],
        "response_types_supported": ["id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        _PLATFORM: {
            "product_family_code": "moodle",
            "version": "4.5.6 (Build: 20250811)",
            "messages_supported": [
                {"type": "LtiResourceLinkRequest"},
                {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
            ],
        },
    }
