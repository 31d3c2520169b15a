"""A platform's roster over HTTP: a token endpoint and memberships whose manners a test chooses."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from lti import roster

ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def member(user_id: str, name: str = "", role: str = ROLE + "Learner", status: str = "Active", **more) -> dict:
    return {"user_id": user_id, "name": name or f"Person {user_id}", "roles": [role], "status": status, **more}


@dataclass
class Platform:
    """`members` is what a whole reading gives, `changes` what the differences link gives."""

    members: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    page: int = 50
    differences: bool = True
    differences_status: int = 200
    status: int = 200
    token_status: int = 200
    granted: str = roster.SCOPE
    next_at: str = ""  # another site's address to lead to
    link_header: str = '<{url}>; rel="{rel}"'
    raw: str = ""  # an answer that is no JSON
    seen: list = field(default_factory=list)  # (path, query, headers)
    before: object = None  # called before each page is given

    def __post_init__(self):
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                platform.seen.append(("token", form, dict(self.headers)))
                said = {"access_token": "t", "expires_in": 3600, "scope": platform.granted}
                self.answer(platform.token_status, said if platform.token_status == 200 else {"error": "invalid_scope"})

            def do_GET(self):
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                platform.seen.append((parts.path, query, dict(self.headers)))
                if platform.before:
                    platform.before()
                changes = parts.path == "/changes"
                status = platform.differences_status if changes else platform.status
                if status != 200:
                    return self.answer(status, {"error": "no"})
                listed = platform.changes if changes else platform.members
                at, size = int(query.get("at", 0)), min(int(query.get("limit", platform.page)), platform.page)
                links = []
                if at + size < len(listed):
                    further = platform.next_at or f"{platform.url}{parts.path}?at={at + size}&limit={size}"
                    links.append(("next", further))
                elif platform.differences:
                    links.append(("differences", f"{platform.url}/changes"))
                header = ", ".join(platform.link_header.format(url=url, rel=rel) for rel, url in links)
                body = {"id": "x", "context": {"id": "course-1"}, "members": listed[at : at + size]}
                self.answer(200, body, header)

            def answer(self, status, body, link=""):
                content = (platform.raw or json.dumps(body)).encode() if status == 200 and "members" in body else None
                content = content or json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", roster.MEDIA_TYPE)
                self.send_header("Content-Length", str(len(content)))
                if link:
                    self.send_header("Link", link)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def paths(self) -> list[str]:
        """What was asked for since this was asked last, without the tokens."""
        found = [path for path, *_ in self.seen if path != "token"]
        self.seen.clear()
        return found

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
