"""Single claims, read strictly: identifiers, texts, objects, addresses. No Django, no I/O."""

import re
from typing import Any
from urllib.parse import urlsplit

from lti.refusals import Refusal

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_LONGEST_URL = 2000


def origin(url: str) -> str:
    """Scheme, host and port of an http(s) URL; '' for anything else."""
    try:
        parts = urlsplit(url)
        found = f"{parts.scheme}://{parts.netloc}".lower()
        parts.port  # noqa: B018  raises ValueError
    except ValueError:
        return ""
    return found if _ORIGIN.fullmatch(found) else ""


def mapping(claims: dict, name: str) -> dict:
    """The object under `name`, empty where it is missing; raises Refusal for anything else."""
    value = claims.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal("message_malformed", f"{name.removeprefix(LTI)} is not an object")
    return value or {}


def identifier(claims: dict, key: str, name: str) -> str:
    """An identifier: opaque, case-sensitive, at most 255 characters (LTI Core 1.3, section 5.3). Raises Refusal."""
    value = claims.get(key)
    if not isinstance(value, str) or not value or len(value) > 255 or value != storable(value):
        raise Refusal("message_malformed", f"{name} is missing, empty, too long or not text")
    return value


def text(claims: dict, key: str, longest: int) -> str:
    """Something that is only shown: cut to `longest`, '' where it is no text."""
    value: Any = claims.get(key)
    return storable(value).strip()[:longest] if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; empty where it is no list."""
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()


def address(value: Any) -> str:
    """An http(s) URL that can be kept; '' for anything else."""
    sound = isinstance(value, str) and origin(value) and len(value) <= _LONGEST_URL and value == storable(value)
    return value if sound else ""


def storable(text: str) -> str:
    """Without what JSON can say and Postgres cannot hold: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
