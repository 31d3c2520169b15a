"""Who is asking: every view and socket starts here.

A launch admits its browser to one *visit*: one person, in one role, at one
resource link. Visits are kept side by side in the session and named in the
URL, so that two launches in one browser (instructor and learner, two courses)
never mix. Everything is denied that a visit does not grant.
"""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from coachtool.attempts.models import Attempt, Person, ResourceLink

Role = Literal["learner", "instructor"]
_KEPT = 20  # visits per browser; the oldest goes first


@dataclass(frozen=True)
class Visit:
    """One admitted launch. `frame_origin` is the platform's origin, for frame-ancestors; '' if none."""

    id: str
    person_id: int
    resource_link_id: int
    role: Role
    graded: bool
    return_url: str = ""
    frame_origin: str = ""
    admitted: float = 0.0


class NotAdmitted(Exception):
    """The session holds no such visit, or its role may not do this."""


def admit(
    session,
    *,
    person: Person,
    resource_link: ResourceLink,
    role: Role,
    graded: bool = True,
    return_url: str = "",
    frame_origin: str = "",
) -> Visit:
    """Remember a new visit in the session and return it."""
    visit = Visit(
        secrets.token_urlsafe(9), person.pk, resource_link.pk, role, graded, return_url, frame_origin, time.time()
    )
    visits = session.get("visits", {})
    visits[visit.id] = asdict(visit)
    newest = sorted(visits.values(), key=lambda kept: kept["admitted"])[-_KEPT:]
    session["visits"] = {kept["id"]: kept for kept in newest}
    return visit


def find(session: Mapping, visit_id: str) -> Visit:
    """The session's visit; raises NotAdmitted."""
    try:
        return Visit(**session.get("visits", {})[visit_id])
    except (KeyError, TypeError):
        raise NotAdmitted("This page belongs to another launch.") from None


def attempt_for(visit: Visit, attempt_id) -> Attempt:
    """The attempt, if this visit may see it: one's own, or for an instructor any at the visit's resource link."""
    attempts = Attempt.objects.select_related("version__activity", "learner", "resource_link__course__tenant")
    attempts = attempts.filter(pk=attempt_id, resource_link_id=visit.resource_link_id)
    if visit.role != "instructor":
        attempts = attempts.filter(learner_id=visit.person_id)
    attempt = attempts.first()
    if attempt is None:
        raise NotAdmitted("This attempt belongs to somebody else.")
    return attempt


def admitted(*roles: Role) -> Callable:
    """View decorator: resolves `visit_id` to `request.visit` for these roles, or shows why not (403)."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, visit_id: str, *args, **kwargs) -> HttpResponse:
            try:
                request.visit = find(request.session, visit_id)
                if request.visit.role not in roles:
                    raise NotAdmitted(f"This page is for the {' or '.join(roles)}.")
                return view(request, *args, **kwargs)
            except NotAdmitted as refusal:
                return render(request, "site/not_admitted.html", {"reason": str(refusal)}, status=403)

        return wrapper

    return decorate
