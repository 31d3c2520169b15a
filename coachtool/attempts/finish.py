"""The end of an attempt: judged, and everything that follows from it, in one transaction."""

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from coachtool.attempts import journal, memory, signals
from coachtool.attempts.models import Attempt, ObjectiveOutcome
from coachtool.attempts.review import OUTCOME
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import CoachState, Scorecard


def finish(attempt_id: Any, reason: str, *, epoch: int | None = None) -> Attempt:
    """Score what was said and close the attempt; calling it again changes nothing.

    Receivers of `attempt_finished` write the grade and the statements to send in
    the same transaction. Raises journal.Fenced when `epoch` no longer holds it.
    """
    attempt = Attempt.objects.select_related("version__activity").get(pk=attempt_id)
    scorecard = _judged(attempt)
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update(of=("self",)).select_related("version__activity").get(pk=attempt_id)
        if attempt.state == Attempt.State.FINISHED:
            return attempt
        ended = {"reason": reason, "skipped": scorecard.skipped, "awaiting": scorecard.awaiting}
        journal.append(attempt_id, "ended", ended, epoch=epoch)
        _write(attempt, scorecard, reason)
        memory.remember(attempt)
        signals.attempt_finished.send(Attempt, attempt=attempt)
    return attempt


def _judged(attempt: Attempt) -> Scorecard:
    """What the record comes to, whoever coached: no server is asked any more."""
    state = journal.coach_state(attempt) or CoachState()
    proposed, transcript = journal.proposals(attempt), journal.transcript(attempt)
    return AuthoredCoach().score(attempt.brief, transcript, proposed, state.skipped)


def _write(attempt: Attempt, scorecard: Scorecard, reason: str) -> None:
    ObjectiveOutcome.objects.bulk_create(
        ObjectiveOutcome(
            attempt=attempt,
            objective=judged.objective,
            verdict=judged.verdict,
            points=judged.points,
            key_points=[asdict(point) for point in judged.key_points],
        )
        for judged in scorecard.objectives
    )
    attempt.state = Attempt.State.FINISHED
    attempt.ended = timezone.now()
    attempt.started = attempt.started or attempt.ended
    attempt.end_reason = reason
    attempt.score = scorecard.score
    attempt.outcome = OUTCOME[scorecard.passed]
    attempt.evaluator = scorecard.evaluator
    attempt.save()
