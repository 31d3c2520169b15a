"""What each verified message becomes: a visit, and the page where it begins."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from coachtool.attempts import enrolments
from lti import claims, deep_linking, placement, reviewing, roster
from lti.models import Registration
from lti.refusals import WORDINGS
from lti.way_in import arrive


def let_in(request: HttpRequest, registration: Registration, found: claims.Message) -> HttpResponse:
    """Admit a verified message; raises Refusal where its deployment, role or course does not allow it."""
    match found:
        case claims.DeepLinking():
            response = _pick(request, registration, found)
        case claims.SubmissionReview():
            response = _review(request, registration, found)
        case claims.Launch():
            response = _launch(request, registration, found)
    placement.learn_product(registration, found)
    return response


def _launch(request: HttpRequest, registration: Registration, found: claims.Launch) -> HttpResponse:
    attempt = reviewing.named_attempt(registration, found)
    if attempt is not None:
        person = placement.person_of(attempt.resource_link.course.tenant, found)
        visit = _visit(registration, found, person=person, resource_link=attempt.resource_link)
        return arrive(request, onward=f"attempts/{attempt.pk}/report/", **visit)
    placed = placement.place(registration, found)
    if placed is None:
        response = render(request, "lti/not_set_up.html", {"return_url": found.return_url}, status=409)
        response.frame_ancestors = placement.frame_origin(registration, found) or "'none'"
        return response
    roster.came_in(placed.course, placed.person, found.role, anonymous=found.subject is None)
    visit = _visit(registration, found, person=placed.person, resource_link=placed.resource_link)
    # An attempt that is named and not to be seen: its page says so.
    return arrive(request, onward=f"attempts/{found.attempt}/report/" if found.attempt else "", **visit)


def _pick(request: HttpRequest, registration: Registration, found: claims.DeepLinking) -> HttpResponse:
    placement.check_deployment(registration, found)
    problem = "deep_linking_role" if found.role != "instructor" else found.problem
    if problem:
        return _cannot_pick(request, registration, found, problem)
    picking = placement.pick(registration, found)
    roster.came_in(picking.course, picking.person, found.role, anonymous=found.subject is None)
    waiting = deep_linking.remember(picking, found.settings)
    visit = _visit(registration, found, person=picking.person, course=picking.course)
    return arrive(request, onward="activities/", placing=waiting.key, **visit)


def _cannot_pick(
    request: HttpRequest, registration: Registration, found: claims.DeepLinking, problem: str
) -> HttpResponse:
    wording = WORDINGS[problem]
    context = {
        "wording": wording,
        "code": problem,
        "return_url": found.settings.return_url,
        "answer": deep_linking.refuse(registration, found, f"{wording.happened} {wording.remedy}"),
        "platform": found.platform_name,
    }
    response = render(request, "lti/picking_refused.html", context, status=wording.status)
    response.frame_ancestors = placement.frame_origin(registration, found) or "'none'"
    response.form_action = claims.origin(found.settings.return_url)
    return response


def _review(request: HttpRequest, registration: Registration, found: claims.SubmissionReview) -> HttpResponse:
    reviewed = reviewing.find(registration, found)
    enrolments.spoken_of(reviewed.resource_link.course, reviewed.learner)
    visit = _visit(registration, found, person=reviewed.person, resource_link=reviewed.resource_link)
    return arrive(request, onward=f"submissions/{reviewed.learner.pk}/", **visit)


def _visit(registration: Registration, found: claims.Message, **where) -> dict:
    """The arguments of access.admit that every kind of message has."""
    return {
        **where,
        "role": found.role,
        "graded": found.role == "learner" and found.subject is not None,
        "return_url": found.return_url,
        "frame_origin": placement.frame_origin(registration, found),
    }
