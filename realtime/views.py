"""What the web says about the pool of workers: to the lobby, and to whoever watches the service."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from coachtool.attempts.access import admitted
from realtime import exposition, pool


@require_safe
@never_cache
@admitted("learner", "instructor")
def places(request: HttpRequest) -> HttpResponse:
    """Whether a voice conversation could begin now: {"places", "free", "waiting", "minutes"?}; {} where nobody knows.

    `places` counts those of all workers, `free` says whether one is for a new
    conversation, `waiting` counts the conversations that wait, `minutes` is about
    how long a new one would, left out where that is not known.
    """
    try:
        now = pool.read()
    except pool.AWAY:
        return JsonResponse({})
    before = len(now.waiting)
    minutes = now.minutes(before)
    known = {} if minutes is None else {"minutes": minutes}
    return JsonResponse({"places": now.slots, "free": before < now.free, "waiting": before, **known})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The pool's figures for Prometheus, for whoever sends `Authorization: Bearer <COACHTOOL_METRICS_TOKEN>`."""
    if not settings.METRICS_TOKEN:
        raise Http404
    shown = request.headers.get("Authorization", "")
    if not secrets.compare_digest(shown.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        words = "Send the token of COACHTOOL_METRICS_TOKEN as a bearer token.\n"
        return HttpResponse(words, status=401, headers={"WWW-Authenticate": "Bearer"})  # RFC 6750, section 3
    try:
        body = exposition.text(pool.read(), pool.counts())
    except pool.AWAY:
        return HttpResponse("Valkey does not answer; ask again in a moment.\n", status=503)
    return HttpResponse(body, content_type=exposition.CONTENT_TYPE)
