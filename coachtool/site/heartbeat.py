"""How the Celery processes say that they are ready: an entry in Valkey that they renew from their own loop.

A worker counts for the queues that it consumes, and only from the moment when
its consumer runs, so after the models of a gpu worker are loaded. An entry is
renewed every `EVERY` seconds and counts for `COUNTS_FOR`; a loop that stands
still, like a process that is gone, is missed after that time.
"""

from __future__ import annotations

import contextlib
import functools
import logging

import redis
from celery import Celery, bootsteps
from celery.beat import PersistentScheduler
from django.conf import settings

logger = logging.getLogger(__name__)

EVERY = 2.0
COUNTS_FOR = 10.0
ROLES = {"conversation": "conversation", "gpu": "gpu", "default": "background"}  # queue: its name in /healthz
ALL_ROLES = (*ROLES.values(), "beat")


@functools.cache
def valkey() -> redis.Redis:
    """Beside the cache, with timeouts in seconds that never hold up a loop or /healthz."""
    return redis.Redis.from_url(f"{settings.VALKEY_URL}/2", socket_timeout=1, socket_connect_timeout=1)


def beat(role: str, node: str) -> None:
    """Say that `node` is ready in `role`; a Valkey that is away is noted and tried again next time."""
    try:
        now = _now()
        with valkey().pipeline(transaction=False) as pipe:
            pipe.zadd(_key(role), {node: now})
            pipe.zremrangebyscore(_key(role), "-inf", now - COUNTS_FOR)
            pipe.execute()
    except redis.RedisError as error:
        logger.warning("Valkey does not take the heartbeat of %s: %s", node, error)


def forget(role: str, node: str) -> None:
    """`node` ends on purpose: don't wait for its entry to run out."""
    try:
        valkey().zrem(_key(role), node)
    except redis.RedisError:
        logger.info("Valkey was gone before %s could sign off", node)


def strike_off(valkey_url: str, role: str, node: str) -> None:
    """For a supervisor that saw `node` die: it is missed at once. Needs no settings; does nothing without Valkey."""
    with contextlib.suppress(redis.RedisError):
        redis.Redis.from_url(f"{valkey_url}/2", socket_timeout=1, socket_connect_timeout=1).zrem(_key(role), node)


def ready_nodes() -> dict[str, int]:
    """How many processes are ready in each role. Raises redis.RedisError when Valkey is away."""
    now = _now()
    with valkey().pipeline(transaction=False) as pipe:
        for role in ALL_ROLES:
            pipe.zcount(_key(role), now - COUNTS_FOR, "+inf")
        return dict(zip(ALL_ROLES, pipe.execute(), strict=True))


def _now() -> float:
    """Valkey's clock, so that hosts need not agree on the time."""
    seconds, microseconds = valkey().time()
    return seconds + microseconds / 1e6


def _key(role: str) -> str:
    return f"coachtool:ready:{role}"


class ReadyStep(bootsteps.StartStopStep):
    """Last step of a worker's consumer; starts again whenever the consumer has reconnected to the broker."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, consumer, **options):
        super().__init__(consumer, **options)
        self.timers = []
        self.roles = []

    def start(self, consumer) -> None:
        self.roles = [ROLES[queue] for queue in consumer.app.amqp.queues.consume_from if queue in ROLES]
        for role in self.roles:
            beat(role, consumer.hostname)
            self.timers.append(consumer.timer.call_repeatedly(EVERY, beat, (role, consumer.hostname)))

    def stop(self, consumer) -> None:
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()
        for role in self.roles:
            forget(role, consumer.hostname)
        self.roles = []

    def terminate(self, consumer) -> None:
        self.stop(consumer)


class Scheduler(PersistentScheduler):
    """Celery's own, which says with every tick that it ticks."""

    def tick(self, *args, **options) -> float:
        beat("beat", "beat")
        return super().tick(*args, **options)


def install(app: Celery) -> None:
    """Add the step to the app's workers and the scheduler to its beat."""
    app.steps["consumer"].add(ReadyStep)
    app.conf.beat_scheduler = "coachtool.site.heartbeat:Scheduler"
    app.conf.beat_max_loop_interval = EVERY
