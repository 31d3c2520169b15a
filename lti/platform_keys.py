"""The platform's public keys: fetched, kept for an hour, fetched again when a token names a new one."""

import logging
from datetime import timedelta

import httpx
from django.utils import timezone

from lti.models import Registration
from lti.refusals import Refusal

log = logging.getLogger(__name__)
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
FRESH = timedelta(hours=1)  # a key that the platform withdrew is trusted no longer than this
STALE = timedelta(hours=24)  # while the platform's key set cannot be fetched


def key_for(registration: Registration, kid: str) -> dict:
    """The one RSA key `kid` of the platform, as a JWK; raises Refusal.

    A token with an unknown kid costs one fetch; each needs a login of its own,
    so that nobody can make us hammer the platform faster than they log in.
    """
    now = timezone.now()
    age = now - registration.jwks_fetched if registration.jwks_fetched else None
    found = _pick(registration.jwks, kid)
    if not registration.jwks_url or (found and age is not None and age < FRESH):
        return _one(found, kid)
    try:
        fetched = _fetch(registration.jwks_url)
    except (httpx.HTTPError, ValueError) as problem:
        if found and age is not None and age < STALE:
            log.warning("registration %s: key set not fetched (%s), using the one we have", registration.pk, problem)
            return _one(found, kid)
        raise Refusal("platform_keys", f"key set of registration {registration.pk}: {problem!r}") from None
    Registration.objects.filter(pk=registration.pk).update(jwks=fetched, jwks_fetched=now)
    registration.jwks, registration.jwks_fetched = fetched, now
    return _one(_pick(fetched, kid), kid)


def _fetch(url: str) -> dict:
    response = httpx.get(url, timeout=TIMEOUT, headers={"Accept": "application/json"})
    response.raise_for_status()
    if response.status_code != 200:
        raise ValueError(f"answered {response.status_code}")
    data = response.json()
    if not isinstance(data, dict) or not isinstance(data.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    return {"keys": [key for key in data["keys"] if isinstance(key, dict)]}


def _pick(jwks: dict | None, kid: str) -> list[dict]:
    keys = (jwks or {}).get("keys", [])
    return [key for key in keys if key.get("kid") == kid and key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]


def _one(found: list[dict], kid: str) -> dict:
    if len(found) != 1:
        raise Refusal("token_signature", f"{len(found)} keys of the platform are called {kid[:80]!r}")
    # The tool accepts RS256 only; what else a key may be good for does not matter.
    return {**found[0], "alg": "RS256"}
