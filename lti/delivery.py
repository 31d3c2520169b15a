"""Sends the grades that are due, until the platform has them.

A worker claims a row for longer than its calls can take, and sends it outside
of any transaction. A worker that dies leaves the row to be claimed again; the
resend carries the same timestamp, so the platform either has it already (and
says so, 409) or takes it now. What was learnt is written only if the row is
still the one that was sent: a better attempt may have come in between.
"""

import logging
import random
from datetime import UTC, datetime, timedelta

import httpx
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lti import ags, grades
from lti.models import GradeDelivery, GradeService

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=60)  # two tokens and two scores, each with its timeout
FIRST_WAIT = 5.0  # seconds; doubled with every try
LONGEST_WAIT = 15 * 60.0
LONGEST_RETRY_AFTER = 24 * 3600.0
GIVE_UP = timedelta(days=7)
_MOST_RESTAMPS = 12  # by then the timestamp lies more than an hour ahead
_MOST = 500  # deliveries of one run; the next beat goes on

_STUCK = {
    400: "The LMS did not accept the score; the learner may have left the course.",
    403: "The LMS no longer lets this tool write grades here; its permission for grades was taken away.",
    404: "The LMS no longer has this grade item; it was deleted there.",
    410: "The LMS no longer has this grade item; it was deleted there.",
    422: "The LMS does not take a score for this person; they may have left the course, or are not a learner there.",
}


def deliver_due() -> int:
    """Send every grade that is due now; returns how many were tried."""
    tried = 0
    with httpx.Client(timeout=ags.TIMEOUT) as client:
        while tried < _MOST and (delivery := claim()) is not None:
            deliver(client, delivery)
            tried += 1
    return tried


def claim() -> GradeDelivery | None:
    """Take the next grade that is due and that nobody else is sending."""
    now = timezone.now()
    due = Q(state=GradeDelivery.State.PENDING, next_try__lte=now) & (Q(claimed_until=None) | Q(claimed_until__lte=now))
    with transaction.atomic():
        delivery = (
            GradeDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("attempt", "person")
            .filter(due)
            .order_by("next_try")
            .first()
        )
        if delivery is not None:
            delivery.claimed_until = now + CLAIM
            delivery.tries += 1
            delivery.save(update_fields=["claimed_until", "tries"])
        return delivery


def deliver(client: httpx.Client, delivery: GradeDelivery) -> None:
    """Send one claimed grade and note what became of it."""
    service = (
        GradeService.objects.select_related("registration").filter(resource_link_id=delivery.resource_link_id).first()
    )
    if service is None:
        _note(delivery, state=GradeDelivery.State.STUCK, last_error="The LMS offers no grade item for this activity.")
        return
    try:
        answer = ags.post_score(client, service.registration, service.lineitem, body(delivery))
    except ags.NoToken as refused:
        _retry(delivery, refused.answer, f"The LMS gave no access to its gradebook ({_plain(refused.answer)}).")
        return
    if 200 <= answer.status < 300:
        _note(delivery, state=GradeDelivery.State.SENT, sent=timezone.now(), last_error="")
    elif answer.status == 409:
        _restamp(delivery)
    elif answer.status in (0, 401, 408, 425, 429) or answer.status >= 500:
        _retry(delivery, answer, f"The LMS did not take the grade yet ({_plain(answer)}).")
    else:
        reason = _STUCK.get(answer.status, f"The LMS did not accept the grade ({_plain(answer)}).")
        _note(delivery, state=GradeDelivery.State.STUCK, last_error=reason)


def body(delivery: GradeDelivery) -> dict:
    """The score as AGS 2.0 has it; points, never fractions."""
    attempt = delivery.attempt
    submission = {
        "startedAt": attempt.started and stamp(attempt.started),
        "submittedAt": attempt.ended and stamp(attempt.ended),
    }
    return {
        "userId": delivery.person.lms_id,
        "scoreGiven": delivery.score,
        "scoreMaximum": delivery.maximum,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded" if delivery.final else "PendingManual",
        "timestamp": stamp(delivery.timestamp),
        "comment": delivery.comment,
        "submission": {name: value for name, value in submission.items() if value},
    }


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _retry(delivery: GradeDelivery, answer: ags.Answer, reason: str) -> None:
    now = timezone.now()
    if now - delivery.queued > GIVE_UP:
        _note(delivery, state=GradeDelivery.State.STUCK, last_error=f"{reason} We have tried for {GIVE_UP.days} days.")
        return
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.tries - 1, 20)) * random.uniform(0.8, 1.2)
    if answer.retry_after is not None:
        wait = min(max(answer.retry_after, 0.0), LONGEST_RETRY_AFTER) + random.uniform(0, 0.5)
    _note(delivery, next_try=now + timedelta(seconds=wait), last_error=reason)


def _restamp(delivery: GradeDelivery) -> None:
    """The platform holds this timestamp or a later one: step past it, further with every try."""
    if delivery.tries > _MOST_RESTAMPS:
        _note(delivery, state=GradeDelivery.State.STUCK, last_error="The LMS holds a score with a later time.")
        return
    now = timezone.now()
    step = timedelta(seconds=2 ** (delivery.tries - 1) - 1)
    _note(
        delivery,
        timestamp=grades.later_than(delivery.timestamp, now) + step,
        next_try=now + timedelta(seconds=min(LONGEST_WAIT, 2.0 ** (delivery.tries - 1)) - 1),
        last_error="The LMS already had a score with this time; it is sent again with a later one.",
    )


def _note(delivery: GradeDelivery, **changes) -> None:
    same = GradeDelivery.objects.filter(pk=delivery.pk, timestamp=delivery.timestamp, attempt_id=delivery.attempt_id)
    if not same.update(claimed_until=None, **changes):
        # A better attempt came in meanwhile: that one is due, this answer is history.
        GradeDelivery.objects.filter(pk=delivery.pk).update(claimed_until=None)
    if changes.get("last_error"):
        log.warning("grade %s: %s", delivery.pk, changes["last_error"])


def _plain(answer: ags.Answer) -> str:
    if answer.status == 0:
        return f"it could not be reached: {answer.problem}"
    return f"HTTP {answer.status}" + (f", {answer.problem}" if answer.problem else "")
