"""Dynamic Registration, seen from the platform: its configuration, its registration endpoint, its page for tools.

LTI Dynamic Registration 1.0 in two manners. Moodle: the configuration is for
everybody, the tool is pending until somebody activates it, its deployment id
comes with the answer. Canvas: the token is asked for on both calls, what is not
in its schema is refused, scopes may be cut, no deployment id in the answer.
"""

import hashlib
import secrets
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from lti.sandbox import people, platform
from lti.sandbox.judge import Wrong, json_body, judged
from lti.sandbox.models import Course, Manner, RegistrationToken, ToolClient

LASTS = timedelta(hours=1)
_TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_MESSAGES = {
    Manner.MOODLE: {
        "LtiResourceLinkRequest": None,
        "LtiDeepLinkingRequest": ("ContentArea",),
        "LtiSubmissionReviewRequest": None,
    },
    Manner.CANVAS: {
        "LtiResourceLinkRequest": ("course_navigation", "link_selection", "assignment_selection"),
        "LtiDeepLinkingRequest": ("link_selection", "assignment_selection", "editor_button"),
    },
}
_CLAIMS = ("sub", "iss", "name", "given_name", "family_name", "email")
_PRIVACY = ("public", "name_only", "email_only", "anonymous")


def new_token(manner: Manner, withheld: list[str] | None = None) -> str:
    """A registration token: good once, and for an hour."""
    value = secrets.token_urlsafe(32)
    RegistrationToken.objects.create(
        digest=_digest(value), manner=manner, withheld=withheld or [], expires=timezone.now() + LASTS
    )
    return value


@judged("configuration")
def configuration(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0 with LTI's additions."""
    if request.method != "GET":
        raise Wrong(405, "GET only")
    manner = _manner(request)
    if manner == Manner.CANVAS:
        _token(request, manner)
    registration = f"{platform.url('/lti/registration/')}?{urlencode({'manner': manner})}"
    return JsonResponse(
        {
            "issuer": settings.URL,
            "authorization_endpoint": platform.url("/lti/auth/"),
            "token_endpoint": platform.url("/lti/token/"),
            "jwks_uri": platform.url("/lti/jwks/"),
            "registration_endpoint": registration,
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", *platform.SCOPES],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": list(_CLAIMS),
            _PLATFORM: {
                "product_family_code": manner.value,
                "version": "sandbox",
                "messages_supported": [
                    {"type": kind} | ({"placements": list(placements)} if placements else {})
                    for kind, placements in _MESSAGES[manner].items()
                ],
                "variables": ["Context.id.history", "ResourceLink.id.history"],
            },
        }
    )


@judged("registration")
def register(request: HttpRequest) -> HttpResponse:
    """Take one tool's registration; the token is spent by one that is accepted."""
    if request.method != "POST":
        raise Wrong(405, "POST only")
    manner = _manner(request)
    _token(request, manner)
    body = json_body(request, "application/json")
    tool = _judge_client(body)
    _judge_tool(tool, body, manner)
    with transaction.atomic():
        token = RegistrationToken.objects.select_for_update().get(digest=_digest(_bearer(request)))
        if token.spent is not None:
            raise Wrong(401, "the registration token has been used before", "invalid_token")
        client = _keep(body, tool, token)
        token.client, token.spent = client, timezone.now()
        token.save(update_fields=["client", "spent"])
    return JsonResponse(_answer(client, body), status=201 if manner == Manner.MOODLE else 200)


@never_cache
@require_GET
def tools(request: HttpRequest) -> HttpResponse:
    """The tools that registered themselves, and the way to add one."""
    _administrator(request)
    return _tools(request, request.GET.get("url", ""))


@never_cache
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Open the tool's registration URL in a frame, with a new token."""
    _administrator(request)
    url, manner = request.POST.get("url", "").strip(), request.POST.get("manner", "")
    if not url.startswith(settings.TOOL_URL + "/") or manner not in Manner.values:
        problem = f"This LMS frames only the tool that it was started with: {settings.TOOL_URL}/…"
        return _tools(request, url, problem, status=400)
    withheld = [scope for scope in request.POST.getlist("withhold") if scope in platform.SCOPES]
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query), ("openid_configuration", configuration_url(Manner(manner)))]
    query.append(("registration_token", new_token(Manner(manner), withheld)))
    opened = parts._replace(query=urlencode(query)).geturl()
    return render(request, "sandbox/add_tool.html", {"opened": opened})


