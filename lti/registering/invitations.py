"""Invitations: a link that lets one administrator register one platform, and look after that registration."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from lti.models import Invitation, Registration

LASTS = timedelta(days=14)


def invite(note: str = "", lasts: timedelta = LASTS, registration: Registration | None = None) -> str:
    """Make an invitation; its link, which is shown this once. With `registration`, it is for changing that one."""
    secret = secrets.token_urlsafe(24)
    Invitation.objects.create(
        digest=_digest(secret), note=note, expires=timezone.now() + lasts, registration=registration
    )
    return settings.URL + reverse("lti:invited", args=[secret])


def find(secret: str) -> Invitation | None:
    """The invitation, while it lasts."""
    found = Invitation.objects.select_related("registration").filter(digest=_digest(secret))
    return found.filter(expires__gt=timezone.now()).first()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
