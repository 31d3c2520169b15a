"""The tool's own signing keys: rotated with overlap, sealed in the database, withdrawn when they must."""

import io
from datetime import timedelta

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from lti import keys, sealing
from lti.models import ToolKey
from lti.rsa_keys import generate_pem, public_jwk

pytestmark = pytest.mark.django_db


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("lti_keys", *arguments, stdout=out)
    return out.getvalue()


def published() -> set[str]:
    return {key["kid"] for key in Client().get("/lti/jwks/").json()["keys"]}


def test_the_key_set_shows_public_halves_only():
    answer = Client().get("/lti/jwks/").json()
    (key,) = answer["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    assert Client().get("/lti/jwks/").json() == answer


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after():
    old = keys.signing_key()
    new = keys.rotate(timedelta(hours=24))
    assert keys.signing_key().kid == old.kid
    assert published() == {old.kid, new.kid}
    ToolKey.objects.filter(kid=new.kid).update(signs_from=timezone.now())
    assert keys.signing_key().kid == new.kid
    assert old.kid in published()
    ToolKey.objects.filter(kid=old.kid).update(retires=timezone.now())
    assert published() == {new.kid}


def test_rotating_withdraws_the_old_key_two_overlaps_later():
    old = keys.signing_key()
    before = timezone.now()
    command("rotate", "--overlap", "6")
    assert abs(ToolKey.objects.get(kid=old.kid).retires - (before + timedelta(hours=12))) < timedelta(minutes=1)


def test_rotating_without_overlap_changes_over_at_once():
    old = keys.signing_key()
    command("rotate", "--overlap", "0")
    assert keys.signing_key().kid != old.kid and old.kid not in published()


def test_rotating_erases_keys_that_were_withdrawn():
    old = keys.signing_key()
    command("rotate", "--overlap", "0")
    command("rotate", "--overlap", "1")
    assert not ToolKey.objects.filter(kid=old.kid).exists()


@pytest.mark.parametrize("hours", ["-1", "nan", "99999"])
def test_an_overlap_that_is_none_is_refused(hours):
    with pytest.raises(CommandError, match="--overlap"):
        command("rotate", f"--overlap={hours}")
    assert not ToolKey.objects.exists()


def test_the_list_says_what_each_key_is_for():
    old = keys.signing_key()
    new = keys.rotate()
    first, second = command("list").splitlines()
    assert first.startswith(old.kid) and "signs, withdrawn at" in first
    assert second.startswith(new.kid) and "published, signs from" in second


def test_a_key_is_retired_at_once_but_never_the_only_one_that_signs():
    old = keys.signing_key()
    with pytest.raises(CommandError, match="rotate --overlap 0"):
        command("retire", old.kid)
    new = keys.rotate(timedelta(hours=1))
    with pytest.raises(CommandError, match="No other key may sign yet"):
        command("retire", old.kid)
    ToolKey.objects.filter(kid=new.kid).update(signs_from=timezone.now())
    command("retire", old.kid)
    assert published() == {new.kid} and keys.signing_key().kid == new.kid
    with pytest.raises(CommandError, match="There is no key nonsense"):
        command("retire", "nonsense")


def test_private_halves_are_not_readable_in_the_database():
    key = keys.signing_key()
    stored = ToolKey.objects.get().private_pem
    assert sealing.is_sealed(stored) and "PRIVATE" not in stored
    assert "PRIVATE" in key.private_pem and "PRIVATE" not in repr(key)
    assert sealing.unseal(stored) == key.private_pem


def test_what_the_key_signs_is_verified_with_the_published_half():
    key = keys.signing_key()
    token = jwt.encode({"a": 1}, key.private_pem, algorithm="RS256", headers={"kid": key.kid})
    (public,) = Client().get("/lti/jwks/").json()["keys"]
    assert jwt.decode(token, jwt.PyJWK(public), algorithms=["RS256"]) == {"a": 1}


def test_a_key_from_before_sealing_goes_on_and_is_sealed_by_the_next_rotation():
    pem = generate_pem()
    ToolKey.objects.create(kid=public_jwk(pem)["kid"], private_pem=pem, signs_from=timezone.now())
    assert keys.signing_key().private_pem == pem
    keys.rotate()
    assert all(sealing.is_sealed(row.private_pem) for row in ToolKey.objects.all())
    assert keys.signing_key().private_pem == pem


def test_a_former_secret_key_still_reads_until_the_next_rotation(settings):
    key = keys.signing_key()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new secret", [settings.SECRET_KEY]
    assert keys.signing_key() == key
    keys.rotate()
    settings.SECRET_KEY_FALLBACKS = []
    assert keys.signing_key() == keys.published()[0] and keys.signing_key().kid == key.kid


def test_a_key_of_a_lost_secret_is_replaced_and_not_published(settings, caplog):
    lost = keys.signing_key()
    settings.SECRET_KEY = "another"
    found = keys.signing_key()
    assert found.kid != lost.kid and published() == {found.kid}
    assert "SECRET_KEY" in caplog.text
