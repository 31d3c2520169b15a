"""The sandbox's own content security policy."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ContentSecurity:
    """No inline script or style; the tool may be framed and posted to, nobody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; frame-src 'self' {settings.TOOL_URL}; form-action 'self' {settings.TOOL_URL}; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
        )
        return response
