"""Pages that belong to no app: errors."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or whose cookie the browser dropped."""
    return render(request, "site/not_admitted.html", {"reason": "This page is stale."}, status=403)
