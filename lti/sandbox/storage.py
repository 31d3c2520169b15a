"""The LMS as a storage for tools whose cookies are blocked (LTI Client Side postMessages 1.0).

`?storage=` on an activity's page says how it is played: `parent`, the course's
page itself answers; `frame`, a frame beside the activity does, as with Canvas;
`silent`, the login names one and nobody answers, as in some mobile apps.
"""

import json
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from lti.sandbox.models import Verdict

FRAME = "lti_storage"
_TARGETS = {"parent": "_parent", "frame": FRAME, "silent": "_parent"}


def target(manner: str) -> str:
    """The `lti_storage_target` of a login; '' where no storage is offered."""
    return _TARGETS.get(manner, "")


def told(manner: str) -> dict[str, str] | None:
    """What a page with an activity in it tells its script; None where nobody answers."""
    if manner not in ("parent", "frame"):
        return None
    parts = urlsplit(settings.TOOL_URL)
    return {"tool": f"{parts.scheme}://{parts.netloc}", "role": "page", "frame": FRAME if manner == "frame" else ""}


@never_cache
@require_GET
def frame(request: HttpRequest) -> HttpResponse:
    """The frame that keeps the values where the page does not."""
    return render(request, "sandbox/storage.html", {"storage": told("frame") | {"role": "frame"}})


@csrf_exempt  # the required media type keeps other sites' pages from sending it
@require_POST
def wrong(request: HttpRequest) -> HttpResponse:
    """A message of the tool that the page had to refuse."""
    if request.content_type != "application/json":
        return JsonResponse({"error": "send application/json"}, status=415)
    try:
        problem = str(json.loads(request.body)["problem"])[:500]
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"error": "problem is missing"}, status=400)
    Verdict.objects.create(endpoint="storage", status=400, problem=problem)
    return JsonResponse({}, status=201)
