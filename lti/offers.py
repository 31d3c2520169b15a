"""What an instructor may place: this course's own activities and the ready ones, as the picker shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

from coachtool.activities.brief import Brief
from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.models import Course
from coachtool.authoring import catalogue
from coachtool.authoring.models import Draft


@dataclass(frozen=True)
class Offer:
    """An activity that may be placed. `own`: written or copied in this course, so that it can be edited here."""

    activity: Activity
    brief: Brief
    own: bool
    unpublished: bool = False  # there is newer text that learners do not meet yet

    @property
    def slug(self) -> str:
        return self.activity.slug

    @property
    def found_by(self) -> str:
        """The words that a search looks through, in lower case."""
        brief = self.brief
        names = [objective.name for objective in brief.objectives]
        words = [brief.title, brief.field, brief.summary, brief.persona.name, brief.persona.role, *names]
        return " ".join(words).lower()


def own(course: Course) -> list[Offer]:
    """What this course's instructors wrote or copied, by title."""
    return _offers(catalogue.of_course(course), own=True)


def ready() -> list[Offer]:
    """The library, by title."""
    return _offers(catalogue.library(), own=False)


def all_of(course: Course) -> dict[str, Offer]:
    """Everything that may be placed in the course, by slug; nothing else may."""
    return {offer.slug: offer for offer in (*own(course), *ready())}


def unfinished(course: Course) -> list[Activity]:
    """What somebody began to write here and has not published yet, newest first."""
    begun = Activity.objects.filter(owned__course=course, owned__archived__isnull=True, draft__isnull=False)
    return list(begun.exclude(versions__published=True).order_by("-draft__updated"))


def _offers(activities: Iterable[Activity], *, own: bool) -> list[Offer]:
    activities = list(activities)
    published = ActivityVersion.objects.filter(activity__in=activities, published=True)
    newest = published.order_by("activity_id", "-number").distinct("activity_id")
    briefs = {version.activity_id: version.brief for version in newest}
    drafts = set(Draft.objects.filter(activity__in=activities).values_list("activity_id", flat=True)) if own else set()
    return [Offer(activity, briefs[activity.pk], own, activity.pk in drafts) for activity in activities]
