"""Dynamic Registration: the platform opens our page, we fetch its configuration and register there.

LTI Dynamic Registration 1.0; OpenID Connect Discovery 1.0 and Dynamic Client
Registration 1.0. The registration token goes along on both calls: Canvas asks
for it on either, Moodle ignores it on the first.
"""

import hashlib
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from django.core.cache import cache

from coachtool.site import outgoing
from lti import platform_keys
from lti.models import Invitation, Registration
from lti.registering import keeping, tool
from lti.registering.failures import Failed

log = logging.getLogger(__name__)

_TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_CANVAS_ACCOUNT = "https://canvas.instructure.com/lti/account_name"
# Hosts that answer for an issuer other than their own: Canvas has one issuer for all schools.
_CANVAS_ISSUERS = ("canvas.instructure.com", "canvas.beta.instructure.com", "canvas.test.instructure.com")
_CANVAS_HOSTS = (".instructure.com", ".canvaslms.com")
_REMEMBERED = 900  # seconds for which a reload of the page shows the registration again


@dataclass(frozen=True)
class Configuration:
    """The platform's openid-configuration, checked; `raw` is as it came."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    audience: str
    product: str
    name: str
    raw: dict


@dataclass(frozen=True)
class Registered:
    """What came of it. `made`: it is new here; `doubts`: what the administrator should look at."""

    registration: Registration
    made: bool
    doubts: tuple[str, ...] = ()


def register(url: str, token: str, invitation: Invitation | None) -> Registered:
    """Register at the platform whose openid-configuration is at `url`; raises Failed.

    A reload, with the same token and invitation, changes nothing and shows what
    was registered: the platform would refuse the token a second time.
    """
    seen = _memory(url, token, invitation)
    known = Registration.objects.filter(pk=cache.get(seen)).first() if token else None
    if known is not None:
        return Registered(known, made=False)
    with outgoing.client() as client:
        configuration = read(_fetch(client, url, token), url)
        own = invitation.registration if invitation else None
        if own is not None and own.issuer != configuration.issuer:  # before the token is spent
            raise Failed("used", f"It was for {own.issuer}.")
        request = tool.registration_request(configuration.raw)
        answer = _post(client, configuration.registration_endpoint, token, request)
    platform, doubts = _answered(configuration, request, answer, invitation.note if invitation else "")
    try:
        registration, made = keeping.keep(platform, Registration.By.DYNAMIC, invitation)
    except keeping.Taken:
        raise Failed("taken", f"Issuer {platform.issuer}, client ID {platform.client_id}.") from None
    except keeping.OtherPlatform as other:
        raise Failed("used", f"It was for {other.issuer}.") from None
    try:
        platform_keys.refresh(registration)
    except (httpx.HTTPError, ValueError) as problem:
        doubts += (f"The LMS's keys could not be fetched yet ({problem}). They are fetched again at the first launch.",)
    cache.set(seen, registration.pk, timeout=_REMEMBERED)
    log.info("registered %s dynamically%s", registration, "" if made else " again")
    return Registered(registration, made, doubts)


def read(raw: dict, url: str) -> Configuration:
    """The configuration found at `url`, checked (LTI Dynamic Registration 1.0, section 3.4); raises Failed."""
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
    for name in names:
        if not is_address(raw.get(name)):
            raise Failed("incomplete", f"{name} is missing or not a web address.")
    host = _host(url)
    if not _answers_for(host, _host(raw["issuer"])):
        raise Failed("issuer_mismatch", f"The configuration came from {host}, the issuer is {raw['issuer']}.")
    if _host(raw["registration_endpoint"]) != host and not _both_canvas(host, _host(raw["registration_endpoint"])):
        raise Failed("endpoint_mismatch", f"The registration would go to {_host(raw['registration_endpoint'])}.")
    for name, needed in (
        ("id_token_signing_alg_values_supported", "RS256"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("response_types_supported", "id_token"),
    ):
        if isinstance(raw.get(name), list) and needed not in raw[name]:
            raise Failed("unsupported", f"{name} lacks {needed}.")
    platform = raw.get(_PLATFORM_CONFIGURATION)
    if not isinstance(platform, dict):
        raise Failed("incomplete", "lti-platform-configuration is missing: this may not be an LTI platform.")
    return Configuration(
        **{name: raw[name] for name in names},
        audience=_audience(raw),
        product=_text(platform.get("product_family_code"), 50),
        name=_text(platform.get(_CANVAS_ACCOUNT), 200),
        raw=raw,
    )


def is_address(value: object) -> bool:
    """Whether `value` is an http(s) URL that may be called and stored; who may be reached is outgoing's business."""
    if not isinstance(value, str) or len(value) > 1000 or any(ord(letter) <= 32 for letter in value):
        return False
    try:
        parts = urlsplit(value)
        return bool(
            parts.scheme in ("http", "https")
            and parts.hostname
            and not (parts.username or parts.password or parts.fragment)
            and (parts.port is None or parts.port)
        )
    except ValueError:
        return False


def _fetch(client: httpx.Client, url: str, token: str) -> dict:
    if not is_address(url):
        raise Failed("address")
    return _asked(lambda: client.get(url, headers=_headers(token)), token)


def _post(client: httpx.Client, url: str, token: str, request: dict) -> dict:
    return _asked(lambda: client.post(url, json=request, headers=_headers(token)), token)


