"""The launch, seen from the platform: begin the login, judge the authentication request, sign the id_token."""

import secrets
import time
from datetime import timedelta

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from lti.rsa_keys import public_jwk
from lti.sandbox import people, platform
from lti.sandbox.judge import Wrong, judged
from lti.sandbox.models import Launch, PlatformKey, ResourceLink, UsedNonce, User

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_LASTS = 60  # seconds, as with Moodle
_HINT_LASTS = timedelta(minutes=5)
_FIXED = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}


@never_cache
def begin(request: HttpRequest, course_id: int, slug: str) -> HttpResponse:
    """Send the browser to the tool's login (Security Framework 1.0, section 5.1.1.1)."""
    user = people.viewer(request)
    if user is None:
        return redirect("/")
    link = get_object_or_404(ResourceLink, slug=slug, course_id=course_id)
    launch = Launch.objects.create(hint=secrets.token_urlsafe(24), user=user, link=link)
    fields = {
        "iss": settings.URL,
        "target_link_uri": platform.tool_launch_url(),
        "login_hint": user.sub,
        "lti_message_hint": launch.hint,
        "client_id": settings.CLIENT_ID,
        "lti_deployment_id": settings.DEPLOYMENT_ID,
    }
    return render(
        request, "sandbox/submit.html", {"action": platform.tool_login_url(), "fields": fields, "title": link.title}
    )


@never_cache
@judged("auth")
def authenticate(request: HttpRequest) -> HttpResponse:
    """The authorisation endpoint (OpenID Connect Core 3.2.2.1 as LTI restricts it)."""
    given = request.POST if request.method == "POST" else request.GET
    if given.get("client_id") != settings.CLIENT_ID:
        raise Wrong(400, "client_id is not registered", "unauthorized_client")
    if given.get("redirect_uri") != platform.tool_launch_url():
        raise Wrong(400, "redirect_uri is not registered exactly so")
    for name, value in _FIXED.items():
        if given.get(name) != value:
            raise Wrong(400, f"{name} is not {value}")
    if not given.get("state"):
        raise Wrong(400, "state is missing")
    nonce = given.get("nonce", "")
    if not 8 <= len(nonce) <= 255:
        raise Wrong(400, "nonce is missing, or too short to be one")
    launch = _hinted(given.get("lti_message_hint", ""), given.get("login_hint", ""))
    try:
        with transaction.atomic():
            UsedNonce.objects.create(nonce=nonce)
    except IntegrityError:
        raise Wrong(400, "nonce has been used before") from None
    user = people.viewer(request)
    if user is None or user.pk != launch.user_id:
        fields = {"error": "login_required", "state": given["state"]}
    elif not Launch.objects.filter(pk=launch.pk, answered=None).update(answered=timezone.now()):
        raise Wrong(400, "lti_message_hint has been answered before")
    else:
        fields = {"id_token": id_token(launch.link, user, nonce), "state": given["state"]}
    return render(
        request,
        "sandbox/submit.html",
        {"action": platform.tool_launch_url(), "fields": fields, "title": launch.link.title},
    )


def jwks(request: HttpRequest) -> HttpResponse:
    """The platform's public keys."""
    platform.key()
    return JsonResponse({"keys": [public_jwk(key.private_pem) for key in PlatformKey.objects.all()]})


def _hinted(hint: str, login_hint: str) -> Launch:
    launch = Launch.objects.select_related("user", "link__course").filter(hint=hint).first() if hint else None
    if launch is None or launch.begun < timezone.now() - _HINT_LASTS:
        raise Wrong(400, "lti_message_hint is missing, unknown or too old")
    if launch.user.sub != login_hint:
        raise Wrong(400, "login_hint is not the one that was given with this lti_message_hint")
    return launch


def id_token(link: ResourceLink, user: User, nonce: str) -> str:
    """A resource link launch with the claims that Moodle 4.5 sends, signed RS256."""
    now = int(time.time())
    course = link.course
    lineitems = platform.url(f"/lti/courses/{course.pk}/lineitems")
    claims = {
        "nonce": nonce,
        "iat": now,
        "exp": now + _LASTS,
        "iss": settings.URL,
        "aud": settings.CLIENT_ID,
        LTI + "deployment_id": settings.DEPLOYMENT_ID,
        LTI + "target_link_uri": platform.tool_launch_url(),
        "sub": user.sub,
        LTI + "lis": {"person_sourcedid": "", "course_section_sourcedid": ""},
        LTI + "roles": [MEMBERSHIP + ("Instructor" if user.instructor else "Learner")],
        LTI + "context": {
            "id": str(course.pk),
            "label": course.label,
            "title": course.title,
            "type": ["CourseSection"],
        },
        LTI + "message_type": "LtiResourceLinkRequest",
        LTI + "resource_link": {"title": link.title, "description": link.description, "id": str(link.pk)},
        "given_name": user.given_name,
        "family_name": user.family_name,
        "name": str(user),
        "email": f"{user.username}@example.invalid",
        LTI + "ext": {"user_username": user.username, "lms": "sandbox"},
        LTI + "launch_presentation": {
            "locale": "en",
            "document_target": "iframe",
            "return_url": platform.url(f"/courses/{course.pk}/"),
        },
        LTI + "tool_platform": {
            "product_family_code": "coachtool-sandbox",
            "version": "1",
            "guid": "coachtool-sandbox",
            "name": "Sandbox LMS",
        },
        LTI + "version": "1.3.0",
        LTI + "custom": link.custom,
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": list(platform.SCOPES),
            "lineitems": f"{lineitems}?type_id={settings.DEPLOYMENT_ID}",
            "lineitem": f"{lineitems}/{link.item.pk}/lineitem?type_id={settings.DEPLOYMENT_ID}",
        },
    }
    key = platform.key()
    return jwt.encode(claims, key.private_pem, algorithm="RS256", headers={"kid": key.kid})
