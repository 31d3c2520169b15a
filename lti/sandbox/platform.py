"""What identifies this platform and what it knows of the tool."""

from functools import cache

import httpx
from django.conf import settings
from django.db import transaction

from lti.rsa_keys import generate_pem, public_jwk
from lti.sandbox.models import PlatformKey

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCOPES = (AGS + "lineitem.readonly", AGS + "result.readonly", AGS + "score")
_tool_keys: dict[str, dict] = {}


def url(path: str) -> str:
    return settings.URL + path


def tool_launch_url() -> str:
    """The tool's only registered redirect_uri, and its target_link_uri."""
    return settings.TOOL_URL + "/lti/launch/"


def tool_login_url() -> str:
    return settings.TOOL_URL + "/lti/login/"


@cache
def key() -> PlatformKey:
    """The platform's signing key, made when first needed."""
    with transaction.atomic():
        found = PlatformKey.objects.order_by("pk").first()
        if found is None:
            pem = generate_pem()
            PlatformKey.objects.create(kid=public_jwk(pem)["kid"], private_pem=pem)
            found = PlatformKey.objects.order_by("pk").first()
    return found


def tool_key(kid: str) -> dict | None:
    """The tool's public key `kid` as a JWK, fetched when it is new; raises httpx.HTTPError, ValueError."""
    if kid not in _tool_keys:
        response = httpx.get(settings.TOOL_URL + "/lti/jwks/", timeout=5)
        response.raise_for_status()
        _tool_keys.clear()
        _tool_keys.update({jwk["kid"]: jwk for jwk in response.json()["keys"]})
    return _tool_keys.get(kid)
