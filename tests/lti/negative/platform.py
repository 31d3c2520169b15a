"""A learning platform over HTTPS: issuers with their keys, key sets that misbehave, the authorisation endpoint.

It answers an authentication request with a page whose form sends itself
(`response_mode=form_post`, LTI Core and Security Framework 1.0, section 5.1.1.2).
What is in that form is the check's to say; that the request was right is judged here.
"""

from __future__ import annotations

import functools
import html
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lti.claims import AGS, LTI, SCORE_SCOPE
from lti.rsa_keys import generate_pem, public_jwk

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
CLIENT, DEPLOYMENT = "client-1", "d1"
ACTIVITY = "claims-escalation"
LEARNER = "Ada Osei"  # the name that must not be on a page that refuses


class _Left:
    """What is to be left out."""

    def __repr__(self) -> str:
        return "left out"


LEFT_OUT = _Left()


class Now(int):
    """Seconds from now, counted when the token is made."""


@functools.cache
def pem(number: int = 0) -> str:
    """One of a few RSA keys, made once per run."""
    return generate_pem()


@functools.cache
def private_key(number: int = 0) -> RSAPrivateKey:
    """The same key, loaded once: checking an RSA key takes longer than a whole launch."""
    return load_pem_private_key(pem(number).encode(), None)


@functools.cache
def jwk(number: int = 0) -> dict:
    """Its public half as the platform publishes it."""
    return public_jwk(pem(number))


def kid(number: int = 0) -> str:
    return jwk(number)["kid"]


def key_set(*numbers: int) -> dict:
    return {"keys": [jwk(number) for number in numbers]}


def sign(claims: dict, key: int = 0, **header) -> str:
    """An RS256 token, whatever is in it: a library would refuse some of what a dishonest platform may say."""
    full = {"kid": kid(key), "alg": "RS256", "typ": "JWT"} | header
    full = {name: value for name, value in full.items() if value is not LEFT_OUT}
    return jwt.PyJWS().encode(json.dumps(claims).encode(), private_key(key), algorithm="RS256", headers=full)


@dataclass(frozen=True)
class Asked:
    """An authentication request, as the tool made it."""

    url: str
    params: dict[str, str]

    @property
    def state(self) -> str:
        return self.params["state"]

    @property
    def nonce(self) -> str:
        return self.params["nonce"]


@dataclass
class KeySet:
    """What the key set URL answers."""

    body: str
    status: int = 200
    silent_for: float = 0.0  # seconds, after which it hangs up
    location: str = ""
    asked: int = 0


