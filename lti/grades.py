"""The grade that the platform should hold: written when an attempt ends, in the same transaction."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from coachtool.attempts.models import Attempt
from lti.models import GradeDelivery, GradeService

# Moodle compares timestamps by the second.
_TICK = timedelta(seconds=1)


def queue(attempt: Attempt) -> GradeDelivery | None:
    """Note what to send for a finished attempt, if it is to be sent at all.

    Of one learner at one resource link the best attempt counts. A provisional
    score (an outcome that a person still has to look at) never takes the place
    of a final one, and gives way to any final one.
    """
    if not attempt.graded or attempt.score is None:
        return None
    if not GradeService.objects.filter(resource_link_id=attempt.resource_link_id).exists():
        return None
    now = timezone.now()
    final = attempt.outcome != Attempt.Outcome.UNCLEAR
    news = {
        "attempt": attempt,
        "score": attempt.points,
        "maximum": float(attempt.brief.max_score),
        "final": final,
        "comment": _comment(attempt, final),
        "state": GradeDelivery.State.PENDING,
        "tries": 0,
        "next_try": now,
        "queued": now,
        "last_error": "",
    }
    with transaction.atomic():
        key = {"resource_link_id": attempt.resource_link_id, "person_id": attempt.learner_id}
        delivery, made = GradeDelivery.objects.select_for_update(of=("self",)).get_or_create(
            **key, defaults={**news, "timestamp": later_than(None, now)}
        )
        if made:
            return delivery
        if delivery.attempt_id == attempt.pk or not _better(news, delivery):
            return None
        for name, value in news.items():
            setattr(delivery, name, value)
        delivery.timestamp = later_than(delivery.timestamp, now)
        delivery.save()
        return delivery


def later_than(last: datetime | None, now: datetime) -> datetime:
    """A whole second, now or just after `last`: every platform sees it advance."""
    stamp = now.replace(microsecond=0)
    return stamp if last is None else max(stamp, last + _TICK)


def _better(news: dict, held: GradeDelivery) -> bool:
    if news["final"] != held.final:
        return news["final"]
    return news["score"] / news["maximum"] > held.score / held.maximum


def _comment(attempt: Attempt, final: bool) -> str:
    verdicts = list(attempt.outcomes.values_list("verdict", flat=True))
    counted = f"{verdicts.count('met')} of {len(verdicts)} objectives met."
    return counted if final else f"{counted} Provisional: a reviewer still has to look at this attempt."