def _headers(token: str) -> dict[str, str]:
    return {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})


def _asked(call, token: str) -> dict:
    """The JSON object that the platform answers, or Failed."""
    try:
        response = call()
    except outgoing.AddressRefused as refused:
        raise Failed("private_address", f"{refused}.") from None
    except outgoing.AnswerRefused as refused:
        raise Failed("not_json", f"{refused}.") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
        raise Failed("unreachable", type(problem).__name__) from None
    status = response.status_code
    if status in (401, 403) and not token:
        raise Failed("token_missing")
    if status in (401, 403):
        raise Failed("token_refused", _said(response))
    if status >= 500:
        raise Failed("fault", _said(response))
    if status >= 400:
        raise Failed("refused", _said(response))
    if status not in (200, 201):
        raise Failed("not_json", f"HTTP {status} instead of an answer.")
    try:
        data = response.json()
    except (ValueError, RecursionError):
        raise Failed("not_json", "It is not JSON.") from None
    if not isinstance(data, dict):
        raise Failed("not_json", "It is not a JSON object.")
    return data


def _said(response: httpx.Response) -> str:
    """The platform's own words, if they are short and plain (Moodle answers with a bare word)."""
    try:
        data = response.json()
        words = data.get("error_description") or data.get("errors") or data.get("error") or ""
    except (ValueError, RecursionError, AttributeError):
        words = "" if "html" in response.headers.get("Content-Type", "") else response.text
    words = _text(words if isinstance(words, str) else repr(words), 300)
    return f"HTTP {response.status_code}" + (f": {words}" if words and "<" not in words else ".")


def _answered(
    configuration: Configuration, request: dict, answer: dict, name: str
) -> tuple[keeping.Platform, tuple[str, ...]]:
    """The platform's side of the registration, called `name` if it has none itself; what is odd about it."""
    client_id = answer.get("client_id")
    if isinstance(client_id, int) and not isinstance(client_id, bool):
        client_id = str(client_id)
    if not isinstance(client_id, str) or not client_id or client_id != _text(client_id, 255):
        raise Failed("no_client_id")
    tool_there = answer.get(_TOOL_CONFIGURATION)
    tool_there = tool_there if isinstance(tool_there, dict) else {}
    deployment = tool_there.get("deployment_id")
    deployment = _text(str(deployment), 255) if isinstance(deployment, str | int) else ""
    # Without the member, everything that was asked for is granted (OpenID Connect Registration 1.0, section 3.2).
    scope = answer.get("scope", request["scope"])
    scope = " ".join(map(str, scope)) if isinstance(scope, list) else str(scope or "")
    granted = tuple(name for name in tool.SCOPES if name in scope.split())
    uri = answer.get("registration_client_uri")
    platform = keeping.Platform(
        issuer=configuration.issuer,
        client_id=client_id,
        auth_login_url=configuration.authorization_endpoint,
        auth_token_url=configuration.token_endpoint,
        jwks_url=configuration.jwks_uri,
        audience=configuration.audience,
        name=configuration.name or name,
        product=configuration.product,
        scopes=("openid", *granted),  # openid is what a launch is; so that nothing granted is not taken for unknown
        registration_client_uri=uri if is_address(uri) else "",
        deployments=(deployment,) if deployment else (),
    )
    return platform, _doubts(answer)


def _doubts(answer: dict) -> tuple[str, ...]:
    redirects = answer.get("redirect_uris")
    if isinstance(redirects, list) and tool.launch_url() not in redirects:
        return (f"The LMS did not keep our redirect URI; add {tool.launch_url()} there.",)
    return ()


def _audience(raw: dict) -> str:
    """The `aud` of our client assertions where it is not the token endpoint (LTI Dynamic Registration 1.0, 3.4)."""
    # Brightspace names it so. On another host it could make us sign what is good at somebody else's platform.
    given = raw.get("authorization_server")
    if not isinstance(given, str) or not is_address(given) or given == raw["token_endpoint"]:
        return ""
    return (
        given if _host(given) == _host(raw["token_endpoint"]) or may_be_audience(given, raw["token_endpoint"]) else ""
    )


def may_be_audience(audience: str, token_url: str) -> bool:
    """Whether a client assertion sent to `token_url` may be addressed to `audience`.

    The token endpoint's host keeps what it gets to itself; an assertion addressed
    to another could be handed on there, in our name.
    """
    brightspace = ("api.brightspace.com", "auth.brightspace.com")
    return _host(audience) == _host(token_url) or (_host(audience), _host(token_url)) == brightspace


def _answers_for(host: str, issuer: str) -> bool:
    return host == issuer or (issuer in _CANVAS_ISSUERS and host.endswith(_CANVAS_HOSTS))


def _both_canvas(one: str, other: str) -> bool:
    return one.endswith(_CANVAS_HOSTS) and other.endswith(_CANVAS_HOSTS)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _text(value: object, longest: int) -> str:
    """Text that a page can show and Postgres can hold."""
    if not isinstance(value, str):
        return ""
    plain = "".join(letter for letter in value if letter.isprintable())
    return plain.encode("utf-8", "ignore").decode().strip()[:longest]


def _memory(url: str, token: str, invitation: Invitation | None) -> str:
    which = f"{invitation.pk if invitation else 'open'} {url} {token}"
    return "lti-registered:" + hashlib.sha256(which.encode("utf-8", "replace")).hexdigest()
