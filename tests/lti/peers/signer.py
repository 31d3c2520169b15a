"""A platform of somebody else's making, in a process of its own: what it is asked and answers, a line of JSON each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Placement:
    """What the platform knows of the tool, and the key that it signs with."""

    login_url: str
    launch_url: str
    activity: str
    private_pem: str


class PlatformSide(Protocol):
    """`about`: issuer, client_id and jwks. `login`: the URL that begins it. `launch`: the form for what was asked."""

    def about(self) -> dict: ...
    def login(self, role: str) -> str: ...
    def launch(self, role: str, asked: dict) -> dict: ...


class Signer:
    """The platform's process, as a context manager; `name` is its module beside this one."""

    def __init__(self, name: str, place: Placement):
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.{name}"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._place = place

    def __enter__(self) -> Signer:
        self._send(asdict(self._place))
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def about(self) -> dict:
        return self._ask("about")

    def login(self, role: str) -> str:
        return self._ask("login", role)

    def launch(self, role: str, asked: dict) -> dict:
        return self._ask("launch", role, asked)

    def _ask(self, *what) -> dict | str:
        self._send(what)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the platform ended ({self._process.poll()})")
        return json.loads(line)

    def _send(self, what) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()


def serve(make: Callable[[Placement], PlatformSide]) -> None:
    """The process's side: until its input ends."""
    platform = make(Placement(**json.loads(sys.stdin.readline())))
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(platform, name)(*arguments)), flush=True)
