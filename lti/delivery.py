"""Sends the grades that are due, until the platform has them.

A worker claims a row for longer than its calls can take, and sends it outside
of any transaction. A worker that dies leaves the row to be claimed again; the
resend carries the same timestamp, so the platform either has it already (and
says so, 409) or takes it now. What was learnt is written only if the row is
still the one that was sent: another grade may have come in between.

Where the platform lets us read results, what it holds is read before every
score: a grade that we never sent was typed by somebody, and stays until the
instructor says otherwise.
"""

import logging
import random
from datetime import UTC, datetime, timedelta

import httpx
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lti import ags, grades, line_items, products, services
from lti.models import GradeDelivery, GradeService, Registration

log = logging.getLogger(__name__)

FIRST_WAIT = 5.0  # seconds; doubled with every try
LONGEST_WAIT = 15 * 60.0
LONGEST_RETRY_AFTER = 24 * 3600.0
GIVE_UP = timedelta(days=7)
# An answer that looks final may still be a platform's bad hour: asked again after these seconds, then stuck.
SECOND_THOUGHTS = (60.0, 5 * 60.0, 15 * 60.0, 30 * 60.0, 3600.0, 3600.0)
SUBMISSION = "https://canvas.instructure.com/lti/submission"
_CALLS = 15  # a token, what the gradebook holds, a column and a score, each of them twice at most
_FURTHEST = timedelta(hours=1)  # that a timestamp may run ahead of our clock to pass one that the platform holds
_MOST = 500  # deliveries of one run; the next beat goes on
_TOLERANCE = 0.0005  # of the maximum, by which a platform's rounding may change a score

_FINAL = {
    400: "The LMS did not accept the score; the learner may have left the course.",
    403: "The LMS no longer lets this tool write grades here; its permission for grades was taken away.",
    404: line_items.GONE,
    410: line_items.GONE,
    422: "The LMS does not take a score for this person; they may have left the course, or are not a learner there.",
}
_PASSING = (0, 401, 408, 425, 429)
_HELD = "The gradebook says {theirs}; we would send {ours}. Somebody seems to have changed it there."
_PROVISIONAL = "A person still has to look at this attempt. This LMS would show the score as final: we send it after."


class _Overtaken(Exception):
    """The row is not the one that was claimed any more."""


class _Typed(Exception):
    """The gradebook holds a grade that is not ours."""

    def __init__(self, held: ags.Result):
        self.held = held


def deliver_due() -> int:
    """Send every grade that is due now; returns how many were tried."""
    tried = 0
    with services.client() as http:
        while tried < _MOST and (delivery := claim()) is not None:
            deliver(http, delivery)
            tried += 1
    return tried


def claim() -> GradeDelivery | None:
    """Take the next grade that is due, that nobody else is sending, and whose platform did not ask for quiet."""
    now = timezone.now()
    due = Q(state=GradeDelivery.State.PENDING, next_try__lte=now) & (Q(claimed_until=None) | Q(claimed_until__lte=now))
    with transaction.atomic():
        delivery = (
            GradeDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("attempt", "person")
            .filter(due)
            .exclude(resource_link__grade_service__registration__quiet_until__gt=now)
            .order_by("next_try")
            .first()
        )
        if delivery is not None:
            delivery.claimed_until = now + timedelta(seconds=_CALLS * settings.LTI_CALL_SECONDS)
            delivery.tries += 1
            delivery.save(update_fields=["claimed_until", "tries"])
        return delivery


def deliver(http: httpx.Client, delivery: GradeDelivery) -> None:
    """Send one claimed grade and note what became of it."""
    try:
        service = _service(http, delivery)
        if not delivery.final and products.is_canvas(service.registration):
            _note(delivery, state=GradeDelivery.State.WAITING, last_error=_PROVISIONAL)
            return
        _send(http, service, delivery)
    except _Overtaken:
        _release(delivery)
    except _Typed as found:
        _note(delivery, state=GradeDelivery.State.HELD, last_error=_held(delivery, found.held))
    except line_items.NoColumn as reason:
        _note(delivery, state=GradeDelivery.State.STUCK, last_error=str(reason))
    except services.NoToken as refused:
        _retry(delivery, refused.answer, f"The LMS gave no access to its gradebook ({refused}).")
    except services.Failed as failed:
        _react(http, delivery, failed.answer)
    except Exception:
        log.exception("grade %s could not be sent", delivery.pk)
        _retry(delivery, services.Answer(0), "Something went wrong on our side; it is in the tool's log.")
    else:
        _arrived(delivery)


