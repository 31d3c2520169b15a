"""What people make of a judged attempt: an instructor's verdicts and grade, a learner's dispute.

The judge's own outcome is never changed: what counts is counted from it and
from the newest review of each objective. Whatever may change a grade sends
`grade_reviewed` inside its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from coachtool.activities.brief import Brief
from coachtool.attempts import signals
from coachtool.attempts.models import Attempt, Dispute, GradeOverride, ObjectiveOutcome, Person, ResourceLink, Review
from coachtool.coaching import scoring

Verdict = ObjectiveOutcome.Verdict
OUTCOME = {True: Attempt.Outcome.PASSED, False: Attempt.Outcome.FAILED, None: Attempt.Outcome.UNCLEAR}


class AlreadyOpen(Exception):
    """The learner has disputed this verdict already and waits for the answer."""


class AlreadyAnswered(Exception):
    """Somebody answered the dispute before, or the learner took it back."""


@dataclass(frozen=True)
class Counted:
    """The attempt as it counts. `score` 0 to 1; `outcome` is Attempt.Outcome's."""

    score: float
    outcome: str


def verdict_of(outcome: ObjectiveOutcome) -> str:
    """The verdict that stands: the newest review's, else the judge's."""
    newest = newest_review(outcome)
    return newest.verdict if newest else outcome.verdict


def newest_review(outcome: ObjectiveOutcome) -> Review | None:
    """The review that stands; reads what was prefetched."""
    return max(outcome.reviews.all(), key=lambda review: review.pk, default=None)


def count(brief: Brief, outcomes: Iterable[ObjectiveOutcome]) -> Counted:
    """The mean of the objectives' points against the pass mark, as the judge counts it, with the reviews in it.

    A reviewed objective that is met has all its points. One that is not met
    keeps the points of its key points, unless it was the judge who had it met.
    One that a person has to confirm is open until the first review.
    """
    outcomes = list(outcomes)
    if not outcomes:
        return Counted(0.0, Attempt.Outcome.FAILED)
    score = sum(_points(outcome) for outcome in outcomes) / len(outcomes)
    least = sum(0.0 if awaits_person(brief, outcome) else _points(outcome) for outcome in outcomes) / len(outcomes)
    most = sum(_possible(brief, outcome) for outcome in outcomes) / len(outcomes)
    return Counted(round(score, 4), OUTCOME[scoring.verdict(brief, score, least, most)])


def awaits_person(brief: Brief, outcome: ObjectiveOutcome) -> bool:
    """Whether the verdict is provisional: the activity wants a person to confirm it, and nobody has."""
    return brief.objective(outcome.objective).confirmation == "person" and newest_review(outcome) is None


@transaction.atomic
def review(outcome: ObjectiveOutcome, reviewer: Person, verdict: str, note: str = "") -> Review:
    """Record an instructor's verdict and count the attempt again."""
    attempt = _locked(outcome.attempt_id)
    given = Review.objects.create(outcome=outcome, reviewer=reviewer, verdict=verdict, note=note)
    counted = count(attempt.brief, attempt.outcomes.prefetch_related("reviews"))
    attempt.reviewed_score, attempt.reviewed_outcome = counted.score, counted.outcome
    attempt.save(update_fields=["reviewed_score", "reviewed_outcome"])
    _announce(attempt.resource_link, attempt.learner)
    return given


def dispute(outcome: ObjectiveOutcome, reason: str) -> Dispute:
    """Record that the learner sees this verdict differently; raises AlreadyOpen."""
    try:
        with transaction.atomic():
            return Dispute.objects.create(outcome=outcome, reason=reason)
    except IntegrityError:
        raise AlreadyOpen from None


def withdraw_dispute(dispute: Dispute) -> None:
    """The learner takes it back; raises AlreadyAnswered."""
    taken = Dispute.objects.filter(pk=dispute.pk, state=Dispute.State.OPEN)
    if not taken.update(state=Dispute.State.WITHDRAWN, answered=timezone.now()):
        raise AlreadyAnswered


@transaction.atomic
def answer_dispute(dispute: Dispute, reviewer: Person, verdict: str, answer: str) -> None:
    """Answer, and let the verdict stand or change it; the first answer stands. Raises AlreadyAnswered."""
    attempt = _locked(dispute.outcome.attempt_id)
    taken = Dispute.objects.filter(pk=dispute.pk, state=Dispute.State.OPEN).update(
        state=Dispute.State.ANSWERED, answer=answer, answered_by=reviewer, answered=timezone.now()
    )
    if not taken:
        raise AlreadyAnswered
    if verdict != verdict_of(dispute.outcome) or awaits_person(attempt.brief, dispute.outcome):
        review(dispute.outcome, reviewer, verdict, answer)


def standing_override(link: ResourceLink, learner: Person | int) -> GradeOverride | None:
    """The instructor's own grade, if one stands."""
    return GradeOverride.objects.filter(resource_link=link, learner=learner, withdrawn=None).order_by("-pk").first()


@transaction.atomic
def override(
    link: ResourceLink, learner: Person, given_by: Person, points: float, maximum: float, note: str = ""
) -> GradeOverride:
    """Give a grade that wins over every attempt's, in place of one given before."""
    _withdraw(link, learner)
    given = GradeOverride.objects.create(
        resource_link=link, learner=learner, given_by=given_by, points=points, maximum=maximum, note=note
    )
    _announce(link, learner)
    return given


@transaction.atomic
def withdraw_override(link: ResourceLink, learner: Person) -> bool:
    """Let the attempts count again; False if no grade of the instructor's stood."""
    withdrawn = _withdraw(link, learner)
    if withdrawn:
        _announce(link, learner)
    return withdrawn


def _withdraw(link: ResourceLink, learner: Person) -> bool:
    Person.objects.select_for_update().get(pk=learner.pk)
    standing = GradeOverride.objects.filter(resource_link=link, learner=learner, withdrawn=None)
    return bool(standing.update(withdrawn=timezone.now()))


def _points(outcome: ObjectiveOutcome) -> float:
    verdict = verdict_of(outcome)
    if verdict == outcome.verdict:
        return outcome.points
    if verdict == Verdict.MET:
        return 1.0
    return 0.0 if outcome.verdict == Verdict.MET else outcome.points


def _possible(brief: Brief, outcome: ObjectiveOutcome) -> float:
    if awaits_person(brief, outcome):
        return 1.0
    if newest_review(outcome) and verdict_of(outcome) != Verdict.UNCLEAR:
        return _points(outcome)
    hopeful = sum(point["verdict"] in (Verdict.MET, Verdict.UNCLEAR) for point in outcome.key_points)
    return min(1.0, hopeful / brief.objective(outcome.objective).required)


def _locked(attempt_id) -> Attempt:
    return (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("version__activity", "resource_link", "learner")
        .get(pk=attempt_id)
    )


def _announce(link: ResourceLink, learner: Person) -> None:
    signals.grade_reviewed.send(ResourceLink, resource_link=link, learner=learner)
