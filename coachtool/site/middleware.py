"""Headers and cookies of a page that lives in another site's iframe."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class SecurityHeaders:
    """Content security policy without inline script; framed only by the visit's platform."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        visit = getattr(request, "visit", None)
        ancestors = getattr(response, "frame_ancestors", None) or (visit.frame_origin if visit else "") or "'none'"
        socket = settings.URL.replace("http", "ws", 1)
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            f"connect-src 'self' {socket} blob:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; "
            f"base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}",
        )
        response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(self), geolocation=()")
        return response


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
