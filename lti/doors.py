"""The LMS's doors: login, launch and key set."""

import functools
import logging
import time
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from coachtool.attempts import access
from coachtool.site.responses import SeeOther
from lti import browser_session, claims, keys, limits, logins, messages, plumbing
from lti.models import LoginState
from lti.refusals import Refusal

log = logging.getLogger(__name__)


def door(name: str) -> Callable:
    """View decorator: requests are counted as those of this door; a Refusal becomes a page that says what to do."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            try:
                limits.arrived(request, name)
                return view(request, *args, **kwargs)
            except limits.TooMany as busy:
                log.warning("%s: %s", request.path, busy)
                response = render(request, "lti/busy.html", {"seconds": busy.seconds}, status=429)
                response.headers["Retry-After"] = str(busy.seconds)
            except Refusal as refusal:
                log.warning("%s refused: %s", request.path, refusal)
                response = _refused(request, refusal)
            # It carries nothing to decide on, and no platform is known to be the right frame.
            response.frame_ancestors = "*"
            return response

        return wrapper

    return decorate


@csrf_exempt
@never_cache
@door("login")
def login(request: HttpRequest) -> HttpResponse:
    """A platform begins a login (Security Framework 5.1.1.1): remember it, then see whether cookies come back.

    Where the LMS offers a storage, the browser takes the secret along in the
    fragment, which no server gets to see, for the page that may have to store it.
    """
    given = request.POST.dict() if request.method == "POST" else request.GET.dict()
    begun = logins.begin(given)
    browser_session.ensure(request)
    query = {"state": begun.state} | ({"window": "1"} if given.get("window") else {})
    fragment = f"#{begun.secret}" if begun.has_storage else ""
    response = SeeOther(f"{reverse('lti:continue')}?{urlencode(query)}{fragment}")
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
@door("continue")
def proceed(request: HttpRequest) -> HttpResponse:
    """On to the platform, if the browser kept our cookie, or once the platform keeps the login's secret for us.

    Asked before the platform is, because it answers a login hint only once.
    """
    state = request.GET.get("state", "")
    login = logins.pending(state)
    if login is None:
        visit = _visit_of(request, state)
        if visit is not None:
            return SeeOther(f"/v/{visit.id}/")
        raise Refusal("state_spent", "continue: no login under way has this state")
    if logins.is_bound(login, request):
        # An empty fragment of its own, or the browser would hand the one with the secret on.
        return HttpResponseRedirect(login.auth_url + ("#" if login.storage_target else ""))
    if login.storage_target:
        return _by_storage(request, login, "keep", onward=login.auth_url)
    return _new_window(request, login)


@csrf_exempt
@never_cache
@door("launch")
def launch(request: HttpRequest) -> HttpResponse:
    """The platform's answer: let one verified launch in, exactly once."""
    if request.method != "POST":
        raise Refusal("launch_incomplete", "not a POST")
    state, id_token = request.POST.get("state", ""), request.POST.get("id_token", "")
    if request.POST.get("error"):
        raise Refusal("platform_refused", f"the platform answered {request.POST['error'][:80]!r}")
    if not state or not id_token:
        raise Refusal("launch_incomplete", "state or id_token is missing")
    spent = logins.spend(state, request, _stored(request))
    if spent is None:
        return _not_bound(request, state, id_token)
    request.login = spent
    wanted = claims.Expected(
        spent.registration.issuer,
        spent.registration.client_id,
        spent.nonce,
        spent.target_link_uri,
        spent.deployment_id,
    )
    verified = plumbing.verified_claims(spent.registration, id_token)
    request.way_back = _return_url(verified)
    found = claims.read(verified, wanted, time.time())
    response = messages.let_in(request, spent.registration, found)
    response.delete_cookie(logins.cookie_name(state), path=logins.cookie_path(), samesite="None")
    response.cookies[logins.cookie_name(state)].update({"secure": True, "httponly": True})
    return response


