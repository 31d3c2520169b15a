"""Trying an activity before anybody else meets it: the ordinary conversation at a place that is in no course page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from coachtool.activities.models import Activity
from coachtool.attempts import access, addressed
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Course, Person, ResourceLink
from coachtool.authoring import reach


def begin(request: HttpRequest, visit: Visit, activity: Activity) -> Visit:
    """Admit the browser to a preview of the activity's newest version: an instructor, without a grade.

    It is the same visit as last time, while the browser keeps it, so that trying often pushes no other visit out.
    A visit that is known by the secret in its address is named nowhere else; there the preview leads on by itself.
    """
    course = Course.objects.get(pk=visit.course_id)
    link, _ = ResourceLink.objects.update_or_create(
        course=course,
        lms_id=f"preview:{activity.slug}",
        defaults={"activity": activity, "preview": True, "title": activity.title},
    )
    secret = addressed.is_address(visit.id)
    origin = "" if secret else visit.origin or visit.id
    for kept in request.session.get("visits", {}).values() if origin else ():
        if kept["resource_link_id"] == link.pk and kept.get("origin") == origin:
            return access.find(request.session, kept["id"])
    return access.admit(
        None if secret else request.session,
        person=Person.objects.get(pk=visit.person_id),
        resource_link=link,
        role="instructor",
        graded=False,
        frame_origin=visit.frame_origin,
        placing=visit.placing,
        origin=origin,
    )


@dataclass(frozen=True)
class Bar:
    """What the bar over every page of a preview says, and where it leads back to."""

    title: str
    in_work: bool
    back: str
    back_to: str


def bar(request: HttpRequest) -> dict[str, Bar]:
    """Context processor: `preview` on the pages of a visit to a preview."""
    visit = getattr(request, "visit", None)
    if visit is None or visit.role != "instructor" or visit.resource_link_id is None or "/activities/" in request.path:
        return {}
    link = ResourceLink.objects.select_related("activity").filter(pk=visit.resource_link_id, preview=True).first()
    if link is None or link.activity is None:
        return {}
    version = link.activity.newest
    own = reach.is_own(visit, link.activity)
    back = reverse("authoring:back", args=[visit.id, link.activity.slug])
    title = version.definition.get("title") or link.activity.title
    return {"preview": Bar(title, not version.published, back, "the editor" if own else "the activities")}
