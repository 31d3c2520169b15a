"""A platform's web server, as seen by a tool that registers: honest unless told otherwise."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lti import rsa_keys
from tests.lti.lms import pem

_TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"


@dataclass
class PlatformServer:
    """`configuration` changes its openid-configuration (None leaves out); `answers` sets (status, body).

    GET of a path with "openid" in it is `configuration`, any other `keys`; POST is `registration`, or the
    token endpoint. `seen` has what was asked for, the Authorization header and the JSON that came along.
    """

    configuration: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)

    def __enter__(self) -> PlatformServer:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                platform._serve(self, "configuration" if "openid" in self.path else "keys", b"")

            def do_POST(self):
                platform._serve(self, "registration", self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
        self.configuration = (
            {"issuer": self.url}
            | {name: f"{self.url}/{name}" for name in names}
            | {_PLATFORM: {"product_family_code": "example"}}
            | self.configuration
        )
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler, what: str, body: bytes) -> None:
        is_json = handler.headers.get("Content-Type") == "application/json"
        self.seen.append((what, handler.headers.get("Authorization"), json.loads(body) if is_json else None))
        kept = {name: value for name, value in self.configuration.items() if value is not None}
        usual = {
            "configuration": (200, kept),
            "registration": (200, {"client_id": "c1", _TOOL: {"deployment_id": "7"}}),
            "keys": (200, {"keys": [rsa_keys.public_jwk(pem())]}),
        }
        status, said = self.answers.get(what, usual[what])
        said = said if isinstance(said, bytes) else json.dumps(said).encode()
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("Location", "http://127.0.0.1:1/")
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)