@require_GET
def jwks(request: HttpRequest) -> JsonResponse:
    """The tool's public keys."""
    response = JsonResponse(keys.key_set())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _stored(request: HttpRequest) -> str:
    """The secret that our own page got out of the LMS's storage.

    Whoever began a login elsewhere knows its secret too; only a page of ours may
    say it, or they could make this browser enter as themselves.
    """
    stored = request.POST.get("stored", "")
    if stored and request.headers.get("Origin") != claims.origin(settings.URL):
        raise Refusal("other_browser", "the stored secret was not sent by a page of ours")
    return stored


def _not_bound(request: HttpRequest, state: str, id_token: str) -> HttpResponse:
    """An answer that takes no login: one that was used, or whose browser did not bring its secret (yet)."""
    login = logins.pending(state)
    if login is None:
        raise Refusal("state_spent", "launch: no login under way has this state")
    asked_before = "stored" in request.POST
    if login.storage_target and not asked_before and not logins.cookie_secret(state, request):
        return _by_storage(request, login, "fetch", answer={"state": state, "id_token": id_token})
    return _new_window(request, login)


def _by_storage(
    request: HttpRequest, login: LoginState, task: str, onward: str = "", answer: dict[str, str] | None = None
) -> HttpResponse:
    """A page that asks the LMS to keep the login's secret, or for the secret that it keeps; else offers a window."""
    told = {
        "task": task,
        "key": logins.cookie_name(login.state),
        "target": login.storage_target,
        "origin": claims.origin(login.registration.auth_login_url),
        "onward": onward,
    }
    context = {"told": told, "answer": answer or {}, "again": _again(login), "asked": answer is not None}
    response = render(request, "lti/storage.html", context)
    response.frame_ancestors = _framed_by(login)
    return response


def _new_window(request: HttpRequest, login: LoginState) -> HttpResponse:
    """The browser did not bring our cookie back: third-party cookies are blocked, or it is another browser."""
    tried = bool(request.GET.get("window"))
    log.info("%s: no cookie for registration %s%s", request.path, login.registration_id, ", new window" * tried)
    asked = request.method == "POST"
    context = {"again": _again(login), "tried": tried, "asked": asked}
    response = render(request, "lti/new_window.html", context, status=403)
    response.frame_ancestors = _framed_by(login)
    return response


def _again(login: LoginState) -> str:
    """Where the same login begins once more, in a window of its own."""
    return f"{reverse('lti:login')}?{urlencode({**login.params, 'window': '1'})}"


def _framed_by(login: LoginState) -> str:
    """Who may frame a page that comes before the launch tells the LMS's own address.

    Where the issuer is another site than the one that authenticates, many schools
    share both (Canvas, Blackboard), and the school's address is not known yet.
    """
    registration = login.registration
    authenticates = claims.origin(registration.auth_login_url)
    shared = authenticates != claims.origin(registration.issuer)
    return "*" if shared else authenticates or "'none'"


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    visit = None
    if refusal.code == "state_spent":
        visit = _visit_of(request, request.POST.get("state", ""))
    if visit is None:
        limits.refused(request)
    way_back = visit.return_url if visit else getattr(request, "way_back", "")
    context = {"refusal": refusal, "visit": visit, "return_url": way_back}
    return render(request, "lti/refused.html", context, status=refusal.wording.status)


def _visit_of(request: HttpRequest, state: str) -> access.Visit | None:
    """The visit to which this browser's login led, for the back button and a page that is sent again."""
    try:
        return access.find(request.session, browser_session.led_to(request.session, state))
    except access.NotAdmitted:
        return None


def _return_url(verified: dict) -> str:
    """The way back to the LMS, of a token that the LMS signed, whatever else may be wrong with it."""
    presentation = verified.get(claims.LTI + "launch_presentation")
    url = presentation.get("return_url") if isinstance(presentation, dict) else None
    return url if isinstance(url, str) and claims.origin(url) and len(url) <= 2000 else ""
