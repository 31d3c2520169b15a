"""Calls to a platform's services: an access token, a request, pages that follow one another.

Security Framework 1.0, section 4 (client credentials with a signed assertion).
Every call has a timeout; nothing here retries but a token that was refused.
"""

import hashlib
import html
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import httpx
import jwt
from django.conf import settings
from django.core.cache import cache

from coachtool.site import outgoing
from lti import keys
from lti.claims import origin
from lti.models import Registration
from lti.rsa_keys import private_key

MOST_PAGES = 200
_MARGIN = 60  # seconds before its end at which a token is not used any more
_POLL = 0.05  # seconds between two looks for the token that somebody else is fetching
_LINK = re.compile(r"<([^>]*)>([^<]*)")
# Moodle writes rel=“next” with curly quotes, which arrive in one encoding or another.
_REL = re.compile(r"rel\s*=\s*[^A-Za-z]*([A-Za-z][A-Za-z -]*)", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """What the platform said. `status` 0: it said nothing (`problem` says why). `body` is None where it is not JSON.

    `links` are the addresses of its Link header by relation.
    """

    status: int
    problem: str = ""
    retry_after: float | None = None  # seconds
    body: Any = None
    links: tuple[tuple[str, str], ...] = ()

    def link(self, relation: str) -> str:
        """The address that the answer gives for `relation` ('next', 'differences'); '' if none."""
        return dict(self.links).get(relation, "")


class Failed(Exception):
    """The platform refused, could not be reached, or answered what cannot be read."""

    def __init__(self, answer: Answer):
        super().__init__(plain(answer))
        self.answer = answer


class NoToken(Failed):
    """The platform gave no access token."""


def client() -> httpx.Client:
    """A client for services: no call takes longer than the site allows (`LTI_CALL_SECONDS`)."""
    seconds = settings.LTI_CALL_SECONDS
    return outgoing.client(timeout=httpx.Timeout(seconds, connect=seconds / 2), total=seconds)


def get(
    http: httpx.Client, registration: Registration, scopes: Iterable[str], url: str, accept: str, **params: str
) -> Answer:
    """Read a resource; empty `params` are left out. Raises Failed for everything but success."""
    query = {name: value for name, value in params.items() if value}
    address = str(httpx.URL(url).copy_merge_params(query)) if query else url
    return call(http, registration, scopes, "GET", address, accept=accept)


def pages(
    http: httpx.Client, registration: Registration, scopes: Iterable[str], url: str, accept: str, **params: str
) -> Iterator[Answer]:
    """A container, page by page as its Link headers lead. Raises Failed, also where a page leads elsewhere."""
    answer = get(http, registration, scopes, url, accept, **params)
    seen = {url}
    yield answer
    while following := answer.link("next"):
        # The bearer token goes with the request: to no other site, and in no circle.
        if origin(following) != origin(url) or following in seen or len(seen) >= MOST_PAGES:
            raise Failed(Answer(answer.status, "its next page leads elsewhere"))
        seen.add(following)
        answer = get(http, registration, scopes, following, accept)
        yield answer


def call(
    http: httpx.Client,
    registration: Registration,
    scopes: Iterable[str],
    method: str,
    url: str,
    *,
    accept: str = "",
    media: str = "",
    body: Any = None,
) -> Answer:
    """One request with a bearer token; a token that is refused is replaced once. Raises Failed."""
    scopes = tuple(scopes)
    bearer = token(http, registration, scopes)
    answer = _send(http, method, url, bearer, accept, media, body)
    if answer.status == 401:
        forget(registration, scopes, bearer)
        answer = _send(http, method, url, token(http, registration, scopes), accept, media, body)
    if not 200 <= answer.status < 300:
        raise Failed(answer)
    return answer


def token(http: httpx.Client, registration: Registration, scopes: Iterable[str]) -> str:
    """An access token for exactly `scopes`, cached per registration and scopes until shortly before its end.

    Of many who need it at once one asks; the others wait for what it gets. Raises NoToken.
    """
    scopes = tuple(sorted(set(scopes)))
    key = _cache_key(registration, scopes)
    waiting_until = time.monotonic() + settings.LTI_CALL_SECONDS + 1
    waited = False
    while True:
        if known := cache.get(key):
            return known
        if waited and (refused := cache.get(f"{key}:refused")):
            raise NoToken(refused)
        # The lock ends by itself: who holds it may be killed.
        mine = uuid.uuid4().hex
        if cache.add(f"{key}:asking", mine, timeout=settings.LTI_CALL_SECONDS + 1) or time.monotonic() > waiting_until:
            break
        waited = True
        time.sleep(_POLL)
    try:
        value, lasts = _ask_for_token(http, registration, scopes)
        if lasts > _MARGIN:
            cache.set(key, value, timeout=lasts - _MARGIN)
        return value
    except NoToken as refusal:
        cache.set(f"{key}:refused", refusal.answer, timeout=1)
        raise
    finally:
        if cache.get(f"{key}:asking") == mine:
            cache.delete(f"{key}:asking")


def forget(registration: Registration, scopes: Iterable[str], refused: str) -> None:
    """Do not use this token again; one that somebody fetched meanwhile stays."""
    key = _cache_key(registration, tuple(sorted(set(scopes))))
    if cache.get(key) == refused:
        cache.delete(key)


def plain(answer: Answer) -> str:
    """What happened, in words for a status page."""
    if answer.status == 0:
        return f"it could not be reached: {answer.problem}"
    return f"HTTP {answer.status}" + (f", {answer.problem}" if answer.problem else "")


def links(header: str) -> tuple[tuple[str, str], ...]:
    """Relations and addresses of a Link header (RFC 8288), also as Moodle 4.5 writes it: curly quotes and `&amp;`."""
    found = []
    for address, params in _LINK.findall(header):
        relations = _REL.search(params)
        for relation in relations[1].split() if relations else ():
            found.append((relation.lower(), html.unescape(address.strip())))
    return tuple(found)


def _send(http: httpx.Client, method: str, url: str, bearer: str, accept: str, media: str, body: Any) -> Answer:
    headers = {"Authorization": f"Bearer {bearer}", "Accept": accept or "*/*"}
    if media:
        headers["Content-Type"] = media
    try:
        return _answer(http.request(method, url, headers=headers, **({} if body is None else {"json": body})))
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return Answer(0, type(problem).__name__)


def _ask_for_token(http: httpx.Client, registration: Registration, scopes: tuple[str, ...]) -> tuple[str, float]:
    """A new token and how many seconds it lasts; raises NoToken."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": _assertion(registration),
        "scope": " ".join(scopes),
    }
    try:
        response = http.post(registration.auth_token_url, data=form, headers={"Accept": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise NoToken(Answer(0, type(problem).__name__)) from None
    if response.status_code != 200:
        raise NoToken(_answer(response))
    try:
        data = response.json()
        value, granted = str(data["access_token"]), data.get("scope")
        lasts = float(data.get("expires_in", 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoToken(Answer(200, "the token endpoint's answer could not be read")) from None
    if isinstance(granted, str) and granted and not set(scopes) <= set(granted.split()):
        raise NoToken(Answer(403, "invalid_scope"))
    return value, lasts


def _assertion(registration: Registration) -> str:
    """The client assertion (Security Framework 1.0, section 4.1.1): short-lived, used once."""
    key = keys.signing_key()
    now = int(time.time())
    claims = {
        "iss": registration.client_id,
        "sub": registration.client_id,
        "aud": registration.audience or registration.auth_token_url,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, private_key(key.private_pem), algorithm="RS256", headers={"kid": key.kid})


def _cache_key(registration: Registration, scopes: tuple[str, ...]) -> str:
    what = f"{registration.pk} {registration.client_id} {registration.auth_token_url} {' '.join(scopes)}"
    return "lti-token:" + hashlib.sha256(what.encode()).hexdigest()


def _answer(response: httpx.Response) -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = None
    said = ""
    if response.status_code >= 400 and isinstance(body, dict):
        said = str(body.get("error") or "")[:80]
    return Answer(
        response.status_code,
        said,
        _retry_after(response.headers.get("Retry-After", "")),
        body,
        tuple((relation, urljoin(str(response.url), address)) for relation, address in _links_of(response)),
    )


def _links_of(response: httpx.Response) -> Iterator[tuple[str, str]]:
    for header in response.headers.get_list("Link"):
        yield from links(header)


def _retry_after(value: str) -> float | None:
    """Seconds, from either form of the header (RFC 9110, section 10.2.3)."""
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
