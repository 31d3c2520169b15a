"""Registering platforms, the tool's own keys, and what production never contains."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from lti import keys
from lti.models import Deployment, Registration, ToolKey

ARGUMENTS = {
    "issuer": "https://lms.example.edu",
    "client_id": "c1",
    "auth_login_url": "https://lms.example.edu/auth",
    "auth_token_url": "https://lms.example.edu/token",
}


def register(**more) -> None:
    call_command("lti_register", **{**ARGUMENTS, **more}, verbosity=0)


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
def test_the_key_set_shows_public_halves_only(client):
    answer = client.get("/lti/jwks/").json()
    (key,) = answer["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    assert client.get("/lti/jwks/").json() == answer


@pytest.mark.django_db
def test_a_new_key_is_published_before_it_signs_and_the_old_one_after():
    old = keys.signing_key()
    new = keys.rotate(timedelta(hours=24))
    assert keys.signing_key() == old
    assert {key["kid"] for key in keys.key_set()["keys"]} == {old.kid, new.kid}
    ToolKey.objects.filter(pk=new.pk).update(signs_from=timezone.now())
    assert keys.signing_key() == new
    assert old.kid in {key["kid"] for key in keys.key_set()["keys"]}
    ToolKey.objects.filter(pk=old.pk).update(retires=timezone.now())
    assert {key["kid"] for key in keys.key_set()["keys"]} == {new.kid}


def test_the_tools_settings_know_nothing_of_the_sandbox():
    assert not [app for app in settings.INSTALLED_APPS if "sandbox" in app]


def test_the_sandbox_does_not_start_in_production():
    env = {
        **os.environ,
        "COACHTOOL_ENV": "production",
        "COACHTOOL_SECRET_KEY": "x",
        "COACHTOOL_URL": "https://tool.example",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import lti.sandbox.settings"],
        env=env | {"PYTHONPATH": str(settings.BASE_DIR)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0 and "demo or test only" in done.stderr
