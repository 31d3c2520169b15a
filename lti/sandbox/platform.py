"""What identifies this platform and what it knows of the tool."""

from functools import cache

import httpx
from django.conf import settings
from django.db import transaction

from lti.rsa_keys import generate_pem, public_jwk
from lti.sandbox.models import PlatformKey

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPES = (AGS + "lineitem", AGS + "lineitem.readonly", AGS + "result.readonly", AGS + "score", NRPS)
_tool_keys: dict[str, dict[str, dict]] = {}  # by key set URL and kid


def url(path: str) -> str:
    return settings.URL + path


def tool_launch_url() -> str:
    """The tool's only registered redirect_uri, and its target_link_uri."""
    return settings.TOOL_URL + "/lti/launch/"


def frame_permissions() -> str:
    """What the tool's frame may use: the `allow` attribute."""
    return "; ".join(f"{feature} {settings.TOOL_URL}" for feature in ("microphone", "camera", "autoplay"))


def tool_login_url() -> str:
    return settings.TOOL_URL + "/lti/login/"


def tool_jwks_url() -> str:
    return settings.TOOL_URL + "/lti/jwks/"


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


def tool_key(jwks_uri: str, kid: str) -> dict | None:
    """The tool's public key `kid` as a JWK, fetched when it is new; raises httpx.HTTPError, ValueError."""
    if kid not in _tool_keys.get(jwks_uri, {}):
        response = httpx.get(jwks_uri, timeout=5)
        response.raise_for_status()
        _tool_keys[jwks_uri] = {jwk["kid"]: jwk for jwk in response.json()["keys"]}
    return _tool_keys[jwks_uri].get(kid)
