"""Reads a file in a child process (child.py), so that no document can take the worker with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.reading.kinds import Kind, Unreadable

TIMEOUT = 200.0  # seconds, on a machine as busy as may be; of processor time a child has less (child.py)
_LARGEST = 200_000_000  # bytes of an answer
_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Reading:
    """What a document says. `pieces` are (text, heading, page or None); `read` and `skipped` the report for people.

    Of a web page also its `links` (absolute addresses), and whether it asks not to be kept (`unlisted`).
    """

    title: str
    pieces: list[tuple[str, str, int | None]]
    pages: int
    words: int
    read: list[dict]
    skipped: list[dict]
    links: list[str] = field(default_factory=list)
    unlisted: bool = False


def read(path: Path, kind: Kind, name: str, address: str = "") -> Reading:
    """Raises Unreadable, whatever the file does to the child."""
    command = [sys.executable, "-m", "knowledge.reading.child", str(path), kind.name, name, address]
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment | {"RAYON_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            cwd=_ROOT,
            start_new_session=True,
        )
        try:
            answer, _ = child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Unreadable(_TOO_LONG) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            child.stdout.close()
        said.seek(0)
        last = said.read()[-2000:].decode("utf-8", "replace")
    if child.returncode == -signal.SIGXCPU or child.returncode == -signal.SIGKILL:
        raise Unreadable(_TOO_LONG)
    if child.returncode != 0 or len(answer) > _LARGEST:
        memory = "memory" in last.lower() or child.returncode == -signal.SIGABRT
        raise Unreadable(_TOO_LARGE if memory or len(answer) > _LARGEST else _DAMAGED)
    found = json.loads(answer)
    if "problem" in found:
        raise Unreadable(found["problem"])
    return Reading(**{**found, "pieces": [tuple(piece) for piece in found["pieces"]]})


_TOO_LONG = "Reading it takes too long. Split it into smaller documents, or save it anew without pictures."
_TOO_LARGE = "Reading it takes more memory than a document may. Split it into smaller documents."
_DAMAGED = "The file is damaged and can't be read. Save it anew and add it again."
