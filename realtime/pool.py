"""The pool of workers as everybody sees it: who serves, who waits, and how long that may take.

Each worker keeps a hash in Valkey that runs out some seconds after its last sign
of life (`sign_in`); the web and the conversations read them (`read`).
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis
from django.core.cache import cache

from coachtool.site.heartbeat import valkey
from realtime import names

COUNTS_FOR = 5  # seconds after a worker's last sign of life
_WORKERS = "coachtool:workers"  # set: their names
_LASTED = "coachtool:lease-seconds"  # list: how long the last leases lasted
_COUNTS = "coachtool:counts"  # hash: what /metrics counts beyond the life of a process
AWAY = (redis.RedisError, ValueError)  # the latter is what redis-py 7 says of a timeout while it connects
_REMEMBERED = 50  # leases whose duration is known
_ENOUGH = 5  # of them before anybody is told an estimate
_BRIEF = 30  # seconds; a lease that ended sooner says nothing about the others


@dataclass(frozen=True)
class Worker:
    """One worker process. `stages` as `worker.metrics.snapshot` has them; `age` in seconds since it was seen."""

    name: str
    slots: int
    taken: int
    draining: bool = False
    models: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, dict] = field(default_factory=dict)
    age: float = 0.0

    @property
    def free(self) -> int:
        """Places for conversations that begin."""
        return 0 if self.draining else max(0, self.slots - self.taken)


@dataclass(frozen=True)
class Pool:
    """`waiting` are the attempts that wait, longest first; `typical` is how long a lease lasts in seconds, if known."""

    workers: tuple[Worker, ...] = ()
    waiting: tuple[str, ...] = ()
    typical: float | None = None

    @property
    def slots(self) -> int:
        return sum(worker.slots for worker in self.workers if not worker.draining)

    @property
    def free(self) -> int:
        return sum(worker.free for worker in self.workers)

    def before(self, attempt_id: Any) -> int:
        """How many wait before this attempt; all of them where it does not wait yet."""
        attempt = str(attempt_id)
        return self.waiting.index(attempt) if attempt in self.waiting else len(self.waiting)

    def minutes(self, before: int) -> int | None:
        """About how long until whoever has `before` others before them gets a place; 0 now, None unknown.

        With every place taken, one falls free every typical/slots seconds on average.
        """
        if before < self.free:
            return 0
        if self.typical is None or not self.slots:
            return None
        return max(1, math.ceil((before - self.free + 1) * self.typical / self.slots / 60))


def read() -> Pool:
    """The pool at this moment. Raises one of AWAY where Valkey is."""
    client = valkey()
    known = sorted(name.decode() for name in client.smembers(_WORKERS))
    with client.pipeline(transaction=False) as pipe:
        for name in known:
            pipe.hgetall(_key(name))
            pipe.pttl(_key(name))
        pipe.lrange(_LASTED, 0, -1)
        *rows, lasted = pipe.execute()
    seen = {name: (row, left) for name, row, left in zip(known, rows[::2], rows[1::2], strict=True)}
    workers = tuple(_worker(name, row, left) for name, (row, left) in seen.items() if row)
    if gone := [name for name, (row, _) in seen.items() if not row]:
        client.srem(_WORKERS, *gone)
    durations = [float(seconds) for seconds in lasted]
    typical = sum(durations) / len(durations) if len(durations) >= _ENOUGH else None
    return Pool(workers, waiting(), typical)


def waiting() -> tuple[str, ...]:
    """The living conversations that wait for a worker, longest first; those that died are struck off."""
    client = valkey()
    queued = [attempt.decode() for attempt in client.zrange(names.WAITING, 0, -1)]
    if not queued:
        return ()
    alive = cache.get_many([names.alive(attempt) for attempt in queued])
    living = tuple(attempt for attempt in queued if names.alive(attempt) in alive)
    if len(living) < len(queued):
        client.zrem(names.WAITING, *(set(queued) - set(living)))
    return living


def queue_up(attempt_id: Any) -> None:
    """Wait for a worker, from now on or as before."""
    valkey().zadd(names.WAITING, {str(attempt_id): time.time()}, nx=True)


def leave_queue(attempt_id: Any) -> None:
    valkey().zrem(names.WAITING, str(attempt_id))


def sign_in(worker: Worker) -> None:
    """Say what this worker has; again every second. Raises one of AWAY."""
    with valkey().pipeline() as pipe:
        row = {"slots": worker.slots, "taken": worker.taken, "draining": int(worker.draining)}
        documents = {"models": json.dumps(dict(worker.models)), "stages": json.dumps(dict(worker.stages))}
        pipe.hset(_key(worker.name), mapping={**row, **documents})
        pipe.expire(_key(worker.name), COUNTS_FOR)
        pipe.sadd(_WORKERS, worker.name)
        pipe.execute()


def sign_off(name: str) -> None:
    """The worker ends: nobody need wait for its entry to run out."""
    with contextlib.suppress(*AWAY):
        valkey().delete(_key(name))


def lease_lasted(seconds: float) -> None:
    """A lease is over."""
    with contextlib.suppress(*AWAY), valkey().pipeline(transaction=False) as pipe:
        pipe.hincrby(_COUNTS, "leases", 1)
        if seconds >= _BRIEF:
            pipe.lpush(_LASTED, round(seconds))
            pipe.ltrim(_LASTED, 0, _REMEMBERED - 1)
        pipe.execute()


def failed_over(seconds: float) -> None:
    """A conversation that lost its worker has another one, after so long."""
    with contextlib.suppress(*AWAY), valkey().pipeline(transaction=False) as pipe:
        pipe.hincrby(_COUNTS, "failovers", 1)
        pipe.hincrbyfloat(_COUNTS, "failover_seconds", seconds)
        pipe.execute()


def counts() -> dict[str, float]:
    """What was counted since Valkey was started: `leases`, `failovers`, `failover_seconds`."""
    kept = {name.decode(): float(count) for name, count in valkey().hgetall(_COUNTS).items()}
    return {name: kept.get(name, 0.0) for name in ("leases", "failovers", "failover_seconds")}


def _key(name: str) -> str:
    return f"coachtool:worker:{name}"


def _worker(name: str, row: Mapping[bytes, bytes], left_ms: int) -> Worker:
    return Worker(
        name,
        slots=int(row[b"slots"]),
        taken=int(row[b"taken"]),
        draining=row[b"draining"] == b"1",
        models=json.loads(row[b"models"]),
        stages=json.loads(row[b"stages"]),
        age=max(0.0, COUNTS_FOR - left_ms / 1000),
    )
