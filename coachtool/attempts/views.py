"""The pages of an attempt: lobby, conversation, report, and the instructor's list."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts import access, presenter, window
from coachtool.attempts import start as starting
from coachtool.attempts.access import NotAdmitted, admitted, attempt_for
from coachtool.attempts.forms import AnswerForm, StartForm
from coachtool.attempts.models import Attempt, Escalation, Person, ResourceLink
from coachtool.attempts.report_page import report_page


@require_safe
@never_cache
@admitted("learner", "instructor", anywhere=True)
def home(request: HttpRequest) -> HttpResponse:
    """Where a launch arrives: an instructor at the attempts, a learner in the live conversation or the lobby.

    Where no activity has been picked yet, the instructor picks one.
    """
    visit = request.visit
    if not access.has_activity(visit):
        if visit.role != "instructor":
            raise NotAdmitted("Your instructor has not chosen the activity for this place yet.")
        return redirect("picking:activities", visit.id)
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
    return report_page(request, attempt)


@require_safe
@never_cache
@admitted("instructor")
def attempts(request: HttpRequest) -> HttpResponse:
    """The attempts at this resource link (or `at` another of the course), and the questions that wait for an answer."""
    at = request.GET.get("at", "")
    return _attempts(request, int(at) if at.isdecimal() else request.visit.resource_link_id)


@require_POST
@admitted("instructor")
def answer(request: HttpRequest, escalation_id: int) -> HttpResponse:
    """Answer an escalated question; the first answer stands."""
    visit = request.visit
    escalation = _escalations(visit.course_id).filter(pk=escalation_id).first()
    if escalation is None:
        raise NotAdmitted("This question was asked in another course.")
    form = AnswerForm(request.POST, instance=escalation, prefix=str(escalation.pk))
    if not form.is_valid():
        return _attempts(request, escalation.attempt.resource_link_id, form, status=422)
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
    back = reverse("attempts:attempts", args=[visit.id])
    elsewhere = escalation.attempt.resource_link_id != visit.resource_link_id
    return redirect(f"{back}?at={escalation.attempt.resource_link_id}" if elsewhere else back)


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
        "brief": link.version.brief,
        "live": starting.open_attempt(visit),
        "previous": presenter.rows(visit, mine.select_related("version", "learner").order_by("-started")[:10]),
        "allowance": starting.allowance(visit),
        "instructor": visit.role == "instructor",
    }
    return render(request, "attempts/lobby.html", context, status=status)


def _attempts(request: HttpRequest, link_id: int, refused: AnswerForm | None = None, status: int = 200) -> HttpResponse:
    visit = request.visit
    links = ResourceLink.objects.filter(course_id=visit.course_id, activity__isnull=False)
    # Of an author's previews only the visit's own.
    links = links.filter(Q(preview=False) | Q(pk=visit.resource_link_id))
    link = links.filter(pk=link_id).select_related("activity", "course").first()
    if link is None:
        raise NotAdmitted("There is no such activity in this course.")
    found = (
        Attempt.objects.filter(resource_link=link, started__isnull=False)
        .select_related("version", "learner")
        .annotate(open_escalations=Count("escalations", filter=Q(escalations__state=Escalation.State.OPEN)))
        .order_by("-started")[:500]
    )
    waiting = _escalations(visit.course_id).filter(state=Escalation.State.OPEN, attempt__resource_link=link)
    forms = [
        (refused if refused and refused.instance.pk == escalation.pk else _answer_form(escalation), escalation)
        for escalation in waiting
    ]
    context = {
        "link": link,
        "brief": link.version.brief,
        "rows": presenter.rows(visit, found),
        "waiting": forms,
        "me": Person.objects.get(pk=visit.person_id),
    }
    return render(request, "attempts/attempts.html", context, status=status)


def _answer_form(escalation: Escalation) -> AnswerForm:
    return AnswerForm(instance=escalation, prefix=str(escalation.pk))


def _escalations(course_id: int) -> QuerySet[Escalation]:
    """Escalations that a visit may answer: those asked in its course."""
    return (
        Escalation.objects.filter(attempt__resource_link__course_id=course_id)
        .select_related("attempt__learner", "attempt__version")
        .order_by("created")
    )
