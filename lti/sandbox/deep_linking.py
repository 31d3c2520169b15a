"""Adding activities with the tool's own picker: ask, judge the answer strictly, make the links (Deep Linking 2.0)."""

import math
import secrets
import time
from datetime import timedelta

import httpx
import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from lti.sandbox import clients, oidc, people, platform, storage
from lti.sandbox.judge import Wrong, judged
from lti.sandbox.models import Course, Launch, LineItem, Picking, ResourceLink, ToolClient, UsedNonce

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
_DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
_WAITS = timedelta(days=1)
_LONGEST = 3600  # seconds from iat to exp
_SKEW = 10  # seconds
_KNOWN = {"type", "title", "text", "url", "icon", "thumbnail", "custom", "lineItem", "iframe", "window", "available"}
_KNOWN_IN_ITEM = {"label", "scoreMaximum", "resourceId", "tag", "gradesReleased", "submissionReview"}
_STATUSES = {"None", "InProgress", "Submitted", "Completed"}  # Submission Review 1.0, section 3.1


@never_cache
@require_GET
def add(request: HttpRequest, course_id: int) -> HttpResponse:
    """The tool's picker in a frame; `?storage=` as in storage.py, the rest as for `launch`."""
    user, course = people.viewer(request), get_object_or_404(Course, pk=course_id)
    if user is None or not user.instructor:
        return redirect("home")
    keeper = storage.told(request.GET.get("storage", ""))
    query, allow = request.GET.urlencode(), platform.frame_permissions()
    shown = {"course": course, "query": query, "storage": keeper, "allow": allow}
    return render(request, "sandbox/add.html", shown)


@never_cache
@require_GET
def launch(request: HttpRequest, course_id: int) -> HttpResponse:
    """Ask the tool. `?single`, `?ungraded`, `?nodata`, `?only=link` play platforms that accept less."""
    user, course = people.viewer(request), get_object_or_404(Course, pk=course_id)
    client = clients.find(request.GET.get("client", ""))
    if user is None:
        return redirect("home")
    if client is None:
        raise Http404
    key = secrets.token_urlsafe(24)
    accepted = {
        "accept_types": [request.GET.get("only", "ltiResourceLink")],
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_copy_advice": False,
        "accept_multiple": "single" not in request.GET,
        "accept_lineitem": "ungraded" not in request.GET,
        "auto_create": False,
        "title": "",
        "text": "",
        "deep_link_return_url": platform.url(f"/lti/deep-linking/{key}/"),
    }
    if "nodata" not in request.GET:
        accepted["data"] = secrets.token_urlsafe(12)
    picking = Picking.objects.create(
        key=key, course=course, user=user, settings=accepted, client="" if client.pk is None else client.client_id
    )
    kind = Launch.Message.DEEP_LINKING
    return oidc.send(request, client, title="the picker", user=user, course=course, message=kind, picking=picking)


@never_cache
@judged("deep_linking")
def answered(request: HttpRequest, key: str) -> HttpResponse:
    """The tool's answer, brought by the instructor's browser: judged, then every item becomes a link.

    The browser brings no session into this frame; the address is what only the tool was told.
    """
    if request.method != "POST":
        raise Wrong(405, "the answer is posted")
    picking = Picking.objects.select_related("course").filter(key=key).first()
    if picking is None or picking.begun < timezone.now() - _WAITS:
        raise Wrong(404, "nobody waits for an answer here")
    client = clients.find(picking.client)
    if client is None:
        raise Wrong(403, "the tool was switched off", "unauthorized_client")
    claims = _judge_token(client, request.POST.get("JWT", ""))
    items = _judge_answer(claims, client, picking)
    try:
        with transaction.atomic():
            UsedNonce.objects.create(nonce=f"answer:{claims['nonce']}")
    except IntegrityError:
        raise Wrong(400, "nonce has been used before") from None
    made = [_made(picking, item) for item in items]
    said = {"made": made, "message": claims.get(_DL + "msg", ""), "problem": claims.get(_DL + "errormsg", "")}
    return render(request, "sandbox/added.html", {"course": picking.course, **said})


def _judge_token(client: ToolClient, token: str) -> dict:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Wrong(400, "JWT is missing or none") from None
    if header.get("alg") != "RS256" or not header.get("kid"):
        raise Wrong(401, "JWT is not signed with RS256, or names no kid")
    try:
        key = platform.tool_key(client.jwks_uri, header["kid"])
    except (httpx.HTTPError, ValueError, KeyError) as problem:
        raise Wrong(401, f"the tool's key set could not be fetched: {problem!r}") from None
    if key is None:
        raise Wrong(401, "the tool publishes no key with this kid")
    try:
        claims = jwt.decode(
            token,
            jwt.PyJWK(key, algorithm="RS256"),
            algorithms=["RS256"],
            options={"verify_aud": False, "require": ["iss", "aud", "exp", "iat", "nonce"]},
            leeway=_SKEW,
        )
    except jwt.PyJWTError as problem:
        raise Wrong(401, f"JWT: {problem}") from None
    if claims["iat"] > time.time() + _SKEW or claims["exp"] - claims["iat"] > _LONGEST:
        raise Wrong(401, "JWT: iat is in the future, or it lives too long")
    return claims


