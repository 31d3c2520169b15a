"""The LMS's doors: login, launch, key set, and the page on which an instructor picks an activity."""

import functools
import logging
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from coachtool.activities.models import Activity
from coachtool.attempts import access
from coachtool.attempts.models import Course, Person
from lti import browser_session, claims, keys, logins, placement, plumbing
from lti.models import Registration
from lti.refusals import Refusal

log = logging.getLogger(__name__)
_UNPLACED = "lti_unplaced"  # launches of instructors that wait for an activity to be picked
_UNPLACED_KEPT = 10


class SeeOther(HttpResponseRedirect):
    status_code = 303


def refuses(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: a Refusal becomes a page that says what happened and what to do."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            log.warning("%s refused: %s", request.path, refusal)
            response = render(request, "lti/refused.html", {"refusal": refusal}, status=refusal.wording.status)
            # It carries nothing to click on, and no platform is known to be the right frame.
            response.frame_ancestors = "*"
            return response

    return wrapper


@csrf_exempt
@never_cache
@refuses
def login(request: HttpRequest) -> HttpResponse:
    """A platform begins a login (Security Framework 5.1.1.1): remember it, then see whether cookies come back."""
    given = request.POST.dict() if request.method == "POST" else request.GET.dict()
    begun = logins.begin(given)
    browser_session.ensure(request)
    query = {"state": begun.state} | ({"window": "1"} if given.get("window") else {})
    response = SeeOther(f"{reverse('lti:continue')}?{urlencode(query)}")
    response.set_cookie(
        logins.cookie_name(begun.state),
        begun.secret,
        max_age=int(logins.LIFETIME.total_seconds()),
        path=logins.cookie_path(),
        secure=True,
        httponly=True,
        samesite="None",
    )
    return response


@require_GET
@never_cache
@refuses
def proceed(request: HttpRequest) -> HttpResponse:
    """On to the platform, if the browser kept our cookie.

    Asked before the platform is, because it answers a login hint only once.
    """
    login = logins.pending(request.GET.get("state", ""))
    if login is None:
        raise Refusal("state_spent", "continue: no login under way has this state")
    if not logins.is_bound(login, request):
        return _new_window(request, login)
    return HttpResponseRedirect(login.auth_url)


@csrf_exempt
@never_cache
@refuses
def launch(request: HttpRequest) -> HttpResponse:
    """The platform's answer: let one verified launch in, exactly once."""
    if request.method != "POST":
        raise Refusal("launch_incomplete", "not a POST")
    state, id_token = request.POST.get("state", ""), request.POST.get("id_token", "")
    if request.POST.get("error"):
        raise Refusal("platform_refused", f"the platform answered {request.POST['error'][:80]!r}")
    if not state or not id_token:
        raise Refusal("launch_incomplete", "state or id_token is missing")
    spent = logins.spend(state, request)
    if spent is None:
        login = logins.pending(state)
        if login is None:
            raise Refusal("state_spent", "launch: no login under way has this state")
        return _new_window(request, login)
    wanted = claims.Expected(
        spent.registration.issuer,
        spent.registration.client_id,
        spent.nonce,
        spent.target_link_uri,
        spent.deployment_id,
    )
    verified = plumbing.verified_claims(spent.registration, id_token)
    found = claims.read(verified, wanted, time.time())
    response = _let_in(request, spent.registration, found)
    response.delete_cookie(logins.cookie_name(state), path=logins.cookie_path(), samesite="None")
    response.cookies[logins.cookie_name(state)]["secure"] = True
    return response


@never_cache
@refuses
def place(request: HttpRequest, token: str) -> HttpResponse:
    """An instructor picks the activity of a resource link that the LMS says nothing about."""
    waiting = request.session.get(_UNPLACED, {}).get(token)
    if waiting is None:
        raise Refusal("state_spent", "no launch waits for an activity here")
    activities = Activity.objects.filter(versions__isnull=False).distinct().order_by("title")
    chosen = activities.filter(slug=request.POST.get("activity", "")).first() if request.method == "POST" else None
    if chosen is None:
        context = {
            "activities": activities,
            "title": waiting["link_title"],
            "problem": "Pick one of the activities." if request.method == "POST" else "",
        }
        response = render(request, "lti/place.html", context, status=400 if request.method == "POST" else 200)
        response.frame_ancestors = waiting["frame_origin"] or "'none'"
        return response
    course = Course.objects.get(pk=waiting["course"])
    person = Person.objects.get(pk=waiting["person"])
    link = placement.link_to(course, waiting["link"], waiting["link_title"], chosen)
    if waiting["grades"]:
        registration = Registration.objects.get(pk=waiting["registration"])
        lineitem, scopes = waiting["grades"]
        placement.keep_grade_service(link, registration, claims.Endpoint(lineitem, tuple(scopes)))
    with browser_session.alone(request) as session:
        session[_UNPLACED] = {key: kept for key, kept in session.get(_UNPLACED, {}).items() if key != token}
        visit = access.admit(
            session,
            person=person,
            resource_link=link,
            role="instructor",
            graded=False,
            return_url=waiting["return_url"],
            frame_origin=waiting["frame_origin"],
        )
    return _go(request, f"/v/{visit.id}/")


@require_GET
def jwks(request: HttpRequest) -> JsonResponse:
    """The tool's public keys."""
    response = JsonResponse(keys.key_set())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _let_in(request: HttpRequest, registration: Registration, found: claims.Launch) -> HttpResponse:
    frame = placement.frame_origin(registration, found)
    placed = placement.place(registration, found)
    if placed is None:
        response = render(request, "lti/not_set_up.html", {"return_url": found.return_url}, status=409)
        response.frame_ancestors = frame or "'none'"
        return response
    if placed.resource_link is None:
        return _wait_for_activity(request, registration, found, placed, frame)
    with browser_session.alone(request) as session:
        visit = access.admit(
            session,
            person=placed.person,
            resource_link=placed.resource_link,
            role=found.role,
            graded=found.role == "learner" and found.subject is not None,
            return_url=found.return_url,
            frame_origin=frame,
        )
    return _go(request, f"/v/{visit.id}/")


def _wait_for_activity(
    request: HttpRequest,
    registration: Registration,
    found: claims.Launch,
    placed: placement.Placed,
    frame: str,
) -> HttpResponse:
    token = secrets.token_urlsafe(9)
    with browser_session.alone(request) as session:
        others = list(session.get(_UNPLACED, {}).items())[-_UNPLACED_KEPT + 1 :]
        session[_UNPLACED] = dict(others) | {
            token: {
                "registration": registration.pk,
                "course": placed.course.pk,
                "person": placed.person.pk,
                "link": found.resource_link_id,
                "link_title": found.resource_link_title,
                "grades": [found.grades.lineitem, list(found.grades.scopes)] if found.grades else None,
                "return_url": found.return_url,
                "frame_origin": frame,
            }
        }
    return _go(request, reverse("lti:place", args=[token]))


def _go(request: HttpRequest, path: str) -> HttpResponse:
    response = SeeOther(path)
    browser_session.send_cookie(response, request.session)
    return response


def _new_window(request: HttpRequest, login) -> HttpResponse:
    """The browser did not bring our cookie back: third-party cookies are blocked, or it is another browser."""
    again = f"{reverse('lti:login')}?{urlencode({**login.params, 'window': '1'})}"
    tried = bool(request.GET.get("window"))
    log.info("%s: no cookie for registration %s%s", request.path, login.registration_id, ", new window" * tried)
    response = render(request, "lti/new_window.html", {"again": again, "tried": tried}, status=403)
    response.frame_ancestors = claims.origin(login.registration.auth_login_url) or "'none'"
    return response
