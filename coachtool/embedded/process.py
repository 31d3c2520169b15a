"""One process of ours: started in a session of its own, and ended with everything that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Spec:
    """What to run. `stop_signal` asks it to end; after `patience` seconds it is killed.

    Its output is appended to `log`. `user` names the system user that it runs as
    where that is not ours. `env` is the whole environment. `sockets` are the file
    descriptors of listening sockets that it is handed, under the same numbers. A
    `spare` is started last, when all is ready without it.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    user: str | None = None
    sockets: tuple[int, ...] = ()
    spare: bool = False


class Process:
    """Runs a Spec. Start it from a thread that lives as long as it should: it ends with that thread."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.started_at = 0.0
        self._popen: subprocess.Popen | None = None
        self.how_it_ended = ""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    def start(self) -> None:
        """Raises OSError where the program can't be run."""
        spec = self.spec
        as_user = {"user": spec.user, "group": pwd.getpwnam(spec.user).pw_gid, "extra_groups": []} if spec.user else {}
        with open(spec.log, "ab") as log:
            self._popen = subprocess.Popen(
                spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(spec.env),
                cwd=spec.cwd,
                start_new_session=True,
                pass_fds=spec.sockets,
                preexec_fn=_ends_with_its_parent(spec.stop_signal),
                **as_user,
            )
        self.started_at = time.monotonic()
        self.how_it_ended = ""

    def alive(self) -> bool:
        """Whether it runs. Once it has ended, what it left behind is killed and `how_it_ended` says how."""
        if self._popen is None or self._popen.returncode is not None:
            return False
        # Look without reaping: until it is reaped, no other process can have its process group.
        if os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return True
        self._kill_group()
        status = self._popen.wait()
        self.how_it_ended = f"exit status {status}" if status >= 0 else f"killed by {_signal_name(-status)}"
        return False

    def ask_to_stop(self) -> None:
        if self.alive():
            self._popen.send_signal(self.spec.stop_signal)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within `seconds`."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if self.alive():
            self._kill_group()
            self.wait(5)

    def stop(self) -> None:
        """Ask, wait `patience`, then kill."""
        self.ask_to_stop()
        if not self.wait(self.spec.patience):
            self.kill()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)


def last_lines(log: Path, count: int = 3) -> list[str]:
    """The last lines of a log that say something."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.rstrip() for line in lines if line.strip()][-count:]


def _ends_with_its_parent(wish: signal.Signals) -> Callable[[], None]:
    """To be called in the child before exec: the kernel sends `wish` when the parent dies, however it dies."""
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(wish), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
