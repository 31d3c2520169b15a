"""The browser's session under concurrent launches: several tabs may come in at the same moment."""

import hashlib
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse

_REMEMBERED = 600  # seconds for which a login that was answered still leads to its visit
_MOST = 20


def ensure(request: HttpRequest) -> None:
    """Give the browser its session at login already, so that tabs opened together share one."""
    request.session.get("visits")  # loads it; a key that is not in the store is forgotten
    if request.session.session_key is None:
        request.session.create()


@contextmanager
def alone(request: HttpRequest) -> Iterator[SessionBase]:
    """The session, read afresh and saved under a row lock, or the later of two tabs would erase the other's visit.

    Its key is not changed: another tab's launch that is on its way still names it.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    with transaction.atomic():
        ensure(request)
        Session.objects.select_for_update().filter(session_key=request.session.session_key).first()
        session = store(request.session.session_key)
        yield session
        session.save()
    session.modified = False  # saved; the middleware would save it again, without the lock
    request.session = session


def send_cookie(response: HttpResponse, session: SessionBase) -> None:
    """What the session middleware does for a session that it saves itself."""
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        session.session_key,
        max_age=session.get_expiry_age(),
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )


def remember(session: MutableMapping, state: str, visit_id: str) -> None:
    """Keep for a few minutes to which visit a login led, for the back button and a page that is sent again."""
    now = time.time()
    fresh = {key: kept for key, kept in session.get("answered", {}).items() if kept["at"] > now - _REMEMBERED}
    newest = sorted(fresh.items(), key=lambda entry: entry[1]["at"])[-_MOST:]
    session["answered"] = {**dict(newest), _key(state): {"visit": visit_id, "at": now}}


def led_to(session: Mapping, state: str) -> str:
    """The id of the visit to which this browser's login led a few minutes ago; '' if there is none."""
    kept = session.get("answered", {}).get(_key(state))
    return kept["visit"] if kept and kept["at"] > time.time() - _REMEMBERED else ""


def _key(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:32]
