"""Visits of a browser that keeps no cookies: known by the secret in their address.

The visit's id is the secret itself, marked with `~`; only its digest is kept.
Whoever knows the address is let in, as a cookie's bearer would be: it ends after
hours without a page, is never logged, and no page tells it to another site
(Referrer-Policy: same-origin).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from coachtool.attempts.models import AddressedVisit

MARK = "~"
IDLE = timedelta(hours=3)
LASTS = timedelta(hours=12)
_STEP = timedelta(minutes=5)  # how exact the idle time is, so that not every page writes
_PATH = re.compile(r"/v/(~[A-Za-z0-9_-]{20,100})/")


def is_address(visit_id: str) -> bool:
    """Whether this visit's id is a secret address, and not the name of a visit in the session."""
    return visit_id.startswith(MARK)


def new_id() -> str:
    return MARK + secrets.token_urlsafe(32)


def keep(visit_id: str, visit: Mapping[str, Any]) -> None:
    """Remember what the visit grants."""
    AddressedVisit.objects.create(digest=digest(visit_id), visit=dict(visit), expires=timezone.now() + IDLE)


def find(visit_id: str) -> dict[str, Any] | None:
    """What the visit grants, if it has not ended; being asked for keeps it for another while."""
    now = timezone.now()
    row = AddressedVisit.objects.filter(digest=digest(visit_id), expires__gt=now).first()
    if row is None:
        return None
    begun = datetime.fromtimestamp(row.visit["admitted"], UTC)
    until = min(now + IDLE, begun + LASTS)
    if until - row.expires > _STEP:
        AddressedVisit.objects.filter(pk=row.pk).update(expires=until)
    return row.visit


def in_path(path: str) -> str | None:
    """The id of the addressed visit that a path belongs to."""
    found = _PATH.match(path)
    return found[1] if found else None


def sweep() -> int:
    """Forget those that have ended; how many."""
    return AddressedVisit.objects.filter(expires__lte=timezone.now()).delete()[0]


def digest(visit_id: str) -> str:
    return hashlib.sha256(visit_id.encode("utf-8", "replace")).hexdigest()


class ProvenByAddress:
    """Middleware: a form of an addressed visit needs no CSRF token.

    Another site cannot forge a request whose address it does not know, and the
    token's own cookie would not come back. Stands before CsrfViewMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        visit_id = in_path(request.path_info) if request.method not in ("GET", "HEAD", "OPTIONS") else None
        if visit_id and find(visit_id) is not None:
            request.csrf_processing_done = True
        return self.get_response(request)
