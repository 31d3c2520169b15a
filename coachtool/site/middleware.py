"""Headers and cookies of a page that lives in another site's iframe."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject


class SecurityHeaders:
    """Content security policy without inline script; framed only by the visit's platform.

    The one inline element a page may carry is its import map, which browsers only
    read inline: a template that writes `nonce="{{ request.csp_nonce }}"` on it gets
    a nonce that is good for this response alone. A page that never asks has none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given: list[str] = []

        def nonce() -> str:
            given.append(secrets.token_urlsafe(16))
            return given[0]

        request.csp_nonce = SimpleLazyObject(nonce)
        response = self.get_response(request)
        scripts = f"'self' 'nonce-{given[0]}'" if given else "'self'"
        socket = settings.URL.replace("http", "ws", 1)
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'self'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; "
            f"connect-src 'self' {socket} blob:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; "
            f"base-uri 'none'; form-action {_form_targets(response)}; frame-ancestors {_ancestors(request, response)}",
        )
        response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(self), geolocation=()")
        return response


def _form_targets(response: HttpResponse) -> str:
    """Where the page's forms may go: to us, and to the origin that a view named as `response.form_action`."""
    return f"'self' {getattr(response, 'form_action', '')}".rstrip()


def _ancestors(request: HttpRequest, response: HttpResponse) -> str:
    """Who may frame the response.

    A refusal or an error has nothing to click and nothing to read but what to do
    next; without a visit the platform is unknown, and a refusal that its iframe
    may not show would be a blank rectangle in the course.
    """
    visit = getattr(request, "visit", None)
    named = getattr(response, "frame_ancestors", None) or (visit.frame_origin if visit else "")
    return named or ("*" if visit is None and response.status_code >= 400 else "'none'")


class PartitionedCookies:
    """Cross-site cookies are Partitioned (CHIPS), or Chromium drops them in an iframe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for morsel in response.cookies.values():
            if morsel["samesite"] == "None":
                morsel["partitioned"] = True
        return response


# Python's cookie module learns the attribute in 3.14.
from http.cookies import Morsel  # noqa: E402

Morsel._reserved.setdefault("partitioned", "Partitioned")
Morsel._flags.add("partitioned")
