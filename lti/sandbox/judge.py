"""How a call of the tool is judged: faults on command, and a verdict for every wrong."""

import functools
import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from lti.sandbox.models import Fault, Verdict

log = logging.getLogger(__name__)

SILENCE = 30.0  # seconds without an answer, where a fault says 0 and no delay: longer than any caller waits
_AFTERWARDS = 0.3  # of the random faults are played once the work is done


@dataclass(frozen=True)
class Play:
    """One failure to play now; see Fault."""

    status: int
    after: bool
    delay: float
    retry_after: int | None


class Wrong(Exception):
    """The tool did not keep to the protocol. `error` is the OAuth error code, where there is one."""

    def __init__(self, status: int, problem: str, error: str = "invalid_request"):
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.error = error


def json_body(request: HttpRequest, media: str) -> dict:
    """The object that a request of this media type carries; raises Wrong."""
    if request.content_type != media:
        raise Wrong(415, f"Content-Type is {request.content_type!r}, not {media}")
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Wrong(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Wrong(400, "the body is not an object")
    return body


def judged(endpoint: str) -> Callable:
    """View decorator: plays the faults asked for `endpoint`; a Wrong is recorded and answered with its status."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @functools.wraps(view)
        def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            fault = _next_fault(endpoint)
            if fault is not None and not fault.after:
                return _play(fault)
            try:
                response = view(request, *args, **kwargs)
            except Wrong as wrong:
                Verdict.objects.create(endpoint=endpoint, status=wrong.status, problem=wrong.problem[:500])
                log.warning("%s %s: %s", endpoint, wrong.status, wrong.problem)
                response = JsonResponse({"error": wrong.error, "error_description": wrong.problem}, status=wrong.status)
                if wrong.status == 401:
                    response.headers["WWW-Authenticate"] = "Bearer"
            return response if fault is None else _play(fault)

        return wrapper

    return decorate


def command(asked: Any) -> Fault:
    """A fault to come, as somebody asked for it in JSON; raises ValueError, KeyError, TypeError."""
    retry_after = asked.get("retry_after") if isinstance(asked, dict) else None
    statuses = [int(status) for status in asked.get("statuses", ())]
    share = float(asked.get("share", 1))
    if not 0 < share <= 1 or any(status != 0 and not 400 <= status <= 599 for status in statuses):
        raise ValueError("share is above 0 and at most 1, statuses are 0 or from 400 to 599")
    return Fault.objects.create(
        endpoint=asked["endpoint"],
        status=0 if statuses else int(asked["status"]),
        times=int(asked.get("times", 1)),
        retry_after=None if retry_after is None else int(retry_after),
        delay=float(asked.get("delay", 0)),
        after=bool(asked.get("after", False)),
        statuses=statuses,
        share=share,
        seed=int(asked.get("seed", 0)),
    )


def _next_fault(endpoint: str) -> Play | None:
    with transaction.atomic():
        fault = Fault.objects.select_for_update().filter(endpoint=endpoint, times__gt=0).order_by("pk").first()
        if fault is None:
            return None
        play = _draw(fault)
        fault.times -= play is not None
        fault.calls += 1
        fault.save(update_fields=["times", "calls"])
        return play


def _draw(fault: Fault) -> Play | None:
    """What is played to this call: always what was asked for, or by lot."""
    if not fault.statuses:
        return Play(fault.status, fault.after, fault.delay, fault.retry_after)
    lot = random.Random(f"{fault.seed} {fault.calls}")
    if lot.random() >= fault.share:
        return None
    status = lot.choice(fault.statuses)
    retry_after = (fault.retry_after if fault.retry_after is not None else 1) if status == 429 else None
    return Play(status, fault.after or lot.random() < _AFTERWARDS, 0 if status else fault.delay, retry_after)


def _play(fault: Play) -> HttpResponse:
    connection.close()  # its place in the pool is for those who are answered
    time.sleep(fault.delay if fault.status else fault.delay or SILENCE)
    response = JsonResponse({"error": "fault_on_command"}, status=fault.status or 504)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response