def body(delivery: GradeDelivery, registration: Registration) -> dict:
    """The score as AGS 2.0, section 3.4, has it; points, never fractions. Without scoreGiven it takes a grade back."""
    attempt = delivery.attempt
    score = {
        "userId": delivery.person.lms_id,
        "scoreMaximum": delivery.maximum,
        "activityProgress": "Completed" if delivery.score is not None else "Initialized",
        "gradingProgress": _grading_progress(delivery),
        "timestamp": stamp(delivery.timestamp),
        "comment": delivery.comment,
    }
    if delivery.score is not None:
        score["scoreGiven"] = delivery.score
    if attempt is not None:
        times = {"startedAt": attempt.started, "submittedAt": attempt.ended}
        score["submission"] = {name: stamp(moment) for name, moment in times.items() if moment}
    if products.is_canvas(registration):
        score[SUBMISSION] = _submission(delivery)
    return score


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def is_ours(held: ags.Result, scores: list[list[float]]) -> bool:
    """Whether the gradebook's result is one of `scores`, [points, maximum] each, on the gradebook's scale."""
    near = max(0.011, held.maximum * _TOLERANCE)
    return any(abs(points / maximum * held.maximum - held.score) <= near for points, maximum in scores if maximum)


def _service(http: httpx.Client, delivery: GradeDelivery) -> GradeService:
    """Where the grade goes, with a column that has the grade's maximum if it is ours to make."""
    service = (
        GradeService.objects.select_related("registration", "resource_link__activity")
        .filter(resource_link_id=delivery.resource_link_id)
        .first()
    )
    if service is None:
        raise line_items.NoColumn("The LMS offers no gradebook for this activity any more.")
    if not service.registration.is_active:
        raise line_items.NoColumn("This LMS is switched off in the tool; its administrator can switch it on again.")
    if ags.SCORE not in service.scopes:
        raise line_items.NoColumn(_FINAL[403])
    if not service.lineitem:
        return line_items.ensure(http, delivery.resource_link_id)
    if line_items.is_behind(service):
        line_items.follow(http, delivery.resource_link_id)
    return service


def _send(http: httpx.Client, service: GradeService, delivery: GradeDelivery) -> None:
    """Raises _Typed, _Overtaken, services.Failed."""
    if ags.READ_RESULTS in service.scopes and not delivery.overrules:
        held = _result(http, service, delivery)
        ours = [*delivery.tried, *([] if delivery.score is None else [[delivery.score, delivery.maximum]])]
        if held is not None and not is_ours(held, ours):
            raise _Typed(held)
    if delivery.score is not None and [delivery.score, delivery.maximum] not in delivery.tried:
        tried = [*delivery.tried, [delivery.score, delivery.maximum]]
        # From here on the gradebook may hold it, whatever becomes of us.
        if not _same(delivery).update(tried=tried):
            raise _Overtaken
        delivery.tried = tried
    ags.post_score(http, service.registration, service.lineitem, body(delivery, service.registration))


def _result(http: httpx.Client, service: GradeService, delivery: GradeDelivery) -> ags.Result | None:
    """What the gradebook holds for the learner, if it holds anything. Raises services.Failed."""
    found = ags.results(http, service.registration, service.lineitem, user_id=delivery.person.lms_id)
    return next((held for held in found if held.score is not None), None)


def _arrived(delivery: GradeDelivery) -> None:
    submitted = {"submitted": delivery.attempt_id} if delivery.attempt_id else {}
    news = {"state": GradeDelivery.State.SENT, "sent": timezone.now(), "last_error": "", "overrules": False}
    _note(delivery, **news, **submitted)


def _react(http: httpx.Client, delivery: GradeDelivery, answer: services.Answer) -> None:
    """What follows from an answer that is no success."""
    if answer.status == 409:
        _conflict(http, delivery)
    elif answer.status in _PASSING or answer.status >= 500 or answer.status < 400:
        _retry(delivery, answer, f"The LMS did not take the grade yet ({services.plain(answer)}).")
    else:
        reason = _FINAL.get(answer.status, f"The LMS did not accept the grade ({services.plain(answer)}).")
        if answer.status in (404, 410) and _made_again(http, delivery):
            _note(delivery, next_try=timezone.now(), last_error="The gradebook column was gone; it was made again.")
        elif delivery.refusals < len(SECOND_THOUGHTS):
            wait = _seconds(SECOND_THOUGHTS[delivery.refusals])
            _note(delivery, next_try=timezone.now() + wait, refusals=delivery.refusals + 1, last_error=reason)
        else:
            _note(delivery, state=GradeDelivery.State.STUCK, last_error=reason)


