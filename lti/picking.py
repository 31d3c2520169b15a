"""The picker: an instructor chooses the activity of a place, or what the LMS's own picker shall add to the course."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts.access import NotAdmitted, Visit, admitted
from coachtool.attempts.models import Attempt, Course, Person, ResourceLink
from lti import deep_linking, offers, reviewing
from lti.claims import origin
from lti.offers import Offer

_FILTERED_FROM = 7  # activities; fewer are seen at a glance


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def activities(request: HttpRequest) -> HttpResponse:
    """Everything that may be placed, and the way to something new."""
    return _shown(request)


@require_POST
@cache_control(private=True, no_cache=True)
@admitted("instructor", anywhere=True)
def use(request: HttpRequest) -> HttpResponse:
    """Place what was chosen: at this link, or by answering the LMS."""
    visit = request.visit
    offered = offers.all_of(Course.objects.get(pk=visit.course_id))
    slugs = list(dict.fromkeys(request.POST.getlist("activity")))
    if not slugs or any(slug not in offered for slug in slugs):
        return _shown(request, problem="Choose one of the activities below; what you chose is not offered here.")
    chosen = [offered[slug] for slug in slugs]
    if visit.placing:
        return _answer(request, chosen)
    if len(chosen) > 1:
        return _shown(request, problem="One place has one activity: choose a single one.")
    return _place(request, chosen[0])


@require_POST
@cache_control(private=True, no_cache=True)
@admitted("instructor", anywhere=True)
def none(request: HttpRequest) -> HttpResponse:
    """Back to the LMS without choosing anything."""
    if not request.visit.placing:
        return redirect("picking:activities", request.visit.id)
    return _answer(request, [])


@require_safe
@never_cache
@admitted("learner", "instructor", anywhere=True)
def submission(request: HttpRequest, person_id: int) -> HttpResponse:
    """What a learner did at this link, from the LMS's gradebook: the report of the attempt that counts."""
    visit = request.visit
    if visit.resource_link_id is None or (visit.role != "instructor" and visit.person_id != person_id):
        raise NotAdmitted("You can open your own conversations only.")
    link = ResourceLink.objects.select_related("course").get(pk=visit.resource_link_id)
    of_course = Q(enrolments__course=link.course) | Q(attempts__resource_link__course=link.course)
    learner = Person.objects.filter(of_course, pk=person_id).first()
    if learner is None:
        raise NotAdmitted("This learner belongs to another course.")
    attempt = reviewing.counting_attempt(link.pk, learner.pk)
    if attempt is not None:
        return redirect("attempts:report", visit.id, attempt.pk)
    begun = Attempt.objects.filter(resource_link=link, learner=learner, state=Attempt.State.LIVE, graded=True)
    context = {"link": link, "learner": learner, "begun": begun.exists(), "own": visit.person_id == learner.pk}
    return render(request, "lti/picking_no_submission.html", context)


def _shown(request: HttpRequest, problem: str = "") -> HttpResponse:
    visit = request.visit
    course = Course.objects.get(pk=visit.course_id)
    own, ready = offers.own(course), offers.ready()
    fields = sorted({offer.brief.field for offer in (*own, *ready) if offer.brief.field})
    context = {
        "course": course,
        "own": own,
        "ready": ready,
        "unfinished": offers.unfinished(course),
        "fields": fields if len(own) + len(ready) >= _FILTERED_FROM else [],
        "problem": problem,
        "now": None,
    }
    try:
        context |= _at_picker(visit) if visit.placing else _at_link(visit)
    except deep_linking.Expired:
        return _expired(request)
    return render(request, "lti/picking.html", context, status=422 if problem else 200)


def _at_picker(visit: Visit) -> dict:
    settings = deep_linking.settings_of(deep_linking.waiting(visit))
    return {"placing": True, "several": settings.accept_multiple, "graded": settings.accept_lineitem}


def _at_link(visit: Visit) -> dict:
    link = _link(visit)
    now = link.activity
    return {
        "placing": False,
        "link": link,
        "now": now,
        "now_brief": now.latest.brief if now else None,
        "attempts_made": _attempts_made(link),
    }


def _place(request: HttpRequest, offer: Offer) -> HttpResponse:
    link = _link(request.visit)
    before = link.activity
    if before is not None and before.pk == offer.activity.pk:
        messages.info(request, f"“{offer.brief.title}” is in place already; nothing has changed.")
        return redirect("attempts:attempts", request.visit.id)
    link.activity = offer.activity
    link.save(update_fields=["activity"])
    messages.success(request, _placed_words(request.visit, link, offer))
    return redirect("attempts:attempts", request.visit.id)


def _placed_words(visit: Visit, link: ResourceLink, offer: Offer) -> str:
    """What the instructor reads next, as HTML."""
    said = f"From now on learners here talk with {offer.brief.persona.name}: “{offer.brief.title}”."
    made = _attempts_made(link)
    if made:
        those = "The attempt already made stays" if made == 1 else f"The {made} attempts already made stay"
        said += f" {those} with the activity {'it was' if made == 1 else 'they were'} made on."
    back = reverse("picking:activities", args=[visit.id])
    return format_html('{} <a href="{}">Choose another one</a>', said, back)


def _answer(request: HttpRequest, chosen: list[Offer]) -> HttpResponse:
    """The page that carries the signed response to the LMS."""
    try:
        waiting = deep_linking.waiting(request.visit)
    except deep_linking.Expired:
        return _expired(request)
    settings = deep_linking.settings_of(waiting)
    if len(chosen) > 1 and not settings.accept_multiple:
        return _shown(request, problem="Your LMS takes one activity at a time: choose a single one.")
    context = {
        "chosen": chosen,
        "return_url": settings.return_url,
        "answer": deep_linking.answer(waiting, [offer.activity for offer in chosen], _said_to_lms(chosen)),
        "platform": waiting.deployment.tenant.name,
    }
    response = render(request, "lti/picking_answer.html", context)
    response.form_action = origin(settings.return_url)
    return response


def _said_to_lms(chosen: list[Offer]) -> str:
    if not chosen:
        return "No activity was chosen."
    if len(chosen) == 1:
        return f"“{chosen[0].brief.title}” was added."
    return f"{len(chosen)} activities were added."


def _expired(request: HttpRequest) -> HttpResponse:
    return render(request, "lti/picking_expired.html", status=410)


def _link(visit: Visit) -> ResourceLink:
    link = ResourceLink.objects.select_related("activity", "course").filter(pk=visit.resource_link_id).first()
    if link is None or link.preview:
        raise NotAdmitted("You are trying an activity out. Choose activities for your course from the course itself.")
    return link


def _attempts_made(link: ResourceLink) -> int:
    return Attempt.objects.filter(resource_link=link, started__isnull=False).count()
