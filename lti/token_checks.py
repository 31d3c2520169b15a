"""Whether an id_token is for us, of now, and the answer to our login. No Django, no I/O, no clock.

Sources: 1EdTech Security Framework 1.0 section 5.1.3, OpenID Connect Core section 3.1.3.7.
"""

import hmac
import math
from dataclasses import dataclass

from lti.claim_parts import LTI
from lti.refusals import Refusal

LEEWAY = 60  # seconds by which the platform's clock may differ from ours
MAX_AGE = 300  # seconds since the token was issued


@dataclass(frozen=True)
class Expected:
    """What the login that is being answered fixed."""

    issuer: str
    client_id: str
    nonce: str
    target_link_uri: str
    deployment_id: str = ""  # as said at login; '' if it was not


def check(claims: dict, expected: Expected, now: float) -> None:
    """Raises Refusal unless the token with these claims may be read on; `now` in seconds since the epoch."""
    _identity(claims, expected)
    _time(claims, now)
    _answers_the_login(claims, expected)


def _identity(claims: dict, expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise Refusal("token_identity", "iss is not the issuer that began the login")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(entry, str) for entry in audiences) or expected.client_id not in audiences:
        raise Refusal("token_identity", "aud does not name our client_id")
    if len(audiences) > 1 and "azp" not in claims:
        raise Refusal("token_identity", "aud names several parties and azp is missing")
    if "azp" in claims and claims["azp"] != expected.client_id:
        raise Refusal("token_identity", "azp is not our client_id")


def _time(claims: dict, now: float) -> None:
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires <= now - LEEWAY:
        raise Refusal("token_time", "exp has passed")
    if issued > now + LEEWAY:
        raise Refusal("token_time", "iat lies in the future")
    if issued < now - MAX_AGE - LEEWAY:
        raise Refusal("token_time", "iat is too long ago")
    if "nbf" in claims and _seconds(claims, "nbf") > now + LEEWAY:
        raise Refusal("token_time", "nbf lies in the future")


def _seconds(claims: dict, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refusal("token_time", f"{name} is missing or not a number")
    return value


def _answers_the_login(claims: dict, expected: Expected) -> None:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(_bytes(nonce), _bytes(expected.nonce)):
        raise Refusal("token_nonce", "nonce is not the one that the login gave")
    if claims.get(LTI + "target_link_uri") != expected.target_link_uri:
        raise Refusal("token_nonce", "target_link_uri is not the one that the login named")
    deployment = claims.get(LTI + "deployment_id")
    if expected.deployment_id and deployment != expected.deployment_id:
        raise Refusal("token_nonce", "deployment_id is not the one that the login named")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
