"""The pages of an attempt: lobby, conversation, report, and the instructor's list."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts import access, escalation_page, escalations, memory, presenter, window
from coachtool.attempts import start as starting
from coachtool.attempts.access import NotAdmitted, admitted, attempt_for
from coachtool.attempts.forms import StartForm
from coachtool.attempts.models import Attempt, Person, ResourceLink
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
    """The attempts at this resource link, or `at` another of the course."""
    visit, at = request.visit, request.GET.get("at", "")
    links = ResourceLink.objects.filter(course_id=visit.course_id, activity__isnull=False)
    # Of an author's previews only the visit's own.
    links = links.filter(Q(preview=False) | Q(pk=visit.resource_link_id))
    chosen = links.filter(pk=int(at) if at.isdecimal() else visit.resource_link_id)
    link = chosen.select_related("activity", "course").first()
    if link is None:
        raise NotAdmitted("There is no such activity in this course.")
    found = Attempt.objects.filter(resource_link=link, started__isnull=False).select_related("version", "learner")
    waiting = escalations.of_course(visit).filter(state=escalations.OPEN, attempt__resource_link=link)
    context = {
        "link": link,
        "brief": link.version.brief,
        "rows": presenter.rows(visit, found.order_by("-started")[:500]),
        "waiting": waiting.count(),
    }
    return render(request, "attempts/attempts.html", context)


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
    brief = link.version.brief
    context = {
        "form": form,
        "link": link,
        "brief": brief,
        "live": starting.open_attempt(visit),
        "previous": presenter.rows(visit, mine.select_related("version", "learner").order_by("-started")[:10]),
        "allowance": starting.allowance(visit),
        "memory": memory.lobby(visit, link),
        "answers": escalation_page.answers(visit),
        "escalates": any(guardrail.action == "escalate" for guardrail in brief.guardrails),
        "nameless": Person.objects.get(pk=visit.person_id).is_anonymous,
        "instructor": visit.role == "instructor",
    }
    return render(request, "attempts/lobby.html", context, status=status)
