"""Which activities a tenant and a course may place, and which are still being written."""

from django.db.models import Q, QuerySet

from coachtool.activities.models import Activity
from coachtool.attempts.models import Course, Tenant


def for_tenant(tenant: Tenant) -> QuerySet[Activity]:
    """Published activities that a link of this tenant may name: the library's, and those of any of its courses.

    A link that came along with a course copy names its first course's activity.
    """
    return _published().filter(Q(owned__isnull=True) | Q(owned__course__tenant=tenant))


def library() -> QuerySet[Activity]:
    """The ready activities, for everybody."""
    return _published().filter(owned__isnull=True).order_by("title")


def of_course(course: Course) -> QuerySet[Activity]:
    """What this course's instructors wrote or copied and still offer."""
    return _published().filter(owned__course=course, owned__archived__isnull=True).order_by("title")


def drafts(course: Course) -> QuerySet[Activity]:
    """What this course's instructors are still writing and have never published; empty beginnings left out."""
    begun = Activity.objects.filter(owned__course=course, owned__archived__isnull=True, draft__isnull=False)
    written = Q(draft__revision__gt=0) | Q(owned__copied_from__isnull=False)
    return begun.filter(written).exclude(versions__published=True).select_related("draft").order_by("-draft__updated")


def archived(course: Course) -> QuerySet[Activity]:
    """What this course's instructors have put away; places that have one keep it."""
    return Activity.objects.filter(owned__course=course, owned__archived__isnull=False).order_by("title")


def _published() -> QuerySet[Activity]:
    return Activity.objects.filter(versions__published=True).distinct()
