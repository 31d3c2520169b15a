"""A verified id_token, checked and turned into a frozen value. No Django, no I/O, no clock.

Sources: LTI Core 1.3 section 5, Deep Linking 2.0 section 4.4, Submission Review 1.0
section 3, Names and Role Provisioning Services 2.0 section 3.6.1.1. The
signature has been verified before; what the login fixed is checked in token_checks.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from lti import deep_linking_settings, token_checks
from lti.claim_parts import LTI, address, identifier, mapping, text, texts
from lti.claim_parts import origin as origin
from lti.refusals import Refusal
from lti.token_checks import LEEWAY as LEEWAY
from lti.token_checks import MAX_AGE as MAX_AGE
from lti.token_checks import Expected as Expected

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

_INSTRUCTORS = {"Instructor", "TeachingAssistant", "ContentDeveloper", "Administrator"}
_MEMBERSHIP = re.compile(r"http://purl\.imsglobal\.org/vocab/lis/v2/membership(?:/([A-Za-z]+))?#([A-Za-z]+)")
_ANCESTORS = 20  # copies of copies that are looked at


@dataclass(frozen=True)
class Endpoint:
    """The `endpoint` claim of Assignment and Grade Services, where it lets us send scores.

    `lineitem` is '' where the launch has no line item of its own, `lineitems` where there is no container.
    """

    lineitem: str
    lineitems: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Message:
    """Who came, and where. `subject` is None when the launch is anonymous."""

    deployment_id: str
    subject: str | None
    name: str
    role: Literal["learner", "instructor"]
    context_id: str | None
    context_title: str
    return_url: str
    platform_name: str
    product: str  # product_family_code, '' if the platform does not say
    memberships: str  # the roster's address, '' if there is none


@dataclass(frozen=True, kw_only=True)
class Launch(Message):
    """A resource link launch.

    `attempt` is the one that target_link_uri names ('' if none). `link_history`
    and `context_history` say what this link and course were copied from, newest first.
    """

    resource_link_id: str
    resource_link_title: str
    activity: str
    attempt: str
    link_history: tuple[str, ...]
    context_history: tuple[str, ...]
    grades: Endpoint | None
    says_grades: bool  # whether the endpoint claim was there at all


@dataclass(frozen=True, kw_only=True)
class DeepLinking(Message):
    """A launch from the platform's picker. `problem` is the code of a refusal that the platform can be told of."""

    settings: deep_linking_settings.Settings
    problem: str


@dataclass(frozen=True, kw_only=True)
class SubmissionReview(Message):
    """A launch from the gradebook: what one learner did for one line item."""

    for_user: str
    for_user_name: str
    lineitem: str
    resource_link_id: str | None


def read(claims: dict, expected: Expected, now: float) -> Launch | DeepLinking | SubmissionReview:
    """The message in `claims`; `now` in seconds since the epoch. Raises Refusal."""
    token_checks.check(claims, expected, now)
    if claims.get(LTI + "version") != "1.3.0":
        raise Refusal("message_unsupported", "version is not 1.3.0")
    kind = claims.get(LTI + "message_type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Refusal("message_unsupported", "message_type is none that we know")
    return reader(claims, expected)


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


def _launch(claims: dict, expected: Expected) -> Launch:
    link = mapping(claims, LTI + "resource_link")
    custom = mapping(claims, LTI + "custom")
    return Launch(
        **_who_and_where(claims),
        resource_link_id=identifier(link, "id", "resource_link.id"),
        resource_link_title=text(link, "title", 500),
        activity=text(custom, "activity", 100),
        attempt=_attempt(expected.target_link_uri),
        link_history=_history(custom, "link_history"),
        context_history=_history(custom, "context_history"),
        grades=_endpoint(mapping(claims, AGS)),
        says_grades=AGS in claims,
    )


def _deep_linking(claims: dict, expected: Expected) -> DeepLinking:
    who = _who_and_where(claims)
    claim = mapping(claims, deep_linking_settings.CLAIM)
    return_url = deep_linking_settings.checked_return_url(claim, expected)
    settings, problem = deep_linking_settings.read(claim, return_url)
    return DeepLinking(**who, settings=settings, problem=problem)


def _submission_review(claims: dict, expected: Expected) -> SubmissionReview:
    who = _who_and_where(claims)
    user = mapping(claims, LTI + "for_user")
    lineitem = address(mapping(claims, AGS).get("lineitem"))
    if not lineitem:
        raise Refusal("message_malformed", "a submission review names no line item")
    link = mapping(claims, LTI + "resource_link")
    return SubmissionReview(
        **who,
        for_user=identifier(user, "user_id", "for_user.user_id"),
        for_user_name=_name(user),
        lineitem=lineitem,
        resource_link_id=identifier(link, "id", "resource_link.id") if link else None,
    )


_READERS: dict[str, Callable[[dict, Expected], Any]] = {
    "LtiResourceLinkRequest": _launch,
    "LtiDeepLinkingRequest": _deep_linking,
    "LtiSubmissionReviewRequest": _submission_review,
}


def _who_and_where(claims: dict) -> dict[str, Any]:
    roles = claims.get(LTI + "roles")
    if not isinstance(roles, list):
        raise Refusal("message_malformed", "roles is missing or not a list")
    context = mapping(claims, LTI + "context")
    presentation = mapping(claims, LTI + "launch_presentation")
    platform = mapping(claims, LTI + "tool_platform")
    return {
        "deployment_id": identifier(claims, LTI + "deployment_id", "deployment_id"),
        "subject": identifier(claims, "sub", "sub") if claims.get("sub") is not None else None,
        "name": _name(claims),
        "role": role(roles),
        "context_id": identifier(context, "id", "context.id") if context else None,
        "context_title": text(context, "title", 500) or text(context, "label", 500),
        "return_url": address(presentation.get("return_url")),
        "platform_name": text(platform, "name", 200),
        "product": text(platform, "product_family_code", 50),
        "memberships": _memberships(mapping(claims, NRPS)),
    }


def _endpoint(claim: dict) -> Endpoint | None:
    scopes = texts(claim.get("scope"))
    lineitem, lineitems = address(claim.get("lineitem")), address(claim.get("lineitems"))
    if SCORE_SCOPE not in scopes or not (lineitem or lineitems):
        return None
    # An item whose address cannot be used is there all the same: none is made in its place.
    if claim.get("lineitem") and not lineitem:
        return None
    return Endpoint(lineitem, lineitems, scopes)


def _memberships(claim: dict) -> str:
    versions = claim.get("service_versions", ["2.0"])
    return address(claim.get("context_memberships_url")) if isinstance(versions, list) and "2.0" in versions else ""


def _history(custom: dict, key: str) -> tuple[str, ...]:
    """A history variable: URL-encoded ids with commas between, as the platform filled it in (LTI Core 1.3, B.7)."""
    value = text(custom, key, 8000)
    if value.startswith("$"):  # the platform does not know the variable
        return ()
    ids = (text({"id": unquote(entry.strip())}, "id", 256) for entry in value.split(",")[:_ANCESTORS])
    return tuple(entry for entry in ids if entry)


def _attempt(target_link_uri: str) -> str:
    """The attempt whose report the LMS links to: ?attempt=<id> of the launch URL."""
    named = parse_qs(urlsplit(target_link_uri).query).get("attempt", [""])[0]
    try:
        return str(UUID(named))
    except ValueError:
        return ""


def _name(claims: dict) -> str:
    parts = (text(claims, "given_name", 150), text(claims, "family_name", 149))
    return text(claims, "name", 300) or " ".join(part for part in parts if part)