@never_cache
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Activate a pending tool, or switch it off."""
    _administrator(request)
    client = get_object_or_404(ToolClient, pk=pk)
    client.is_active = request.POST.get("active") == "1"
    client.save(update_fields=["is_active"])
    return redirect("tools")


def configuration_url(manner: Manner) -> str:
    return f"{platform.url('/.well-known/openid-configuration')}?{urlencode({'manner': manner.value})}"


def _tools(request: HttpRequest, url: str, problem: str = "", status: int = 200) -> HttpResponse:
    links = [(course, link) for course in Course.objects.order_by("pk") for link in course.links.order_by("pk")]
    context = {"tools": ToolClient.objects.order_by("-pk"), "links": links, "scopes": platform.SCOPES}
    return render(request, "sandbox/tools.html", context | {"url": url, "problem": problem}, status=status)


def _administrator(request: HttpRequest) -> None:
    user = people.viewer(request)
    if user is None or not user.instructor:
        raise Http404


def _manner(request: HttpRequest) -> Manner:
    try:
        return Manner(request.GET.get("manner", Manner.MOODLE))
    except ValueError:
        raise Wrong(404, "manner is moodle or canvas") from None


def _bearer(request: HttpRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _token(request: HttpRequest, manner: Manner) -> RegistrationToken:
    value = _bearer(request)
    if not value:
        raise Wrong(401, "no registration token in the Authorization header")
    found = RegistrationToken.objects.filter(digest=_digest(value), manner=manner).first()
    if found is None:
        raise Wrong(401, "the registration token is unknown", "invalid_token")
    if found.spent is not None:
        raise Wrong(401, "the registration token has been used before", "invalid_token")
    if found.expires <= timezone.now():
        raise Wrong(401, "the registration token has expired", "invalid_token")
    return found


def _judge_client(body: dict) -> dict:
    """OpenID Connect Dynamic Client Registration as LTI restricts it; the tool's configuration."""
    if body.get("application_type", "web") != "web":
        raise Wrong(400, "application_type is not web", "invalid_client_metadata")
    for name, needed in (("response_types", ("id_token",)), ("grant_types", ("implicit", "client_credentials"))):
        if not _texts(body.get(name)) or set(needed) - set(body[name]):
            raise Wrong(400, f"{name} lacks {' or '.join(needed)}", "invalid_client_metadata")
    if body.get("token_endpoint_auth_method") != "private_key_jwt":
        raise Wrong(400, "token_endpoint_auth_method is not private_key_jwt", "invalid_client_metadata")
    if not isinstance(body.get("client_name"), str) or not 0 < len(body["client_name"]) <= 200:
        raise Wrong(400, "client_name is missing or too long", "invalid_client_metadata")
    for name in ("initiate_login_uri", "jwks_uri", "logo_uri"):
        if not _of_the_tool(body.get(name)):
            raise Wrong(400, f"{name} is not an address of the tool", "invalid_client_metadata")
    if not _texts(body.get("redirect_uris")) or not all(map(_of_the_tool, body["redirect_uris"])):
        raise Wrong(400, "redirect_uris is empty or names a foreign address", "invalid_redirect_uri")
    scope = body.get("scope")
    if not isinstance(scope, str) or set(scope.split()) - {"openid", *platform.SCOPES}:
        raise Wrong(400, "scope is missing or names one that is not supported", "invalid_client_metadata")
    tool = body.get(_TOOL)
    if not isinstance(tool, dict):
        raise Wrong(400, "lti-tool-configuration is missing", "invalid_client_metadata")
    return tool


def _judge_tool(tool: dict, body: dict, manner: Manner) -> None:
    def require(right: bool, problem: str) -> None:
        if not right:
            raise Wrong(422 if manner == Manner.CANVAS else 400, problem, "invalid_client_metadata")

    require(_of_the_tool(tool.get("target_link_uri")), "target_link_uri is not an address of the tool")
    require(tool.get("domain") == urlsplit(tool["target_link_uri"]).netloc, "domain is not target_link_uri's")
    require(tool["target_link_uri"] in body["redirect_uris"], "target_link_uri is no redirect_uri")
    claims = tool.get("claims")
    require(_texts(claims) and not set(claims) - set(_CLAIMS), "claims is empty or names one that is not supported")
    custom = tool.get("custom_parameters", {})
    require(isinstance(custom, dict) and all(isinstance(value, str) for value in custom.values()), "custom_parameters")
    messages = tool.get("messages")
    require(isinstance(messages, list) and bool(messages), "messages is empty")
    for message in messages:
        require(isinstance(message, dict), "a message is not an object")
        kind = message.get("type")
        require(kind in _MESSAGES[manner], f"message {kind!r} is not supported")
        require(_of_the_tool(message.get("target_link_uri", tool["target_link_uri"])), f"{kind}: target_link_uri")
        unknown = set(message.get("placements", [])) - set(_MESSAGES[manner][kind] or message.get("placements", []))
        require(not unknown, f"{kind}: placements {sorted(unknown)} are not supported")
    privacy = tool.get("https://canvas.instructure.com/lti/privacy_level", "anonymous")
    require(privacy in _PRIVACY, "privacy_level is unknown")


def _keep(body: dict, tool: dict, token: RegistrationToken) -> ToolClient:
    canvas = token.manner == Manner.CANVAS
    number = secrets.randbelow(10**12)
    return ToolClient.objects.create(
        client_id=str(10**16 + number) if canvas else secrets.token_urlsafe(11),
        deployment_id=f"{number % 9000}:{secrets.token_hex(20)}" if canvas else str(1000 + number % 10**9),
        name=body["client_name"],
        manner=token.manner,
        login_url=body["initiate_login_uri"],
        target_link_uri=tool["target_link_uri"],
        redirect_uris=body["redirect_uris"],
        jwks_uri=body["jwks_uri"],
        scopes=[scope for scope in body["scope"].split() if scope in platform.SCOPES and scope not in token.withheld],
        configuration=body,
    )


def _answer(client: ToolClient, body: dict) -> dict:
    tool = dict(body[_TOOL])
    if client.manner == Manner.MOODLE:
        tool["deployment_id"] = client.deployment_id
    return {**body, "client_id": client.client_id, "scope": " ".join(client.scopes), _TOOL: tool}


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, str) for entry in value)


def _of_the_tool(value: object) -> bool:
    return isinstance(value, str) and value.startswith(settings.TOOL_URL + "/")


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
