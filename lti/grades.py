"""The grade that the platform should hold for a learner: chosen as a whole, from what is recorded now.

Nothing is added up along the way, so it does not matter in which order attempts
end, verdicts change or versions are published, nor how often this is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import counting
from coachtool.attempts.counting import Counts, Finished
from coachtool.attempts.models import Attempt, GradeOverride, ResourceLink
from coachtool.attempts.review import standing_override, verdict_of
from lti.models import GradeDelivery, GradeService

# Moodle compares timestamps by the second.
_TICK = timedelta(seconds=1)


@dataclass(frozen=True)
class Own:
    """A grade of the instructor's own."""

    override: int
    points: float
    maximum: float


@dataclass(frozen=True)
class Grade:
    """What the platform should hold, in points of `maximum`; `score` None: no grade any more."""

    score: float | None
    maximum: float
    final: bool = True
    attempt_id: UUID | None = None
    override_id: int | None = None
    comment: str = ""


def choose(finished: Iterable[Finished], own: Own | None, counts: Counts, maximum: float) -> Grade | None:
    """The grade of one learner at one link; None where there is nothing to grade.

    The instructor's own grade wins over every attempt.
    """
    if own is not None:
        points = round(own.points / own.maximum * maximum, 2) if own.maximum else 0.0
        return Grade(points, maximum, override_id=own.override, comment="Graded by the instructor.")
    chosen = counting.choose(finished, counts)
    if chosen is None:
        return None
    return Grade(
        round(chosen.share * maximum, 2), maximum, chosen.final, attempt_id=chosen.attempt, comment=chosen.comment
    )


def settle(resource_link_id: int, learner_id: int) -> GradeDelivery | None:
    """Note what the platform should hold for a learner now; the delivery, if there is news to send.

    Asked again it changes nothing. Runs in the caller's transaction, so that
    the note stands or falls with what caused it.
    """
    link = ResourceLink.objects.select_related("activity").get(pk=resource_link_id)
    if link.activity_id is None or not GradeService.objects.filter(resource_link=link).exists():
        return None
    now = timezone.now()
    with transaction.atomic():
        deliveries = GradeDelivery.objects.select_for_update(of=("self",))
        held = deliveries.filter(resource_link=link, person_id=learner_id).first()
        if held is None:
            grade = _grade(link, learner_id)
            if grade is None:
                return None
            first = _news(grade, now) | {"timestamp": later_than(None, now)}
            held, made = deliveries.get_or_create(resource_link=link, person_id=learner_id, defaults=first)
            if made:
                return held
        # Whoever came before us has committed by now; what it wrote is part of the whole.
        grade = _grade(link, learner_id)
        if grade is None and held.override_id is None:
            return None  # its attempt was of an activity that is not here any more; the grade stays
        if grade is None and not held.tried:
            held.delete()
            return None
        grade = grade or Grade(None, held.maximum, comment="The instructor withdrew the grade.")
        if _of(held) == grade:
            return None
        for name, value in _news(grade, now).items():
            setattr(held, name, value)
        held.timestamp = later_than(held.timestamp, now)
        held.save()
        return held


def settle_link(link: ResourceLink) -> int:
    """Settle every learner who has something to be graded at the link; how many have news to send."""
    graded = _graded(link).values_list("learner_id", flat=True)
    own = GradeOverride.objects.filter(resource_link=link, withdrawn=None).values_list("learner_id", flat=True)
    sent = GradeDelivery.objects.filter(resource_link=link).values_list("person_id", flat=True)
    return sum(settle(link.pk, learner) is not None for learner in sorted({*graded, *own, *sent}))


def later_than(last: datetime | None, now: datetime) -> datetime:
    """A whole second, now or just after `last`: every platform sees it advance."""
    stamp = now.replace(microsecond=0)
    return stamp if last is None else max(stamp, last + _TICK)


def send_again(deliveries: QuerySet[GradeDelivery], **changes) -> int:
    """Set grades on their way again, with all the patience of a new one; how many. One being sent now is left alone."""
    now = timezone.now()
    idle = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return deliveries.filter(idle).update(**_afresh(now) | changes)


def overtake(deliveries: QuerySet[GradeDelivery]) -> None:
    """Let what is being sent at the moment be sent once more: where it goes has changed meanwhile."""
    flying = deliveries.filter(state=GradeDelivery.State.PENDING, claimed_until__gt=timezone.now())
    flying.update(timestamp=F("timestamp") + timedelta(seconds=1), submitted=None)


def _grade(link: ResourceLink, learner_id: int) -> Grade | None:
    try:
        brief = link.version.brief
    except ActivityVersion.DoesNotExist:
        return None
    finished = [
        counting.finished(attempt, _comment(attempt))
        for attempt in _graded(link).filter(learner_id=learner_id).prefetch_related("outcomes__reviews")
    ]
    override = standing_override(link, learner_id)
    own = Own(override.pk, override.points, override.maximum) if override else None
    return choose(finished, own, brief.counts, float(brief.max_score))


def _graded(link: ResourceLink) -> QuerySet[Attempt]:
    """Finished graded attempts of the activity that is at the link now; one that was there before counts no more."""
    return Attempt.objects.filter(
        resource_link=link,
        version__activity_id=link.activity_id,
        graded=True,
        state=Attempt.State.FINISHED,
        score__isnull=False,
    )


def _news(grade: Grade, now: datetime) -> dict:
    return {
        "attempt_id": grade.attempt_id,
        "override_id": grade.override_id,
        "score": grade.score,
        "maximum": grade.maximum,
        "final": grade.final,
        "comment": grade.comment,
        # Who grades by hand in here has decided, whatever the gradebook holds.
        "overrules": grade.override_id is not None,
        **_afresh(now),
    }


def _afresh(now: datetime) -> dict:
    """A delivery that is due, and of which nothing has failed yet."""
    return {
        "state": GradeDelivery.State.PENDING,
        "tries": 0,
        "refusals": 0,
        "next_try": now,
        "queued": now,
        "last_error": "",
    }


def _of(held: GradeDelivery) -> Grade:
    return Grade(held.score, held.maximum, held.final, held.attempt_id, held.override_id, held.comment)


def _comment(attempt: Attempt) -> str:
    verdicts = [verdict_of(outcome) for outcome in attempt.outcomes.all()]
    counted = f"{verdicts.count('met')} of {len(verdicts)} objectives met."
    return counted if attempt.is_final else f"{counted} Provisional: a reviewer still has to look at this attempt."
