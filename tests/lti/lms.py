"""A platform that signs whatever a test wants, honest or not."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
from django.test import Client

from lti.claims import AGS, LTI, SCORE_SCOPE
from lti.deep_linking_settings import CLAIM as SETTINGS
from lti.models import Registration
from lti.rsa_keys import generate_pem, public_jwk

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
LAUNCH_URL = "http://localhost:8000/lti/launch/"


class _Omit:
    """A claim or field to leave out; its name is the same in every process, as parallel collection needs."""

    def __repr__(self) -> str:
        return "OMIT"


OMIT = _Omit()
_PEMS: list[str] = []
_PLAIN = ("iss", "aud", "sub", "nonce", "iat", "exp", "nbf", "azp", "name")


def pem(number: int = 0) -> str:
    """One of a few keys, made once per run."""
    while len(_PEMS) <= number:
        _PEMS.append(generate_pem())
    return _PEMS[number]


@dataclass
class Lms:
    """One registration's platform side."""

    issuer: str = "https://lms.example.edu"
    client_id: str = "client-1"
    key: str = field(default_factory=pem)

    def register(self, **fields) -> Registration:
        values = {
            "auth_login_url": f"{self.issuer}/auth",
            "auth_token_url": f"{self.issuer}/token",
            "jwks": self.jwks(),
        } | fields
        return Registration.objects.create(issuer=self.issuer, client_id=self.client_id, **values)

    def jwks(self, *pems: str) -> dict:
        return {"keys": [public_jwk(entry) for entry in (pems or (self.key,))]}

    def login(self, client: Client, method: str = "get", **changes):
        """The third-party initiated login; the tool's answer."""
        params = {
            "iss": self.issuer,
            "login_hint": "user-1",
            "target_link_uri": LAUNCH_URL,
            "client_id": self.client_id,
            "lti_message_hint": "hint-1",
            "lti_deployment_id": "d1",
        } | changes
        params = {name: value for name, value in params.items() if value is not OMIT}
        return getattr(client, method)("/lti/login/", params)

    def begin(self, client: Client, **changes) -> dict[str, str]:
        """Login up to the platform's authorisation endpoint: the authentication request's parameters."""
        response = self.login(client, **changes)
        assert response.status_code == 303, response.content
        response = client.get(response["Location"])
        assert response.status_code == 302, response.content
        return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}

    def claims(self, nonce: str, /, **changes) -> dict:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "user-1",
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
            "name": "Ada Osei",
            LTI + "version": "1.3.0",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "deployment_id": "d1",
            LTI + "target_link_uri": LAUNCH_URL,
            LTI + "roles": [MEMBERSHIP + "#Learner"],
            LTI + "context": {"id": "course-1", "title": "Hard conversations"},
            LTI + "resource_link": {"id": "link-1", "title": "When to escalate"},
            LTI + "custom": {"activity": "claims-escalation"},
            AGS: {"scope": [SCORE_SCOPE], "lineitem": f"{self.issuer}/items/1/lineitem?type_id=1"},
        }
        for name, value in changes.items():
            full = name if name in _PLAIN or name.startswith("https:") else LTI + name
            if value is OMIT:
                claims.pop(full, None)
            else:
                claims[full] = value
        return claims

    def sign(self, claims: dict, key: str | None = None, **header) -> str:
        key = key or self.key
        header = {"kid": public_jwk(key)["kid"]} | header
        # Not jwt.encode: it would refuse some of the claims that a dishonest platform may send.
        return jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm="RS256", headers=header)

    def launch(self, client: Client, **changes):
        """A whole honest launch but for `changes` of its claims; the tool's answer.

        A changed target_link_uri or deployment_id is what the login names, too.
        """
        login = {"lti_deployment_id": changes["deployment_id"]} if isinstance(changes.get("deployment_id"), str) else {}
        login |= {"target_link_uri": changes["target_link_uri"]} if "target_link_uri" in changes else {}
        asked = self.begin(client, **login)
        return self.post(client, asked["state"], self.sign(self.claims(asked["nonce"], **changes)))

    def deep_link(self, client: Client, settings: dict | None = None, **changes):
        """A launch from the platform's picker, by an instructor; `settings` changes those of the request."""
        said = {
            "deep_link_return_url": f"{self.issuer}/picked?course=1",
            "accept_types": ["ltiResourceLink", "link"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "accept_lineitem": True,
            "data": "csrf:é+/=",
        } | (settings or {})
        said = {name: value for name, value in said.items() if value is not OMIT}
        claims = {
            "message_type": "LtiDeepLinkingRequest",
            "roles": [MEMBERSHIP + "#Instructor"],
            "resource_link": OMIT,
            "custom": OMIT,
            AGS: {"scope": [SCORE_SCOPE], "lineitems": f"{self.issuer}/items?type_id=1"},
            SETTINGS: said,
        }
        return self.launch(client, **(claims | changes))

    def review(self, client: Client, learner: str, /, **changes):
        """A launch from the gradebook, by an instructor, for what `learner` did for the first line item."""
        claims = {
            "message_type": "LtiSubmissionReviewRequest",
            "roles": [MEMBERSHIP + "#Instructor"],
            "sub": "teacher-1",
            "name": "Grace Teacher",
            "custom": OMIT,
            "for_user": {"user_id": learner, "name": "Ada Osei"},
        }
        return self.launch(client, **(claims | changes))

    @staticmethod
    def post(client: Client, state: str, id_token: str):
        return client.post("/lti/launch/", {"state": state, "id_token": id_token})


class KeyServer:
    """A platform's key set URL that can misbehave."""

    def __init__(self, jwks: dict):
        self.status, self.body, self.delay, self.fetched = 200, json.dumps(jwks), 0.0, 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.fetched += 1
                time.sleep(server.delay)
                body = server.body.encode()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/jwks"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def serves(self, jwks: dict) -> None:
        self.body = json.dumps(jwks)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def moodle(who: str) -> dict:
    """A launch as Moodle 4.5 sent it."""
    path = Path(__file__).parent / "moodle" / f"moodle45_launch_{who}.json"
    return json.loads(path.read_text())
