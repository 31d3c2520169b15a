"""Assignment and Grade Services 2.0 over HTTP: an access token, a score. Every call has a timeout."""

import hashlib
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import httpx
import jwt
from django.core.cache import cache

from lti import keys
from lti.claims import SCORE_SCOPE
from lti.models import Registration

TIMEOUT = httpx.Timeout(8.0, connect=4.0)
MEDIA_TYPE = "application/vnd.ims.lis.v1.score+json"
_MARGIN = 60  # seconds before its end at which a token is not used any more


@dataclass(frozen=True)
class Answer:
    """What the platform said. `status` 0: it said nothing (`problem` says why)."""

    status: int
    problem: str = ""
    retry_after: float | None = None  # seconds


class NoToken(Exception):
    """The platform gave no access token."""

    def __init__(self, answer: Answer):
        super().__init__(answer.problem)
        self.answer = answer


def scores_url(lineitem: str) -> str:
    """The score service of a line item: before its query string, which Moodle's line items have."""
    parts = urlsplit(lineitem)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/scores", fragment=""))


def post_score(client: httpx.Client, registration: Registration, lineitem: str, score: dict) -> Answer:
    """Send one score; a token that is refused is replaced once. Raises NoToken."""
    answer = _post(client, scores_url(lineitem), _token(client, registration), score)
    if answer.status == 401:
        cache.delete(_cache_key(registration))
        answer = _post(client, scores_url(lineitem), _token(client, registration), score)
    return answer


def _post(client: httpx.Client, url: str, token: str, score: dict) -> Answer:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": MEDIA_TYPE}
    try:
        response = client.post(url, json=score, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return Answer(0, type(problem).__name__)
    return _answer(response)


def _token(client: httpx.Client, registration: Registration) -> str:
    """An access token for scores, cached per registration until shortly before its end."""
    key = _cache_key(registration)
    known = cache.get(key)
    if known:
        return known
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": _assertion(registration),
        "scope": SCORE_SCOPE,
    }
    try:
        response = client.post(registration.auth_token_url, data=form, headers={"Accept": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise NoToken(Answer(0, type(problem).__name__)) from None
    if response.status_code != 200:
        raise NoToken(_answer(response))
    try:
        data = response.json()
        token, granted = str(data["access_token"]), data.get("scope")
        lasts = float(data.get("expires_in", 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoToken(Answer(response.status_code, "the token endpoint's answer could not be read")) from None
    if isinstance(granted, str) and granted and SCORE_SCOPE not in granted.split():
        raise NoToken(Answer(403, "invalid_scope"))
    if lasts > _MARGIN:
        cache.set(key, token, timeout=lasts - _MARGIN)
    return token


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
    return jwt.encode(claims, key.private_pem, algorithm="RS256", headers={"kid": key.kid})


def _cache_key(registration: Registration) -> str:
    what = f"{registration.pk} {registration.client_id} {registration.auth_token_url} {SCORE_SCOPE}"
    return "lti-token:" + hashlib.sha256(what.encode()).hexdigest()


def _answer(response: httpx.Response) -> Answer:
    said = ""
    if response.status_code >= 400:
        try:
            said = str(response.json().get("error", ""))[:80]
        except (ValueError, AttributeError):
            said = ""
    return Answer(response.status_code, said, _retry_after(response.headers.get("Retry-After", "")))


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
