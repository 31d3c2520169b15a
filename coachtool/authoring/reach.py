"""Which activities a visit may read, copy or change. Everything else is refused."""

from __future__ import annotations

from coachtool.activities.models import Activity
from coachtool.attempts.access import NotAdmitted, Visit
from coachtool.attempts.models import Course
from coachtool.authoring import catalogue
from coachtool.authoring.models import CourseActivity


def readable(visit: Visit, slug: str) -> Activity:
    """An activity that this course's instructors may read and copy: the library's, their own, or one placed here.

    One of another course comes here with a course copy. Raises NotAdmitted.
    """
    activity = Activity.objects.select_related("owned").filter(slug=slug).first()
    if activity is None:
        raise NotAdmitted("There is no such activity.")
    owned = getattr(activity, "owned", None)
    if owned is None:
        if catalogue.library().filter(pk=activity.pk).exists():
            return activity
        raise NotAdmitted("There is no such activity.")
    if owned.course_id == visit.course_id:
        return activity
    course = Course.objects.get(pk=visit.course_id)
    placed_here = activity.resource_links.filter(course=course, preview=False).exists()
    if placed_here and catalogue.for_tenant(course.tenant).filter(pk=activity.pk).exists():
        return activity
    raise NotAdmitted("This activity belongs to another course.")


def own(visit: Visit, slug: str) -> CourseActivity:
    """An activity that this course's instructors may change. Raises NotAdmitted."""
    found = CourseActivity.objects.select_related("activity", "course", "copied_from")
    mine = found.filter(activity__slug=slug, course_id=visit.course_id).first()
    if mine is None:
        raise NotAdmitted("Only an activity of this course can be changed. Copy this one and change the copy.")
    return mine


def is_own(visit: Visit, activity: Activity) -> bool:
    """Whether the activity is this course's."""
    return CourseActivity.objects.filter(activity=activity, course_id=visit.course_id).exists()
