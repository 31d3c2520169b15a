"""The addresses that well-known platforms have, so that nobody has to look them up."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from lti.registering.dynamic import is_address


@dataclass(frozen=True)
class Preset:
    """A platform's addresses; `{site}` is the LMS's own address, `{client_id}` stays for the administrator to fill."""

    key: str
    name: str
    issuer: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str
    audience: str = ""

    @property
    def needs_site(self) -> bool:
        return "{site}" in self.issuer

    def filled(self, site: str) -> dict[str, str]:
        """The form's fields for the LMS at `site`."""
        fields = ("issuer", "auth_login_url", "auth_token_url", "jwks_url", "audience")
        return {field: getattr(self, field).replace("{site}", site) for field in fields} | {"product": self.key}


PRESETS = (
    Preset(
        "moodle",
        "Moodle",
        "{site}",
        "{site}/mod/lti/auth.php",
        "{site}/mod/lti/token.php",
        "{site}/mod/lti/certs.php",
    ),
    Preset(
        "canvas",
        "Canvas",
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "https://sso.canvaslms.com/login/oauth2/token",
        "https://sso.canvaslms.com/api/lti/security/jwks",
    ),
    Preset(
        "desire2learn",
        "Brightspace",
        "{site}",
        "{site}/d2l/lti/authenticate",
        "https://auth.brightspace.com/core/connect/token",
        "{site}/d2l/.well-known/jwks",
        "https://api.brightspace.com/auth/token",
    ),
    Preset(
        "BlackboardLearn",
        "Blackboard",
        "https://blackboard.com",
        "https://developer.blackboard.com/api/v1/gateway/oidcauth",
        "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
        "https://developer.blackboard.com/api/v1/management/applications/{client_id}/jwks.json",
    ),
)


def site_address(typed: str) -> str:
    """The LMS's address without what was copied along with it; '' if it is none."""
    typed = typed.strip().rstrip("/")
    if typed and "://" not in typed:
        typed = f"https://{typed}"
    if not is_address(typed):
        return ""
    parts = urlsplit(typed)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
