"""The reviewers' queue of a course, and the learner's way of putting an answer aside."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts import escalation_page, escalations
from coachtool.attempts.access import NotAdmitted, admitted
from coachtool.attempts.escalation_forms import AnswerForm, AssignForm
from coachtool.attempts.models import Course, Escalation


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def page(request: HttpRequest) -> HttpResponse:
    """The questions of the course: those that wait, or with `show` those that were answered."""
    show = "answered" if request.GET.get("show") == "answered" else "waiting"
    return _page(request, escalation_page.build(request.visit, show, _at(request.GET)))


@require_POST
@admitted("instructor", anywhere=True)
def assign(request: HttpRequest, escalation_id: int) -> HttpResponse:
    """Take a question, give it back, or put another instructor of the course on it."""
    visit = request.visit
    escalation = _of_course(request, escalation_id)
    form = AssignForm(request.POST, reviewers=escalations.reviewers(visit))
    if not form.is_valid():
        messages.warning(request, "Choose somebody who teaches in this course.")
        return _back(request, escalation)
    to = form.cleaned_data["to"]
    if not escalations.assign(escalation, visit.person_id, to.pk if to else None, form.cleaned_data["was"]):
        messages.info(request, "Somebody was quicker: below is how it stands now.")
    elif to is None:
        messages.success(request, "You gave the question back; anybody can take it.")
    elif to.pk != visit.person_id:
        messages.success(request, f"{to.name or 'The instructor'} has the question now.")
    return _back(request, escalation)


@require_POST
@admitted("instructor", anywhere=True)
def answer(request: HttpRequest, escalation_id: int) -> HttpResponse:
    """Answer a question; the first answer stands."""
    escalation = _of_course(request, escalation_id)
    form = AnswerForm(request.POST, escalation=escalation)
    if not form.is_valid() and escalation.state == escalations.OPEN:
        queue = escalation_page.build(request.visit, "waiting", _at(request.POST), form, escalation.pk)
        return _page(request, queue, status=422)
    if form.is_valid() and escalations.answer(escalation, request.visit.person_id, form.cleaned_data["answer"]):
        messages.success(request, "Your answer is sent. The learner finds it at the next visit.")
    else:
        messages.info(request, "This question was answered before; that answer stands.")
    return redirect(_address(request))


@require_POST
@admitted("learner", "instructor")
def seen(request: HttpRequest, escalation_id: int) -> HttpResponse:
    """Whoever asked has read the answer."""
    escalation = escalations.of_asker(request.visit).filter(pk=escalation_id).first()
    if escalation is None:
        raise NotAdmitted("This question was asked by somebody else.")
    escalations.see(escalation)
    return redirect("attempts:lobby", request.visit.id)


def _of_course(request: HttpRequest, escalation_id: int) -> Escalation:
    found = escalations.of_course(request.visit).filter(pk=escalation_id).first()
    if found is None:
        raise NotAdmitted("This question was asked in another course.")
    return found


def _page(request: HttpRequest, queue: escalation_page.Queue, status: int = 200) -> HttpResponse:
    context = {"course": Course.objects.get(pk=request.visit.course_id), "queue": queue}
    return render(request, "attempts/escalations.html", context, status=status)


def _at(asked) -> int:
    """The resource link to look at; the whole course where none is named."""
    at = asked.get("at", "")
    return int(at) if at.isascii() and at.isdecimal() and len(at) < 10 else 0


def _address(request: HttpRequest) -> str:
    at = _at(request.POST)
    return reverse("escalations:page", args=[request.visit.id]) + (escalation_page.query("waiting", at) if at else "")


def _back(request: HttpRequest, escalation: Escalation) -> HttpResponse:
    return redirect(f"{_address(request)}#question-{escalation.pk}")
