"""The platform's public keys: fetched, kept for an hour, fetched again when a token names a new one."""

import logging
import time
from datetime import datetime, timedelta

import httpx
from django.core.cache import cache
from django.utils import timezone

from coachtool.site import outgoing
from lti.models import Registration
from lti.refusals import Refusal

log = logging.getLogger(__name__)
FRESH = timedelta(hours=1)  # a key that the platform withdrew is trusted no longer than this
STALE = timedelta(hours=24)  # while the platform's key set cannot be fetched
FLOOR = 5.0  # seconds until the next fetch, once a key set did not have the kid it was fetched for
_LONGEST = 25.0  # seconds after which a fetch counts as lost
_PATIENCE = 6.0  # seconds to wait for a fetch under way


def key_for(registration: Registration, kid: str) -> dict:
    """The one RSA key `kid` of the platform, as a JWK; raises Refusal.

    One fetch at a time per registration: launches that come in meanwhile use the
    key they know, or wait for that fetch. A kid that the platform does not have
    costs one fetch every FLOOR seconds, or forged tokens could make us hammer it.
    """
    now = timezone.now()
    age = now - registration.jwks_fetched if registration.jwks_fetched else None
    found = _pick(registration.jwks, kid)
    if not registration.jwks_url or (found and age is not None and age < FRESH):
        return _one(found, kid)
    if not found and cache.get(_missed(registration)):
        raise Refusal("platform_keys", f"no key {kid[:80]!r}, and the key set was fetched for another just now")
    known = found and age is not None and age < STALE
    if not cache.add(_fetching(registration), 1, timeout=_LONGEST):
        return _one(found if known else _pick(_fetched_by_another(registration, now), kid), kid)
    try:
        fetched = refresh(registration)
    except (httpx.HTTPError, ValueError) as problem:
        if known:
            log.warning("registration %s: key set not fetched (%s), using the one we have", registration.pk, problem)
            return _one(found, kid)
        raise Refusal("platform_keys", f"key set of registration {registration.pk}: {problem!r}") from None
    finally:
        cache.delete(_fetching(registration))
    found = _pick(fetched, kid)
    if not found:
        cache.set(_missed(registration), 1, timeout=FLOOR)
    return _one(found, kid)


def refresh(registration: Registration) -> dict:
    """Fetch and keep the registration's key set; raises httpx.HTTPError or ValueError."""
    fetched, now = fetch(registration.jwks_url), timezone.now()
    Registration.objects.filter(pk=registration.pk).update(jwks=fetched, jwks_fetched=now)
    registration.jwks, registration.jwks_fetched = fetched, now
    return fetched


def fetch(url: str) -> dict:
    """The key set at `url`; raises httpx.HTTPError (also outgoing's refusals) or ValueError."""
    with outgoing.client() as client:
        response = client.get(url, headers={"Accept": "application/json"})
    if response.status_code != 200:
        raise ValueError(f"the address answered HTTP {response.status_code}")
    try:
        data = response.json()
    except (ValueError, RecursionError):
        raise ValueError("the answer is not JSON") from None
    return key_set(data)


def key_set(data: object) -> dict:
    """`data` as a JSON Web Key Set (RFC 7517, section 5); raises ValueError."""
    if not isinstance(data, dict) or not isinstance(data.get("keys"), list):
        raise ValueError('it is not a key set ({"keys": [...]})')
    return {"keys": [key for key in data["keys"] if isinstance(key, dict)]}


def usable(jwks: dict | None) -> list[str]:
    """The kids of the keys that may sign an id_token."""
    keys = (jwks or {}).get("keys", [])
    return [key["kid"] for key in keys if isinstance(key.get("kid"), str) and key["kid"] and _signs(key)]


def _fetched_by_another(registration: Registration, since: datetime) -> dict | None:
    """The key set once another launch's fetch is through; raises Refusal."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.05)
        fetched = Registration.objects.only("jwks", "jwks_fetched").get(pk=registration.pk)
        if fetched.jwks_fetched and fetched.jwks_fetched >= since:
            return fetched.jwks
        if not cache.get(_fetching(registration)):
            return fetched.jwks
    raise Refusal("platform_keys", f"key set of registration {registration.pk}: still being fetched")


def _pick(jwks: dict | None, kid: str) -> list[dict]:
    return [key for key in (jwks or {}).get("keys", []) if key.get("kid") == kid and _signs(key)]


def _signs(key: dict) -> bool:
    return key.get("kty") == "RSA" and key.get("use", "sig") == "sig"


def _one(found: list[dict], kid: str) -> dict:
    if len(found) != 1:
        raise Refusal("token_signature", f"{len(found)} keys of the platform are called {kid[:80]!r}")
    # The tool accepts RS256 only; what else a key may be good for does not matter.
    return {**found[0], "alg": "RS256"}


def _fetching(registration: Registration) -> str:
    return f"lti-jwks-fetching:{registration.pk}"


def _missed(registration: Registration) -> str:
    return f"lti-jwks-missed:{registration.pk}"