def _conflict(http: httpx.Client, delivery: GradeDelivery) -> None:
    """The platform has a score of this time or a later one: our own, of which we never heard, or another."""
    service = (
        GradeService.objects.select_related("registration").filter(resource_link=delivery.resource_link_id).first()
    )
    if service is not None and delivery.score is not None and ags.READ_RESULTS in service.scopes:
        try:
            held = _result(http, service, delivery)
        except services.Failed as failed:
            _retry(delivery, failed.answer, f"The LMS did not take the grade yet ({failed}).")
            return
        if held is not None and is_ours(held, [[delivery.score, delivery.maximum]]):
            _arrived(delivery)
            return
    _restamp(delivery)


def _made_again(http: httpx.Client, delivery: GradeDelivery) -> bool:
    service = GradeService.objects.filter(resource_link_id=delivery.resource_link_id).first()
    try:
        return service is not None and line_items.make_again(http, delivery.resource_link_id, service.lineitem)
    except (services.Failed, line_items.NoColumn):
        return False


def _retry(delivery: GradeDelivery, answer: services.Answer, reason: str) -> None:
    now = timezone.now()
    if now - delivery.queued > GIVE_UP:
        _note(delivery, state=GradeDelivery.State.STUCK, last_error=f"{reason} We have tried for {GIVE_UP.days} days.")
        return
    wait = _seconds(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.tries - 1, 20)) * random.uniform(0.8, 1.2))
    if answer.retry_after is not None:
        wait = timedelta(
            seconds=min(answer.retry_after, LONGEST_RETRY_AFTER) + random.uniform(0, 0.5) * settings.GRADE_PACE
        )
    if answer.status == 429:
        # It speaks to all of us: whoever goes on asking is kept out for longer.
        Registration.objects.filter(grade_services__resource_link_id=delivery.resource_link_id).update(
            quiet_until=now + wait
        )
    _note(delivery, next_try=now + wait, last_error=reason)


def _restamp(delivery: GradeDelivery) -> None:
    """The platform holds this timestamp or a later one: step past it, by twice as much every time."""
    now = timezone.now()
    ahead = max(timedelta(0), delivery.timestamp - now)
    if ahead > _FURTHEST:
        _note(delivery, state=GradeDelivery.State.STUCK, last_error="The LMS holds a score with a later time.")
        return
    _note(
        delivery,
        timestamp=grades.later_than(delivery.timestamp, now) + ahead,
        next_try=now + _seconds(min(LONGEST_WAIT, ahead.total_seconds())),
        last_error="The LMS already had a score with this time; it is sent again with a later one.",
    )


def _note(delivery: GradeDelivery, **changes) -> None:
    if not _same(delivery).update(claimed_until=None, **changes):
        # Another grade came in meanwhile: that one is due, this answer is history.
        _release(delivery)
    if changes.get("last_error"):
        log.warning("grade %s: %s", delivery.pk, changes["last_error"])


def _release(delivery: GradeDelivery) -> None:
    GradeDelivery.objects.filter(pk=delivery.pk, claimed_until=delivery.claimed_until).update(claimed_until=None)


def _same(delivery: GradeDelivery):
    """The row, as long as it is the grade that was claimed."""
    return GradeDelivery.objects.filter(
        pk=delivery.pk, state=GradeDelivery.State.PENDING, timestamp=delivery.timestamp, tries=delivery.tries
    )


def _seconds(wait: float) -> timedelta:
    return timedelta(seconds=wait * settings.GRADE_PACE)


def _grading_progress(delivery: GradeDelivery) -> str:
    if delivery.score is None:
        return "NotReady"
    return "FullyGraded" if delivery.final else "PendingManual"


def _submission(delivery: GradeDelivery) -> dict:
    """Canvas's submission extension: a link back to the report; a grader's own grade stays unless it is overruled."""
    attempt = delivery.attempt
    yields = {"prioritize_non_tool_grade": not delivery.overrules}
    if attempt is None:
        return yields | {"new_submission": False}
    return yields | {
        "new_submission": attempt.pk != delivery.submitted,
        "submission_type": "basic_lti_launch",
        "submission_data": f"{settings.URL}/lti/launch/?attempt={attempt.pk}",
        "submitted_at": stamp(attempt.ended),
    }


def _held(delivery: GradeDelivery, held: ags.Result) -> str:
    """In words, both on the gradebook's scale."""
    if delivery.score is None:
        return f"The gradebook says {_number(held.score)}, and we would take the grade back. Somebody changed it there."
    ours = delivery.score / delivery.maximum * held.maximum
    return _HELD.format(theirs=_number(held.score), ours=_number(ours))


def _number(points: float) -> str:
    return f"{points:.2f}".rstrip("0").rstrip(".")