@dataclass
class Issuer:
    """One platform. `clients`: the deployments of each of its registrations of the tool."""

    url: str
    launch_url: str
    clients: dict[str, tuple[str, ...]]
    keys: KeySet
    faults: list[str] = field(default_factory=list)
    _answers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks"

    @property
    def auth_url(self) -> str:
        return f"{self.url}/auth"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def login(self, changes: dict) -> dict[str, str]:
        """The parameters of a login that this platform initiates."""
        params = {
            "iss": self.url,
            "login_hint": "user-1",
            "target_link_uri": self.launch_url,
            "client_id": CLIENT,
            "lti_message_hint": "link-1",
            "lti_deployment_id": DEPLOYMENT,
        } | changes
        return {name: value for name, value in params.items() if value is not LEFT_OUT}

    def claims(self, asked: Asked, changes: dict) -> dict:
        """An honest learner's launch but for `changes`; a name without a namespace is LTI's or a registered one."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "user-1",
            "nonce": asked.nonce,
            "iat": now,
            "exp": now + 60,
            "name": LEARNER,
            "given_name": LEARNER.split()[0],
            "family_name": LEARNER.split()[1],
            "email": "ada@lms.example.edu",
            LTI + "version": "1.3.0",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "deployment_id": DEPLOYMENT,
            LTI + "target_link_uri": self.launch_url,
            LTI + "roles": [MEMBERSHIP + "#Learner"],
            LTI + "context": {"id": "course-1", "title": "Hard conversations", "type": []},
            LTI + "resource_link": {"id": "link-1", "title": "When to escalate"},
            LTI + "custom": {"activity": ACTIVITY},
            LTI + "launch_presentation": {"document_target": "iframe", "return_url": f"{self.url}/course"},
            LTI + "tool_platform": {"guid": "negative", "name": "Platform of the launch checks"},
            AGS: {"scope": [SCORE_SCOPE], "lineitem": f"{self.url}/items/1"},
        }
        for name, value in changes.items():
            full = name if name in _REGISTERED or name.startswith("http") else LTI + name
            if value is LEFT_OUT:
                claims.pop(full, None)
            else:
                claims[full] = now + value if isinstance(value, Now) else value
        return claims

    def answers(self, asked: Asked, form: dict[str, str]) -> None:
        """What the authorisation endpoint will have the browser send for this request."""
        self._answers[asked.state] = form

    def picked(self, form: dict[str, str], tool_keys: dict, data: object) -> list[str]:
        """What is wrong with the tool's answer to the picker (Deep Linking 2.0, section 4.5); `data`: what to echo."""
        try:
            named = jwt.get_unverified_header(form.get("JWT", "")).get("kid")
            key = next(jwt.PyJWK(each) for each in tool_keys["keys"] if each["kid"] == named)
            claims = jwt.decode(
                form["JWT"],
                key,
                algorithms=["RS256"],
                audience=self.url,
                issuer=CLIENT,
                options={"require": ["exp", "iat", "nonce"]},
            )
        except (jwt.PyJWTError, StopIteration) as problem:
            return [f"the answer's token: {problem!r}"]
        wanted = {
            LTI + "deployment_id": DEPLOYMENT,
            LTI + "message_type": "LtiDeepLinkingResponse",
            LTI + "version": "1.3.0",
            DEEP_LINKING + "data": data,
        }
        faults = [
            f"{name.rpartition('/')[2]} is {claims.get(name, LEFT_OUT)!r}"
            for name, value in wanted.items()
            if claims.get(name, LEFT_OUT) != value
        ]
        items = claims.get(DEEP_LINKING + "content_items")
        if not items or any(item.get("type") != "ltiResourceLink" for item in items):
            faults.append("content_items has no resource link")
        return faults

    def authorise(self, params: dict[str, str]) -> tuple[int, str]:
        """The authorisation endpoint: status and page."""
        wanted = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
        faults = [f"{name} is {params.get(name)!r}" for name, value in wanted.items() if params.get(name) != value]
        faults += [f"{name} is missing" for name in ("state", "nonce", "login_hint") if not params.get(name)]
        if params.get("client_id") not in self.clients:
            faults.append("client_id is unknown")
        if params.get("redirect_uri") != self.launch_url:
            faults.append("redirect_uri is not registered")
        form = self._answers.pop(params.get("state", ""), None)
        if faults or form is None:
            self.faults += faults or ["nobody waits for this request"]
            return 400, "; ".join(faults)
        inputs = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in form.items()
        )
        action = html.escape(params["redirect_uri"])
        return 200, f'<body onload="document.forms[0].submit()"><form action="{action}" method="post">{inputs}</form>'


_REGISTERED = ("iss", "aud", "azp", "sub", "nonce", "iat", "exp", "nbf", "name", "given_name", "family_name", "email")


class Platform:
    """The server. Every issuer has a path of its own."""

    def __init__(self, certificate: ssl.SSLContext):
        self._issuers: dict[str, Issuer] = {}
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                platform.handle(self)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.socket = certificate.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.origin = f"https://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def issuer(self, name: str, launch_url: str, clients: dict[str, tuple[str, ...]], key: int = 0) -> Issuer:
        """A platform that signs with one of the keys and publishes it."""
        made = Issuer(f"{self.origin}/{name}", launch_url, clients, KeySet(json.dumps(key_set(key))))
        self._issuers[name] = made
        return made

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        name, _, page = parts.path.strip("/").rpartition("/")
        issuer = self._issuers.get(name)
        if issuer is not None and page == "auth":
            status, text = issuer.authorise(dict(parse_qsl(parts.query)))
            _answer(request, status, text, "text/html; charset=utf-8")
        elif issuer is not None and page == "jwks":
            keys = issuer.keys
            keys.asked += 1
            if keys.silent_for:
                time.sleep(keys.silent_for)
                request.close_connection = True
                return
            _answer(request, keys.status, keys.body, "application/json", keys.location)
        else:
            _answer(request, 404, "", "text/plain")

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _answer(request: BaseHTTPRequestHandler, status: int, text: str, kind: str, location: str = "") -> None:
    body = text.encode()
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    if location:
        request.send_header("Location", location)
    request.end_headers()
    request.wfile.write(body)
