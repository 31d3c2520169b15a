"""The tool's own RSA keys: made when first needed, published before they sign, kept for a while after."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from lti.models import ToolKey
from lti.rsa_keys import generate_pem, public_jwk

# Platforms keep a copy of the key set; Moodle and Canvas ask again within minutes, others within a day.
OVERLAP = timedelta(hours=24)


def key_set() -> dict:
    """The JWKS that platforms fetch: every key that signs, will sign, or signed lately."""
    signing_key()
    published = ToolKey.objects.filter(Q(retires=None) | Q(retires__gt=timezone.now())).order_by("-created")
    return {"keys": [public_jwk(key.private_pem) for key in published]}


def signing_key() -> ToolKey:
    """The newest key that may sign; the first one is made here."""
    now = timezone.now()
    usable = ToolKey.objects.filter(Q(retires=None) | Q(retires__gt=now), signs_from__lte=now)
    return usable.order_by("-signs_from", "-pk").first() or add_key(signs_from=now)


def add_key(signs_from: datetime) -> ToolKey:
    """Make and publish a key that signs from then on."""
    pem = generate_pem()
    return ToolKey.objects.create(kid=public_jwk(pem)["kid"], private_pem=pem, signs_from=signs_from)


def rotate(overlap: timedelta = OVERLAP) -> ToolKey:
    """Publish a new key now, sign with it after `overlap`, withdraw the others one `overlap` later."""
    signing_key()
    starts = timezone.now() + overlap
    ToolKey.objects.filter(retires=None).update(retires=starts + overlap)
    return add_key(signs_from=starts)
