"""The whole product as the tests use it: on free ports, in a directory of its own, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coachtool.embedded import health
from coachtool.embedded.plan import ROOT
from coachtool.embedded.stores import free_port


@dataclass(frozen=True)
class Running:
    """A product that answers. `pid` is the supervisor's; `output` is what it has printed so far."""

    url: str
    sandbox_url: str
    port: int
    sandbox_port: int
    data: Path
    pid: int
    _output: Path

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def log(self, name: str) -> str:
        """The log of one process, such as "web" or "conversation"."""
        return (self.data / "logs" / f"{name}.log").read_text(errors="replace")

    def health(self) -> Mapping[str, str]:
        """The state of every process; empty when the web process does not answer."""
        return health.tool(self.port) or {}

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not (states := self.health()) or set(states.values()) != {"ready"}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ready after {seconds} s: {dict(states)}\n{self.output}")
            time.sleep(0.2)


@contextlib.contextmanager
def running_product(
    data_dir: Path,
    port: int | None = None,
    sandbox_port: int | None = None,
    lrs: tuple[str, str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    start_seconds: float = 180,
) -> Iterator[Running]:
    """Start everything on `data_dir` and stop it at the end.

    Ports that are not given are free ones. `lrs` is the URL, key and secret of a
    learning record store, `environ` more environment. Raises RuntimeError with
    what was printed where it does not start.
    """
    port, sandbox_port = port or free_port(), sandbox_port or free_port()
    data_dir.mkdir(parents=True, exist_ok=True)
    output = data_dir / "output.txt"
    url, key, secret = lrs or ("", "", "")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COACHTOOL_", "DJANGO_"))},
        "COACHTOOL_PORT": str(port),
        "COACHTOOL_SANDBOX_PORT": str(sandbox_port),
        "COACHTOOL_DATA": str(data_dir),
        "COACHTOOL_LRS_URL": url,
        "COACHTOOL_LRS_KEY": key,
        "COACHTOOL_LRS_SECRET": secret,
        **(environ or {}),
    }
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "coachtool.embedded"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + start_seconds
        while "\nReady after" not in output.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The product did not start:\n{output.read_text()}")
            time.sleep(0.1)
        yield Running(
            f"http://localhost:{port}",
            f"http://127.0.0.1:{sandbox_port}",
            port,
            sandbox_port,
            data_dir,
            process.pid,
            output,
        )
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
