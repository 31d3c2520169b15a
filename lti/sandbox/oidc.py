"""The launch, seen from the platform: begin the login, judge the authentication request, sign the id_token."""

import secrets
import time
from datetime import timedelta

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from lti.rsa_keys import private_key, public_jwk
from lti.sandbox import claims, clients, people, platform, storage
from lti.sandbox.judge import Wrong, judged
from lti.sandbox.models import Launch, PlatformKey, ResourceLink, ToolClient, UsedNonce

_LASTS = 60  # seconds, as with Moodle
_HINT_LASTS = timedelta(minutes=5)
_FIXED = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}


@never_cache
def begin(request: HttpRequest, course_id: int, slug: str) -> HttpResponse:
    """Open an activity; `?target=` opens a submission's address at the tool instead, as Canvas does."""
    user = people.viewer(request)
    if user is None:
        return redirect("/")
    link = get_object_or_404(ResourceLink, slug=slug, course_id=course_id)
    client = clients.find(request.GET.get("client", link.client))
    target = request.GET.get("target", link.url)
    if client is None or (target and not clients.owns(client, target)):
        raise Http404
    return send(request, client, title=link.title, user=user, course=link.course, link=link, target=target)


def send(request: HttpRequest, client: ToolClient, *, title: str, **launch) -> HttpResponse:
    """Send the browser to the tool's login (Security Framework 1.0, section 5.1.1.1); `launch`: fields of Launch."""
    begun = Launch.objects.create(
        hint=secrets.token_urlsafe(24), client="" if client.pk is None else client.client_id, **launch
    )
    fields = {
        "iss": settings.URL,
        "target_link_uri": begun.target or client.target_link_uri,
        "login_hint": begun.user.sub,
        "lti_message_hint": begun.hint,
        "client_id": client.client_id,
        "lti_deployment_id": client.deployment_id,
    }
    if target := storage.target(request.GET.get("storage", "")):
        fields["lti_storage_target"] = target
    return render(request, "sandbox/submit.html", {"action": client.login_url, "fields": fields, "title": title})


@never_cache
@judged("auth")
def authenticate(request: HttpRequest) -> HttpResponse:
    """The authorisation endpoint (OpenID Connect Core 3.2.2.1 as LTI restricts it)."""
    given = request.POST if request.method == "POST" else request.GET
    client = clients.find(given["client_id"]) if given.get("client_id") else None
    if client is None:
        raise Wrong(400, "client_id is not registered", "unauthorized_client")
    redirect_uri = given.get("redirect_uri")
    if redirect_uri not in client.redirect_uris:
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
    if launch.client != ("" if client.pk is None else client.client_id):
        raise Wrong(400, "lti_message_hint was given to another client")
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
        fields = {"id_token": id_token(client, launch, nonce), "state": given["state"]}
    return render(
        request,
        "sandbox/submit.html",
        {"action": redirect_uri, "fields": fields, "title": launch.link.title if launch.link else "the tool"},
    )


def jwks(request: HttpRequest) -> HttpResponse:
    """The platform's public keys."""
    platform.key()
    return JsonResponse({"keys": [public_jwk(key.private_pem) for key in PlatformKey.objects.all()]})


def _hinted(hint: str, login_hint: str) -> Launch:
    launch = (
        Launch.objects.select_related("user", "course", "link__course", "item", "about", "picking")
        .filter(hint=hint)
        .first()
        if hint
        else None
    )
    if launch is None or launch.begun < timezone.now() - _HINT_LASTS:
        raise Wrong(400, "lti_message_hint is missing, unknown or too old")
    if launch.user.sub != login_hint:
        raise Wrong(400, "login_hint is not the one that was given with this lti_message_hint")
    return launch


def id_token(client: ToolClient, launch: Launch, nonce: str) -> str:
    """The launch's message, signed RS256."""
    now = int(time.time())
    token = {
        "nonce": nonce,
        "iat": now,
        "exp": now + _LASTS,
        "iss": settings.URL,
        "aud": client.client_id,
        **claims.of(launch, client),
    }
    key = platform.key()
    return jwt.encode(token, private_key(key.private_pem), algorithm="RS256", headers={"kid": key.kid})
