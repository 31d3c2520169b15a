"""What a platform accepts from its picker, and where the answer goes (Deep Linking 2.0, section 4.4.1). No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from lti.claim_parts import address, origin, storable, texts
from lti.refusals import Refusal
from lti.token_checks import Expected

CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
LINK = "ltiResourceLink"
_LONGEST_DATA = 20_000


@dataclass(frozen=True)
class Settings:
    """`accept_lineitem` is False only where the platform says so; `data` is None where there is none to echo."""

    return_url: str
    accept_types: tuple[str, ...]
    targets: tuple[str, ...]
    accept_multiple: bool = False
    accept_lineitem: bool = True
    data: str | None = None

    @property
    def claim(self) -> dict:
        """As the platform says it: `read` gives the same Settings again."""
        said = {
            "deep_link_return_url": self.return_url,
            "accept_types": list(self.accept_types),
            "accept_presentation_document_targets": list(self.targets),
            "accept_multiple": self.accept_multiple,
            "accept_lineitem": self.accept_lineitem,
        }
        return said if self.data is None else said | {"data": self.data}


def checked_return_url(claim: dict, expected: Expected) -> str:
    """Where the answer goes; raises Refusal.

    Schools of one platform have hosts of their own, which its signature vouches
    for. But an answer never goes from https to http, to ourselves, or to an
    address that carries credentials.
    """
    url = address(claim.get("deep_link_return_url"))
    if not url or urlsplit(url).username is not None:
        raise Refusal("deep_linking_return", "deep_link_return_url is missing or not an http(s) URL")
    if expected.issuer.startswith("https:") and not url.lower().startswith("https:"):
        raise Refusal("deep_linking_return", "deep_link_return_url leaves https")
    if origin(url) == origin(expected.target_link_uri):
        raise Refusal("deep_linking_return", "deep_link_return_url is the tool's own")
    return url


def read(claim: dict, return_url: str) -> tuple[Settings, str]:
    """The settings, and the code of the refusal where nothing can be placed with them ('' if it can).

    Raises Refusal where not even an empty answer could be given.
    """
    data = claim.get("data")
    if data is not None and (not isinstance(data, str) or len(data) > _LONGEST_DATA or data != storable(data)):
        raise Refusal("deep_linking_settings", "data is not text, or too long to be echoed")
    types, targets = claim.get("accept_types"), claim.get("accept_presentation_document_targets")
    settings = Settings(
        return_url=return_url,
        accept_types=texts(types),
        targets=texts(targets),
        accept_multiple=_said(claim.get("accept_multiple"), True),
        accept_lineitem=not _said(claim.get("accept_lineitem"), False),
        data=data,
    )
    if not isinstance(types, list) or not isinstance(targets, list):
        return settings, "deep_linking_settings"
    return settings, "" if LINK in settings.accept_types else "deep_linking_types"


def _said(value: object, wanted: bool) -> bool:
    """Some platforms send their booleans as text."""
    return value is wanted or value == str(wanted).lower()
