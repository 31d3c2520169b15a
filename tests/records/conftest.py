"""A record store that is real, and one that fails on demand."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from django.conf import settings

from coachtool.embedded.lrs import Lrs

Answer = int | str | tuple[int, dict[str, str]]


class FaultyStore:
    """Stores statements in memory over HTTP, and fails as `script` says.

    `script` holds what happens to the next POSTs: a status code, a status code with
    headers, "hang" (it stores, but no answer ever comes) or "drop" (the connection
    is cut before anything is stored). Empty: it stores. `refuse(body)` makes a
    statement invalid for it, `choke(body)` makes it answer 500.
    """

    def __init__(self) -> None:
        self.held: dict[str, dict] = {}
        self.posts: list[list[str]] = []
        self.headers: list[dict[str, str]] = []
        self.script: list[Answer] = []
        self.refuse: Callable[[dict], bool] = lambda body: False
        self.choke: Callable[[dict], bool] = lambda body: False
        self.release = threading.Event()
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                store.posts.append([body["id"] for body in bodies])
                store.headers.append(dict(self.headers))
                step = store.script.pop(0) if store.script else 200
                if step == "drop":
                    self.close_connection = True
                    return
                status, headers = step if isinstance(step, tuple) else (step, {})
                if step in ("hang", 200):
                    status = store.take(bodies)
                if step == "hang":
                    store.release.wait(30)
                    self.close_connection = True
                    return
                self.answer(status, [body["id"] for body in bodies], headers)

            def do_GET(self) -> None:
                wanted = parse_qs(urlparse(self.path).query).get("statementId", [""])[0]
                self.answer(200 if wanted in store.held else 404, store.held.get(wanted, {}), {})

            def answer(self, status: int, body: Any, headers: dict[str, str]) -> None:
                payload = json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/xAPI"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, bodies: list[dict]) -> int:
        """All or nothing, as a record store does it."""
        if any(self.choke(body) for body in bodies):
            return 500
        if any(self.refuse(body) for body in bodies):
            return 400
        if any(self.held.get(body["id"], body) != body for body in bodies):
            return 409
        self.held.update({body["id"]: body for body in bodies})
        return 200

    def verbs(self) -> list[str]:
        return [body["verb"]["display"]["en"] for body in self.held.values()]

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def faulty(settings) -> Iterator[FaultyStore]:
    with contextlib.closing(FaultyStore()) as store:
        settings.LRS_URL, settings.LRS_KEY, settings.LRS_SECRET = store.url, "key", "secret"
        yield store


@pytest.fixture(scope="session")
def running_lrs() -> Iterator[Lrs]:
    with Lrs.start(settings.BASE_DIR / ".data" / "lrs") as store:
        yield store


@pytest.fixture
def lrs(running_lrs: Lrs, settings) -> Lrs:
    """The real record store, configured."""
    settings.LRS_URL, settings.LRS_KEY, settings.LRS_SECRET = running_lrs.url, running_lrs.key, running_lrs.secret
    return running_lrs
