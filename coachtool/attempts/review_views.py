"""Verdicts, grades and disputes, sent from a report and answered with it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from coachtool.attempts import review
from coachtool.attempts.access import NotAdmitted, Visit, admitted, attempt_for
from coachtool.attempts.models import Attempt, Dispute, ObjectiveOutcome, Person
from coachtool.attempts.report_page import Refused, may_dispute, report_page
from coachtool.attempts.review_forms import DisputeAnswerForm, DisputeForm, GradeForm, ReviewForm


@require_POST
@admitted("instructor")
def review_objective(request: HttpRequest, attempt_id: UUID, objective: str) -> HttpResponse:
    """Agree or disagree with the verdict on one objective."""
    outcome = _outcome(attempt_for(request.visit, attempt_id), objective)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return report_page(request, outcome.attempt, refused=Refused(review=form, objective=objective), status=422)
    given = review.review(outcome, _me(request.visit), form.cleaned_data["verdict"], form.cleaned_data["note"])
    if given.agrees:
        messages.success(request, "Noted: you agree with the verdict.")
    else:
        messages.success(request, "Your verdict counts now; the result has been counted again.")
    return _back(request, outcome.attempt_id, f"objective-{objective}")


@require_POST
@admitted("learner", "instructor")
def dispute_objective(request: HttpRequest, attempt_id: UUID, objective: str) -> HttpResponse:
    """The learner sees it differently."""
    attempt = _own(request.visit, attempt_id)
    if not may_dispute(request.visit, attempt):
        raise NotAdmitted("Nobody would be asked: this attempt is a try-out, or without a name.")
    outcome = _outcome(attempt, objective)
    if review.verdict_of(outcome) == ObjectiveOutcome.Verdict.MET:
        messages.info(request, "This objective counts as met already.")
        return _back(request, outcome.attempt_id, f"objective-{objective}")
    form = DisputeForm(request.POST)
    if not form.is_valid():
        return report_page(request, outcome.attempt, refused=Refused(dispute=form, objective=objective), status=422)
    try:
        review.dispute(outcome, form.cleaned_data["reason"])
        messages.success(request, "Your instructor will look at it. The answer will be here.")
    except review.AlreadyOpen:
        messages.info(request, "You have asked about this already; the answer will be here.")
    return _back(request, outcome.attempt_id, f"objective-{objective}")


@require_POST
@admitted("learner", "instructor")
def withdraw_dispute(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """The learner takes the question back."""
    dispute = _dispute(dispute_id)
    _own(request.visit, dispute.outcome.attempt_id)
    try:
        review.withdraw_dispute(dispute)
        messages.success(request, "Taken back.")
    except review.AlreadyAnswered:
        messages.info(request, "It was answered before you took it back.")
    return _back(request, dispute.outcome.attempt_id, f"objective-{dispute.outcome.objective}")


@require_POST
@admitted("instructor")
def answer_dispute(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """The instructor answers; the verdict stays or changes."""
    dispute = _dispute(dispute_id)
    attempt = attempt_for(request.visit, dispute.outcome.attempt_id)
    form = DisputeAnswerForm(request.POST)
    if not form.is_valid():
        return report_page(
            request, attempt, refused=Refused(answer=form, objective=dispute.outcome.objective), status=422
        )
    try:
        review.answer_dispute(dispute, _me(request.visit), form.cleaned_data["verdict"], form.cleaned_data["answer"])
        messages.success(request, f"{attempt.learner} finds your answer on the report page.")
    except review.AlreadyAnswered:
        messages.info(request, "This was answered or taken back before; nothing was changed.")
    return _back(request, attempt.pk, f"objective-{dispute.outcome.objective}")


@require_POST
@admitted("instructor")
def give_grade(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A grade of the instructor's own, which wins."""
    attempt = _gradable(request.visit, attempt_id)
    form = GradeForm(request.POST, maximum=attempt.brief.max_score)
    if not form.is_valid():
        return report_page(request, attempt, refused=Refused(grade=form), status=422)
    review.override(
        attempt.resource_link,
        attempt.learner,
        _me(request.visit),
        form.cleaned_data["points"],
        attempt.brief.max_score,
        form.cleaned_data["note"],
    )
    messages.success(request, f"Your grade is {attempt.learner}’s grade now, whatever later attempts score.")
    return _back(request, attempt.pk, "own-grade")


@require_POST
@admitted("instructor")
def withdraw_grade(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Let the attempts count again."""
    attempt = _gradable(request.visit, attempt_id)
    if review.withdraw_override(attempt.resource_link, attempt.learner):
        messages.success(request, "Your grade is taken back; the attempts count again.")
    else:
        messages.info(request, "No grade of your own stood here any more.")
    return _back(request, attempt.pk, "own-grade")


def _outcome(attempt: Attempt, objective: str) -> ObjectiveOutcome:
    outcome = attempt.outcomes.filter(objective=objective).first()
    if outcome is None:
        raise NotAdmitted("This objective was not judged in this attempt.")
    outcome.attempt = attempt
    return outcome


def _own(visit: Visit, attempt_id: UUID) -> Attempt:
    attempt = attempt_for(visit, attempt_id)
    if attempt.learner_id != visit.person_id:
        raise NotAdmitted("Only the learner whose attempt it is can do this.")
    return attempt


def _gradable(visit: Visit, attempt_id: UUID) -> Attempt:
    attempt = attempt_for(visit, attempt_id)
    if not attempt.graded:
        raise NotAdmitted("This was practice without a grade; there is nothing to grade.")
    return attempt


def _dispute(dispute_id: int) -> Dispute:
    found = Dispute.objects.select_related("outcome").filter(pk=dispute_id).first()
    if found is None:
        raise NotAdmitted("This was asked in another course.")
    return found


def _me(visit: Visit) -> Person:
    return Person.objects.get(pk=visit.person_id)


def _back(request: HttpRequest, attempt_id: UUID, anchor: str) -> HttpResponse:
    page = reverse("attempts:report", args=[request.visit.id, attempt_id])
    return redirect(f"{page}#{anchor}")
