"""Who is asking: every view and socket starts here.

A launch admits its browser to one *visit*: one person, in one role, at one
resource link (or in one course, while an instructor picks what to place there).
Visits are kept side by side in the session and named in the URL, so that two
launches in one browser (instructor and learner, two courses) never mix. Where
the browser keeps no cookies, the visit lives in its address instead
(addressed.py). Everything is denied that a visit does not grant.
"""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from coachtool.attempts import addressed
from coachtool.attempts.models import Attempt, Course, Person, ResourceLink

Role = Literal["learner", "instructor"]
_KEPT = 20  # visits per browser; the oldest goes first


@dataclass(frozen=True)
class Visit:
    """One admitted launch. `frame_origin` is the platform's origin, for frame-ancestors; '' if none.

    `resource_link_id` is None in a Deep Linking launch; `placing` then says which request is answered.
    `origin` is the visit that a preview was begun from, and to which it leads back.
    """

    id: str
    person_id: int
    course_id: int
    resource_link_id: int | None
    role: Role
    graded: bool
    placing: str = ""
    return_url: str = ""
    frame_origin: str = ""
    origin: str = ""
    admitted: float = 0.0


class NotAdmitted(Exception):
    """The session holds no such visit, or its role may not do this."""


def admit(
    session: MutableMapping | None,
    *,
    person: Person,
    role: Role,
    resource_link: ResourceLink | None = None,
    course: Course | None = None,
    graded: bool = True,
    placing: str = "",
    return_url: str = "",
    frame_origin: str = "",
    origin: str = "",
) -> Visit:
    """Remember a new visit in the session and return it; without a session, under an address of its own.

    `course` is needed where there is no resource link.
    """
    visit = Visit(
        id=addressed.new_id() if session is None else secrets.token_urlsafe(9),
        person_id=person.pk,
        course_id=resource_link.course_id if resource_link else course.pk,
        resource_link_id=resource_link.pk if resource_link else None,
        role=role,
        graded=graded,
        placing=placing,
        return_url=return_url,
        frame_origin=frame_origin,
        origin=origin,
        admitted=time.time(),
    )
    if session is None:
        addressed.keep(visit.id, without_id(visit))
        return visit
    visits = session.get("visits", {})
    visits[visit.id] = asdict(visit)
    newest = sorted(visits.values(), key=lambda kept: kept["admitted"])[-_KEPT:]
    session["visits"] = {kept["id"]: kept for kept in newest}
    return visit


def find(session: Mapping, visit_id: str) -> Visit:
    """The visit of this id: the session's, or the one at this secret address; raises NotAdmitted."""
    if addressed.is_address(visit_id):
        granted = addressed.find(visit_id)
        if granted is None:
            raise NotAdmitted("This page was left alone for too long, or its address is not whole.")
        granted = {**granted, "id": visit_id}
    else:
        granted = session.get("visits", {}).get(visit_id)
    try:
        return Visit(**granted)
    except TypeError:
        raise NotAdmitted("This page belongs to another launch.") from None


def without_id(visit: Visit) -> dict[str, Any]:
    """What the visit grants; its id may be a secret."""
    return {name: value for name, value in asdict(visit).items() if name != "id"}


def attempt_for(visit: Visit, attempt_id) -> Attempt:
    """The attempt, if this visit may see it: one's own at its resource link, or for an instructor any of the course.

    What an author said in a preview is seen by that author only.
    """
    attempts = Attempt.objects.select_related("version__activity", "learner", "resource_link__course__tenant")
    if visit.role == "instructor":
        of_course = Q(resource_link__course_id=visit.course_id)
        seen = of_course & (Q(resource_link__preview=False) | Q(learner_id=visit.person_id))
    else:
        seen = Q(resource_link_id=visit.resource_link_id, learner_id=visit.person_id)
    attempt = attempts.filter(seen, pk=attempt_id).first()
    if attempt is None:
        raise NotAdmitted("This attempt belongs to somebody else.")
    return attempt


def admitted(*roles: Role, anywhere: bool = False) -> Callable:
    """View decorator: resolves `visit_id` to `request.visit` for these roles, or shows why not (403).

    The visit must be at a resource link that has its activity, unless the view is for `anywhere` in the course.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, visit_id: str, *args, **kwargs) -> HttpResponse:
            try:
                request.visit = find(request.session, visit_id)
                if request.visit.role not in roles:
                    raise NotAdmitted(f"This page is for the {' or '.join(roles)}.")
                if not anywhere and not has_activity(request.visit):
                    raise NotAdmitted("No activity has been chosen for this place yet.")
                return view(request, *args, **kwargs)
            except NotAdmitted as refusal:
                return render(request, "site/not_admitted.html", {"reason": str(refusal)}, status=403)

        return wrapper

    return decorate


def has_activity(visit: Visit) -> bool:
    """Whether the visit is at a resource link for which an activity was picked."""
    return ResourceLink.objects.filter(pk=visit.resource_link_id, activity__isnull=False).exists()