def _judge_answer(claims: dict, client: ToolClient, picking: Picking) -> list[dict]:
    """The content items; raises Wrong."""
    if claims["iss"] != client.client_id:
        raise Wrong(401, "iss is not the client_id")
    if claims["aud"] not in (settings.URL, [settings.URL]):
        raise Wrong(401, "aud is not this platform's issuer")
    if not isinstance(claims["nonce"], str) or not 8 <= len(claims["nonce"]) <= 200:
        raise Wrong(400, "nonce is too short to be one, or not text")
    expected = {"deployment_id": client.deployment_id, "message_type": "LtiDeepLinkingResponse", "version": "1.3.0"}
    for name, value in expected.items():
        if claims.get(_LTI + name) != value:
            raise Wrong(400, f"{name} is not {value}")
    echoed = {name: claims[_DL + name] for name in ("data",) if _DL + name in claims}
    if echoed != {name: picking.settings[name] for name in ("data",) if name in picking.settings}:
        raise Wrong(400, "data is not what the request said")
    for name in ("msg", "log", "errormsg", "errorlog"):
        if not isinstance(claims.get(_DL + name, ""), str):
            raise Wrong(400, f"{name} is not text")
    items = claims.get(_DL + "content_items", [])
    if not isinstance(items, list):
        raise Wrong(400, "content_items is not a list")
    if len(items) > 1 and not picking.settings["accept_multiple"]:
        raise Wrong(400, "several items where one is accepted")
    for item in items:
        _judge_item(item, client, picking.settings)
    return items


def _judge_item(item: object, client: ToolClient, accepted: dict) -> None:
    if not isinstance(item, dict) or item.get("type") not in accepted["accept_types"]:
        raise Wrong(400, "an item is of a type that is not accepted")
    if set(item) - _KNOWN:
        raise Wrong(400, f"an item has {sorted(set(item) - _KNOWN)[0]!r}, which no resource link has")
    for name in ("title", "text"):
        if not isinstance(item.get(name, ""), str):
            raise Wrong(400, f"an item's {name} is not text")
    if not item.get("title"):
        raise Wrong(400, "an item has no title")
    url = item.get("url", client.target_link_uri)
    if not isinstance(url, str) or not clients.owns(client, url):
        raise Wrong(400, "an item's url is not the tool's")
    custom = item.get("custom", {})
    if not isinstance(custom, dict) or not all(isinstance(value, str) for value in custom.values()):
        raise Wrong(400, "an item's custom is not an object of texts")
    targets = accepted["accept_presentation_document_targets"]
    for name in ("iframe", "window"):
        if name in item and (name not in targets or not isinstance(item[name], dict)):
            raise Wrong(400, f"an item's {name} is not accepted, or no object")
    if "lineItem" in item:
        _judge_line_item(item["lineItem"], client, accepted)


def _judge_line_item(line: object, client: ToolClient, accepted: dict) -> None:
    if not accepted["accept_lineitem"]:
        raise Wrong(400, "a line item where none is accepted")
    if not isinstance(line, dict) or set(line) - _KNOWN_IN_ITEM:
        raise Wrong(400, "lineItem is no object, or says more than a line item can")
    maximum = line.get("scoreMaximum")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or not math.isfinite(maximum) or maximum <= 0:
        raise Wrong(400, "scoreMaximum is not a number above 0")
    for name in ("label", "resourceId", "tag"):
        if not isinstance(line.get(name, ""), str) or len(line.get(name, "")) > 200:
            raise Wrong(400, f"a line item's {name} is not text, or too long")
    review = line.get("submissionReview")
    if review is None:
        return
    statuses = review.get("reviewableStatus") if isinstance(review, dict) else None
    if not isinstance(statuses, list) or set(map(str, statuses)) - _STATUSES:
        raise Wrong(400, "submissionReview.reviewableStatus is not a list of known states")
    url = review.get("url", client.target_link_uri)
    if not isinstance(url, str) or not clients.owns(client, url) or not isinstance(review.get("label", ""), str):
        raise Wrong(400, "submissionReview's url is not the tool's, or its label no text")


def _made(picking: Picking, item: dict) -> ResourceLink:
    course = picking.course
    with transaction.atomic():
        link = ResourceLink.objects.create(
            course=course,
            slug=slug_for(item["title"]),
            title=item["title"][:200],
            description=item.get("text", ""),
            custom=item.get("custom", {}),
            url=item.get("url", ""),
            client=picking.client,
        )
        line = item.get("lineItem")
        if line is not None:
            LineItem.objects.create(
                course=course,
                link=link,
                label=line.get("label") or link.title,
                maximum=line["scoreMaximum"],
                resource_id=line.get("resourceId", ""),
                tag=line.get("tag", ""),
                submission_review=line.get("submissionReview"),
            )
    return link


def slug_for(title: str) -> str:
    """A slug that no other link has."""
    base = slugify(title)[:40].strip("-") or "activity"
    number, slug = 1, base
    while ResourceLink.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug
