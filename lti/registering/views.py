"""The registration pages. An invitation's secret in the path is what lets somebody in; there are no accounts here."""

import functools
import logging
from collections.abc import Callable

import httpx
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from coachtool.site.responses import SeeOther
from lti import platform_keys
from lti.doors import door
from lti.models import Invitation, Registration
from lti.registering import dynamic, invitations, keeping, presets, tool
from lti.registering.failures import Failed
from lti.registering.form import RegistrationForm, initial
from lti.registering.state import hints, missing, state

log = logging.getLogger(__name__)


def invited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: the path's `secret` becomes the `Invitation` that the view gets; without one, a page says so."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, secret: str, *args, **kwargs) -> HttpResponse:
        invitation = invitations.find(secret)
        if invitation is None:
            return _failed(request, Failed("invitation"))
        request.secret = secret
        return view(request, invitation, *args, **kwargs)

    return wrapper


def _frameable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: the platform opens it in a frame, and a Failed becomes a page."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Failed as failure:
            log.warning("registration failed: %s", failure)
            response = _failed(request, failure)
        # Canvas frames it from each school's own host, which nothing tells us; all one can click is "close".
        response.frame_ancestors = "*"
        return response

    return wrapper


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Every URL to copy and what to do in each LMS; for everybody."""
    return render(request, "lti/registration.html", _common())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@invited
def invitation(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The same with an invitation: the Dynamic Registration URL, the form, and how the registration stands."""
    if request.method == "POST":
        form = RegistrationForm(request.POST)
        if form.is_valid() and form.check_platform() and (made := _keep(form, invitation)) is not None:
            words = "Your LMS is connected." if made else "The connection is brought up to date."
            messages.success(request, words)
            return SeeOther(reverse("lti:invited", args=[request.secret]) + "#state")
        return _invitation_page(request, invitation, form, status=422)
    return _invitation_page(request, invitation, _prefilled(request, invitation))


@never_cache
@require_GET
@door("registration")
@_frameable
@invited
def register(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Dynamic Registration, as the platform opens it."""
    return _register(request, invitation)


@never_cache
@require_GET
@door("registration")
@_frameable
def register_open(request: HttpRequest) -> HttpResponse:
    """The same without an invitation, where the site allows it; the registration stays inactive."""
    if not settings.OPEN_REGISTRATION:
        raise Failed("closed")
    return _register(request, None)


@never_cache
@require_POST
@invited
def deployment(request: HttpRequest, invitation: Invitation, pk: int) -> HttpResponse:
    """Switch one deployment on or off."""
    registration = _registered(invitation)
    found = get_object_or_404(registration.deployments, pk=pk)
    found.is_active = request.POST.get("active") == "1"
    found.save(update_fields=["is_active"])
    log.info("deployment %s switched %s by invitation %s", found.pk, "on" if found.is_active else "off", invitation.pk)
    words = "may launch again" if found.is_active else "can no longer launch"
    messages.success(request, f"Deployment {found.deployment_id} {words}.")
    return SeeOther(reverse("lti:invited", args=[request.secret]) + "#deployments")


@never_cache
@require_POST
@invited
def new_deployments(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Whether deployments that were not seen before may launch."""
    registration = _registered(invitation)
    registration.learns_deployments = request.POST.get("learn") == "1"
    registration.save(update_fields=["learns_deployments"])
    taken = registration.learns_deployments
    words = "are taken at their first launch" if taken else "are refused"
    messages.success(request, f"New deployments {words} from now on.")
    return SeeOther(reverse("lti:invited", args=[request.secret]) + "#deployments")


@never_cache
@require_POST
@invited
def fetch_keys(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Fetch the platform's keys now."""
    registration = _registered(invitation)
    if not registration.jwks_url:
        raise Http404
    try:
        found = len(platform_keys.usable(platform_keys.refresh(registration)))
        messages.success(request, f"Fetched {found} key{'' if found == 1 else 's'} that can sign a launch.")
    except (httpx.HTTPError, ValueError) as problem:
        messages.error(request, f"The keys could not be fetched: {problem}.")
    return SeeOther(reverse("lti:invited", args=[request.secret]) + "#state")


@require_GET
def canvas_key(request: HttpRequest) -> JsonResponse:
    """The JSON of an LTI key in Canvas."""
    response = JsonResponse(tool.canvas_key(), json_dumps_params={"indent": 2})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _register(request: HttpRequest, invitation: Invitation | None) -> HttpResponse:
    url, token = request.GET.get("openid_configuration", ""), request.GET.get("registration_token", "")
    if len(token) > 8000 or not token.isascii() or not token.isprintable():
        raise Failed("token_refused", "It is malformed.")
    registered = dynamic.register(url, token, invitation)
    registration = registered.registration
    context = {
        "registered": registered,
        "registration": registration,
        "missing": missing(frozenset(registration.scopes)),
        "hints": hints(registration),
    }
    return render(request, "lti/registration_done.html", context)


def _registered(invitation: Invitation) -> Registration:
    if invitation.registration is None:
        raise Http404
    return invitation.registration


def _keep(form: RegistrationForm, invitation: Invitation) -> bool | None:
    """Whether the registration is new; None where it may not be kept, which the form then says."""
    try:
        registration, made = keeping.keep(form.platform(), Registration.By.HAND, invitation, replaces=True)
    except keeping.Taken:
        form.add_error(
            "client_id",
            "This client ID is connected already. To change that connection, "
            "ask whoever runs this tool for an invitation to it.",
        )
        return None
    except keeping.OtherPlatform as other:
        form.add_error(
            "issuer", f"This invitation has connected {other.issuer}; another LMS needs an invitation of its own."
        )
        return None
    if registration.jwks_url:
        try:
            platform_keys.refresh(registration)
        except (httpx.HTTPError, ValueError) as problem:  # it answered a moment ago; the first launch asks again
            log.warning("registration %s: key set not fetched: %r", registration.pk, problem)
    return made


def _prefilled(request: HttpRequest, invitation: Invitation) -> RegistrationForm:
    """The form with what is registered, or with the addresses of the LMS that was chosen."""
    preset = next((preset for preset in presets.PRESETS if preset.key == request.GET.get("lms")), None)
    if preset is not None:
        site = presets.site_address(request.GET.get("site", ""))
        if site or not preset.needs_site:
            return RegistrationForm(initial=preset.filled(site))
    return RegistrationForm(initial=initial(invitation.registration) if invitation.registration else None)


def _invitation_page(
    request: HttpRequest, invitation: Invitation, form: RegistrationForm, status: int = 200
) -> HttpResponse:
    secret = request.secret
    context = _common() | {
        "invitation": invitation,
        "secret": secret,
        "registration_url": settings.URL + reverse("lti:register", args=[secret]),
        "state": state(invitation.registration) if invitation.registration else None,
        "form": form,
        "presets": presets.PRESETS,
        "lms": request.GET.get("lms", ""),
        "site": request.GET.get("site", ""),
    }
    return render(request, "lti/registration.html", context, status=status)


def _common() -> dict:
    return {"tool": tool, "addresses": tool.addresses(), "scopes": tool.SCOPES, "custom": tool.CUSTOM}


def _failed(request: HttpRequest, failure: Failed) -> HttpResponse:
    return render(request, "lti/registration_failed.html", {"failure": failure}, status=failure.wording.status)
