"""The sandbox LMS in a process of its own, with a database of its own beside the test's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from coachtool.embedded.stores import free_port

_ROOT = Path(__file__).resolve().parents[2]


class Sandbox:
    """`url` answers once this is made; `stop` ends it."""

    def __init__(self, tool_url: str, log: Path):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **os.environ,
            "COACHTOOL_URL": tool_url,
            "COACHTOOL_SANDBOX_URL": self.url,
            "COACHTOOL_SANDBOX_DATABASE_URL": _database(f"sandbox_{os.getpid()}_{port}"),
            "DJANGO_SETTINGS_MODULE": "lti.sandbox.settings",
        }
        for command in (["migrate", "--no-input", "-v", "0"], ["sandbox_seed"]):
            subprocess.run(
                [sys.executable, "manage.py", *command, "--settings", "lti.sandbox.settings"],
                **{"cwd": _ROOT, "env": self.env, "check": True, "timeout": 90, "stdout": subprocess.DEVNULL},
            )
        daphne = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "lti.sandbox.asgi:application"]
        self._log = log.open("w")
        self._process = subprocess.Popen(daphne, cwd=_ROOT, env=self.env, stdout=self._log, stderr=self._log)
        self._wait()

    def fault(self, endpoint: str, status: int = 0, **more) -> None:
        """Play a failure to the tool, or many by lot; see lti.sandbox.models.Fault."""
        asked = {"endpoint": endpoint, "status": status, **more}
        answer = httpx.post(f"{self.url}/faults/", json=asked, timeout=10)
        assert answer.status_code == 201, answer.text

    def mend(self) -> None:
        """Forget the faults that are left."""
        httpx.delete(f"{self.url}/faults/", timeout=10)

    def verdicts(self) -> list[tuple[str, int, str]]:
        """What the tool did wrong so far."""
        found = httpx.get(f"{self.url}/verdicts.json", timeout=10).json()["verdicts"]
        return [(verdict["endpoint"], verdict["status"], verdict["problem"]) for verdict in found]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=15)
        self._log.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.stop()
        raise AssertionError(f"the sandbox LMS did not answer at {self.url}; see {self._log.name}")


def _database(name: str) -> str:
    parts = urlsplit(os.environ["COACHTOOL_DATABASE_URL"])
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(parts._replace(path=f"/{name}"))
