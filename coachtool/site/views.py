"""Pages that belong to no app: the front door and errors."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

_VISIT = re.compile(r"/v/[^/]+/")


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is, for whoever comes without a launch."""
    return render(request, "site/landing.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or whose cookie the browser dropped. A visit's home finds the way on."""
    visit = _VISIT.match(request.path_info)
    return render(request, "site/stale.html", {"home": visit and visit[0]}, status=403)
