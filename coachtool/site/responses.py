"""Answers that Django has no class for."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """On to another page by GET, whatever the method was (RFC 9110, section 15.4.4)."""

    status_code = 303
