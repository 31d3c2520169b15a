"""The claims of a verified id_token, checked and turned into a frozen value. No Django, no I/O, no clock.

Sources: LTI Core 1.3 section 5, 1EdTech Security Framework 1.0 section 5.1.3,
OpenID Connect Core section 3.1.3.7. The signature has been verified before.
"""

from __future__ import annotations

import hmac
import math
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from lti.refusals import Refusal

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"

LEEWAY = 60  # seconds by which the platform's clock may differ from ours
MAX_AGE = 300  # seconds since the token was issued
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_INSTRUCTORS = {"Instructor", "TeachingAssistant", "ContentDeveloper", "Administrator"}
_MEMBERSHIP = re.compile(r"http://purl\.imsglobal\.org/vocab/lis/v2/membership(?:/([A-Za-z]+))?#([A-Za-z]+)")


@dataclass(frozen=True)
class Expected:
    """What the login that is being answered fixed."""

    issuer: str
    client_id: str
    nonce: str
    target_link_uri: str
    deployment_id: str = ""  # as said at login; '' if it was not


@dataclass(frozen=True)
class Endpoint:
    """The `endpoint` claim of Assignment and Grade Services: the launch's own line item."""

    lineitem: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Launch:
    """A resource link launch that may be let in. `subject` is None when it is anonymous."""

    deployment_id: str
    subject: str | None
    name: str
    role: Literal["learner", "instructor"]
    context_id: str | None
    context_title: str
    resource_link_id: str
    resource_link_title: str
    activity: str
    return_url: str
    platform_name: str
    grades: Endpoint | None
    says_grades: bool  # whether the endpoint claim was there at all


def read(claims: dict, expected: Expected, now: float) -> Launch:
    """The launch in `claims`; `now` in seconds since the epoch. Raises Refusal."""
    _identity(claims, expected)
    _time(claims, now)
    _answers_the_login(claims, expected)
    return _message(claims)


def origin(url: str) -> str:
    """Scheme, host and port of an http(s) URL; '' for anything else."""
    try:
        parts = urlsplit(url)
        found = f"{parts.scheme}://{parts.netloc}".lower()
        parts.port  # noqa: B018  raises ValueError
    except ValueError:
        return ""
    return found if _ORIGIN.fullmatch(found) else ""


def role(roles: list) -> Literal["learner", "instructor"]:
    """Who the launch's roles make of the user in this course.

    Only context roles count: institution and system roles come along everywhere
    (a dean may be a learner here). Short names are the deprecated form of
    context roles; a sub-role counts as its principal role (Instructor#Grader is an
    instructor, Learner#Instructor a learner). Whatever we do not know is a learner.
    """
    for entry in roles:
        if not isinstance(entry, str):
            continue
        full = _MEMBERSHIP.fullmatch(entry)
        principal = (full[1] or full[2]) if full else entry
        if principal in _INSTRUCTORS:
            return "instructor"
    return "learner"


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


def _message(claims: dict) -> Launch:
    if claims.get(LTI + "version") != "1.3.0":
        raise Refusal("message_unsupported", "version is not 1.3.0")
    if claims.get(LTI + "message_type") != "LtiResourceLinkRequest":
        raise Refusal("message_unsupported", "message_type is not LtiResourceLinkRequest")
    roles = claims.get(LTI + "roles")
    if not isinstance(roles, list):
        raise Refusal("message_malformed", "roles is missing or not a list")
    link = _mapping(claims, LTI + "resource_link")
    context = _mapping(claims, LTI + "context")
    presentation = _mapping(claims, LTI + "launch_presentation")
    return_url = _text(presentation, "return_url", 2000)
    return Launch(
        deployment_id=_id(claims, LTI + "deployment_id", "deployment_id"),
        subject=_id(claims, "sub", "sub") if claims.get("sub") is not None else None,
        name=_name(claims),
        role=role(roles),
        context_id=_id(context, "id", "context.id") if context else None,
        context_title=_text(context, "title", 500) or _text(context, "label", 500),
        resource_link_id=_id(link, "id", "resource_link.id"),
        resource_link_title=_text(link, "title", 500),
        activity=_text(_mapping(claims, LTI + "custom"), "activity", 100),
        return_url=return_url if origin(return_url) else "",
        platform_name=_text(_mapping(claims, LTI + "tool_platform"), "name", 200),
        grades=_endpoint(_mapping(claims, AGS)),
        says_grades=AGS in claims,
    )


def _endpoint(claim: dict) -> Endpoint | None:
    lineitem, scopes = claim.get("lineitem"), claim.get("scope")
    if not isinstance(lineitem, str) or not isinstance(scopes, list) or SCORE_SCOPE not in scopes:
        return None
    if not origin(lineitem) or len(lineitem) > 2000 or lineitem != _storable(lineitem):
        return None
    return Endpoint(lineitem, tuple(scope for scope in scopes if isinstance(scope, str)))


def _mapping(claims: dict, name: str) -> dict:
    value = claims.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal("message_malformed", f"{name.removeprefix(LTI)} is not an object")
    return value or {}


def _id(claims: dict, key: str, name: str) -> str:
    """An identifier: opaque, case-sensitive, at most 255 characters (LTI Core 1.3, section 5.3)."""
    value = claims.get(key)
    if not isinstance(value, str) or not value or len(value) > 255 or value != _storable(value):
        raise Refusal("message_malformed", f"{name} is missing, empty, too long or not text")
    return value


def _text(claims: dict, key: str, longest: int) -> str:
    value: Any = claims.get(key)
    return _storable(value).strip()[:longest] if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """Without what JSON can say and Postgres cannot hold: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _name(claims: dict) -> str:
    parts = (_text(claims, "given_name", 150), _text(claims, "family_name", 149))
    return _text(claims, "name", 300) or " ".join(part for part in parts if part)
