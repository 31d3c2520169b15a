"""What must be true before anything starts; each refusal is one sentence that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

NEEDED_BYTES = 1_000_000_000
_BACKLOG = 1024  # connections that wait while a web process is busy or being replaced


class Refused(Exception):
    """It can't start; the message is one sentence for the person at the keyboard."""


def check_port(port: int, variable: str) -> None:
    """Refuse a port on which something listens already, on IPv4 or IPv6 loopback."""
    for probe in listen(port, variable):
        probe.close()


def listen(port: int, variable: str) -> list[socket.socket]:
    """Listening sockets on the loopbacks: `localhost` may be either. Raises Refused."""
    opened = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if family == socket.AF_INET6 and not has_ipv6_loopback():
            continue
        listening = socket.socket(family, socket.SOCK_STREAM)
        opened.append(listening)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
            listening.listen(_BACKLOG)  # binding alone succeeds beside a listener that also reuses the address
        except OSError as error:
            for each in opened:
                each.close()
            if error.errno == errno.EACCES:
                raise Refused(
                    f"Port {port} is kept for the system administrator: "
                    f"choose one above 1023, for example {variable}={port + 8000} make demo."
                ) from None
            if error.errno == errno.EADDRINUSE:
                raise Refused(
                    f"Port {port} is in use: stop what listens there, "
                    f"or choose another one, for example {variable}={port + 10} make demo."
                ) from None
            raise Refused(f"Port {port} can't be opened ({error.strerror}): choose another with {variable}.") from None
    return opened


def has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def check_space(directory: Path, needed: int = NEEDED_BYTES) -> None:
    """Refuse a disk that would soon be full; `needed` in bytes."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise Refused(
            f"The disk that holds {directory} has {free / 1e9:.1f} GB free: make room for {needed / 1e9:.0f} GB, "
            "or choose another place with COACHTOOL_DATA=/path make demo."
        )


def check_program(path: Path, package: str) -> None:
    """Refuse where a wheel did not bring its program."""
    if not path.exists():
        raise Refused(f"{package} is not installed completely ({path} is missing): run make clean, then make demo.")


@dataclass(frozen=True)
class Claim:
    """The data directory is ours as long as this file is open; the kernel gives it back when we end."""

    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


def claim(data_dir: Path) -> Claim:
    """Make the data directory and take it for this copy; raises Refused when it can't be written or is taken."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Refused(f"The disk that holds {data_dir} is full: make room for 1 GB and start again.") from None
        raise Refused(
            f"{data_dir} can't be written ({error.strerror}): "
            "give it to this user, or choose another place with COACHTOOL_DATA=/path make demo."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise Refused(
            f"A copy already runs on {data_dir}{f' (process {holder})' if holder else ''}: stop it, "
            "or give this one its own COACHTOOL_DATA, COACHTOOL_PORT and COACHTOOL_SANDBOX_PORT."
        ) from None
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return Claim(descriptor)
