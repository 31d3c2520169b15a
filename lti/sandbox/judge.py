"""How a call of the tool is judged: faults on command, and a verdict for every wrong."""

import functools
import logging
import time
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from lti.sandbox.models import Fault, Verdict

log = logging.getLogger(__name__)


class Wrong(Exception):
    """The tool did not keep to the protocol. `error` is the OAuth error code, where there is one."""

    def __init__(self, status: int, problem: str, error: str = "invalid_request"):
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.error = error


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


def _next_fault(endpoint: str) -> Fault | None:
    with transaction.atomic():
        fault = Fault.objects.select_for_update().filter(endpoint=endpoint, times__gt=0).order_by("pk").first()
        if fault is not None:
            fault.times -= 1
            fault.save(update_fields=["times"])
        return fault


def _play(fault: Fault) -> HttpResponse:
    time.sleep(fault.delay)
    response = JsonResponse({"error": "fault_on_command"}, status=fault.status)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response
