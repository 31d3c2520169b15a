"""The pages of an attempt: lobby, conversation, report, and the instructor's list."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts import presenter, window
from coachtool.attempts import report as reports
from coachtool.attempts import start as starting
from coachtool.attempts.access import NotAdmitted, Visit, admitted, attempt_for
from coachtool.attempts.forms import AnswerForm, StartForm
from coachtool.attempts.models import Attempt, Escalation, Person, ResourceLink


@require_safe
@never_cache
@admitted("learner", "instructor")
def home(request: HttpRequest) -> HttpResponse:
    """Where a launch arrives: an instructor at the attempts, a learner in the live conversation or the lobby."""
    visit = request.visit
    if visit.role == "instructor":
        return redirect("attempts:attempts", visit.id)
    live = starting.open_attempt(visit)
    if live is not None:
        return redirect("attempts:conversation", visit.id, live.pk)
    return redirect("attempts:lobby", visit.id)


@require_safe
@never_cache
@admitted("learner", "instructor")
def lobby(request: HttpRequest) -> HttpResponse:
    """Whom you will meet and what for; consent, devices, and the choice of voice or text."""
    return _lobby(request, StartForm())


@require_POST
@admitted("learner", "instructor")
def start(request: HttpRequest) -> HttpResponse:
    """Begin, or go into the conversation that is already open."""
    form = StartForm(request.POST)
    if not form.is_valid():
        return _lobby(request, form, status=422)
    attempt = starting.start(request.visit, form.cleaned_data["modality"], form.consent)
    return redirect("attempts:conversation", request.visit.id, attempt.pk)


@require_safe
@never_cache
@admitted("learner", "instructor")
def conversation(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The conversation, for its owner only; once it is over, its report."""
    visit = request.visit
    attempt = attempt_for(visit, attempt_id)
    if attempt.learner_id != visit.person_id:
        raise NotAdmitted("Only the learner takes part in this conversation. You can read its report once it is over.")
    if attempt.state == Attempt.State.FINISHED:
        return redirect("attempts:report", visit.id, attempt.pk)
    context = {
        "attempt": attempt,
        "brief": attempt.brief,
        "voice": attempt.modality == Attempt.Modality.VOICE,
        "data": presenter.conversation_data(visit, attempt),
    }
    return render(request, "attempts/conversation.html", context)


@require_safe
@never_cache
@admitted("learner", "instructor")
def report(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """What was met, the words that showed it, what to practise next, and the transcript."""
    visit = request.visit
    attempt = attempt_for(visit, attempt_id)
    own = attempt.learner_id == visit.person_id
    if attempt.state != Attempt.State.FINISHED:
        if own:
            return redirect("attempts:conversation", visit.id, attempt.pk)
        return render(request, "attempts/report_later.html", {"attempt": attempt})
    context = {
        "attempt": attempt,
        "brief": attempt.brief,
        "report": reports.build(attempt),
        "own": own,
        "instructor": visit.role == "instructor",
    }
    return render(request, "attempts/report.html", context)


@require_safe
@never_cache
@admitted("instructor")
def attempts(request: HttpRequest) -> HttpResponse:
    """The attempts at this resource link, and the questions that wait for an answer."""
    return _attempts(request)


@require_POST
@admitted("instructor")
def answer(request: HttpRequest, escalation_id: int) -> HttpResponse:
    """Answer an escalated question; the first answer stands."""
    visit = request.visit
    escalation = _escalations(visit).filter(pk=escalation_id).first()
    if escalation is None:
        raise NotAdmitted("This question was asked in another course.")
    form = AnswerForm(request.POST, instance=escalation, prefix=str(escalation.pk))
    if not form.is_valid():
        return _attempts(request, form, status=422)
    answered = Escalation.objects.filter(pk=escalation.pk, state=Escalation.State.OPEN).update(
        answer=form.cleaned_data["answer"],
        answered_by_id=visit.person_id,
        answered=timezone.now(),
        state=Escalation.State.ANSWERED,
    )
    if answered:
        messages.success(request, f"Your answer is on {escalation.attempt.learner}’s report page now.")
    else:
        messages.info(request, "Somebody answered this question before you; that answer stands.")
    return redirect("attempts:attempts", visit.id)


@require_POST
@admitted("learner", "instructor")
def new_window(request: HttpRequest) -> HttpResponse:
    """The address that carries this visit over into a window of its own, as JSON."""
    path = request.path + window.key_for(request.visit) + "/"
    return JsonResponse({"url": path})


@require_safe
@never_cache
def enter_window(request: HttpRequest, visit_id: str, key: str) -> HttpResponse:
    """Arrive in a window of one's own with the key that the iframe was given."""
    try:
        visit = window.enter(request.session, key)
    except NotAdmitted as refusal:
        return render(request, "site/not_admitted.html", {"reason": str(refusal)}, status=403)
    return redirect("attempts:lobby", visit.id)


def _lobby(request: HttpRequest, form: StartForm, status: int = 200) -> HttpResponse:
    visit = request.visit
    link = ResourceLink.objects.select_related("activity", "course").get(pk=visit.resource_link_id)
    mine = Attempt.objects.filter(resource_link=link, learner_id=visit.person_id, started__isnull=False)
    context = {
        "form": form,
        "link": link,
        "brief": link.activity.latest.brief,
        "live": starting.open_attempt(visit),
        "previous": presenter.rows(visit, mine.select_related("version", "learner").order_by("-started")[:10]),
        "graded": starting.counts(visit),
        "instructor": visit.role == "instructor",
    }
    return render(request, "attempts/lobby.html", context, status=status)


def _attempts(request: HttpRequest, refused: AnswerForm | None = None, status: int = 200) -> HttpResponse:
    visit = request.visit
    link = ResourceLink.objects.select_related("activity", "course").get(pk=visit.resource_link_id)
    found = (
        Attempt.objects.filter(resource_link=link, started__isnull=False)
        .select_related("version", "learner")
        .annotate(open_escalations=Count("escalations", filter=Q(escalations__state=Escalation.State.OPEN)))
        .order_by("-started")[:500]
    )
    waiting = _escalations(visit).filter(state=Escalation.State.OPEN)
    forms = [
        (refused if refused and refused.instance.pk == escalation.pk else _answer_form(escalation), escalation)
        for escalation in waiting
    ]
    context = {
        "link": link,
        "brief": link.activity.latest.brief,
        "rows": presenter.rows(visit, found),
        "waiting": forms,
        "me": Person.objects.get(pk=visit.person_id),
    }
    return render(request, "attempts/attempts.html", context, status=status)


def _answer_form(escalation: Escalation) -> AnswerForm:
    return AnswerForm(instance=escalation, prefix=str(escalation.pk))


def _escalations(visit: Visit) -> QuerySet[Escalation]:
    """Escalations that a visit may answer: those asked at its resource link."""
    return (
        Escalation.objects.filter(attempt__resource_link_id=visit.resource_link_id)
        .select_related("attempt__learner", "attempt__version")
        .order_by("created")
    )
