"""How long each stage takes in this process: `observe(stage, seconds)`, from any thread.

Counts per bucket as Prometheus has them; `snapshot` is what the worker writes
beside its slots in Valkey, from where `/metrics` reads it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # upper bounds in seconds; the last is +Inf


class _Stage:
    def __init__(self):
        self.counts = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0


_stages: dict[str, _Stage] = {}
_lock = threading.Lock()


def observe(stage: str, seconds: float) -> None:
    """One run of `stage` ("recognition", "voice", "frame", …) took so long."""
    with _lock:
        kept = _stages.setdefault(stage, _Stage())
        kept.counts[bisect_left(BUCKETS, seconds)] += 1
        kept.seconds += seconds


@contextlib.contextmanager
def timed(stage: str) -> Iterator[None]:
    """Observes how long the block took, also where it raises."""
    began = time.perf_counter()
    try:
        yield
    finally:
        observe(stage, time.perf_counter() - began)


def snapshot() -> dict[str, dict]:
    """{stage: {"counts": runs per bucket and beyond the last, "seconds": all together}}."""
    with _lock:
        return {
            name: {"counts": list(kept.counts), "seconds": round(kept.seconds, 6)} for name, kept in _stages.items()
        }
