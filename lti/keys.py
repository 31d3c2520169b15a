"""The tool's own RSA keys: made when first needed, published before they sign, kept for a while after.

Private halves are sealed in the database (sealing.py); what leaves this module is opened.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lti import sealing
from lti.models import ToolKey
from lti.rsa_keys import generate_pem, public_jwk

log = logging.getLogger(__name__)

# Platforms keep a copy of the key set; Moodle and Canvas ask again within minutes, others within a day.
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True)
class Key:
    """A key, opened: published until `retires`, signs from `signs_from`."""

    kid: str
    private_pem: str = field(repr=False)
    created: datetime
    signs_from: datetime
    retires: datetime | None


class StillNeeded(Exception):
    """No other key could sign."""


def key_set() -> dict:
    """The JWKS that platforms fetch: every key that signs, will sign, or signed lately."""
    signing_key()
    return {"keys": [public_jwk(key.private_pem) for key in reversed(published())]}


def published() -> list[Key]:
    """The keys that are not withdrawn, oldest first."""
    rows = ToolKey.objects.filter(Q(retires=None) | Q(retires__gt=timezone.now())).order_by("created", "pk")
    return [key for key in map(_opened, rows) if key is not None]


def signing_key() -> Key:
    """The newest key that may sign; the first one is made here."""
    now = timezone.now()
    may_sign = [key for key in published() if key.signs_from <= now]
    return max(may_sign, key=lambda key: key.signs_from, default=None) or add_key(signs_from=now)


def add_key(signs_from: datetime) -> Key:
    """Make and publish a key that signs from then on."""
    pem = generate_pem()
    row = ToolKey.objects.create(kid=public_jwk(pem)["kid"], private_pem=sealing.seal(pem), signs_from=signs_from)
    return Key(row.kid, pem, row.created, row.signs_from, row.retires)


@transaction.atomic
def rotate(overlap: timedelta = OVERLAP) -> Key:
    """Publish a new key now, sign with it after `overlap`, withdraw the others one `overlap` later.

    Every key that stays is sealed anew with today's SECRET_KEY; withdrawn ones are erased.
    """
    signing_key()
    now = timezone.now()
    starts = now + overlap
    ToolKey.objects.filter(retires__lte=now).delete()
    _seal_anew()
    ToolKey.objects.filter(retires=None).update(retires=starts + overlap)
    return add_key(signs_from=starts)


@transaction.atomic
def retire(kid: str) -> None:
    """Withdraw one key now, as when it may be known to others.

    Raises ToolKey.DoesNotExist, or StillNeeded when no other key may sign yet.
    """
    row = ToolKey.objects.select_for_update().get(kid=kid)
    now = timezone.now()
    if not any(key.signs_from <= now for key in published() if key.kid != kid):
        raise StillNeeded
    row.retires = now
    row.save(update_fields=["retires"])


def _seal_anew() -> None:
    for row in ToolKey.objects.select_for_update():
        key = _opened(row)
        if key is not None:
            row.private_pem = sealing.seal(key.private_pem)
            row.save(update_fields=["private_pem"])


def _opened(row: ToolKey) -> Key | None:
    try:
        pem = sealing.unseal(row.private_pem)
    except sealing.Unreadable:
        log.error("key %s was sealed with a SECRET_KEY that is unknown here; it is not used", row.kid)
        return None
    return Key(row.kid, pem, row.created, row.signs_from, row.retires)
