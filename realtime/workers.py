"""The two long tasks: a conversation's process, and a worker's lease."""

import asyncio
import logging
import signal
import time

from celery.signals import celeryd_after_setup, worker_process_init, worker_shutdown, worker_shutting_down

from coachtool.celery import app

log = logging.getLogger(__name__)

ASK_SECONDS = 4  # after which nobody waits for an ask any more: the conversation has asked again
_PASSED_ON = 16  # times an ask may go from a full worker to the next

_holds_conversations = False  # set in a worker on that queue before it forks
_house = None  # a gpu worker's, once its models are loaded


@app.task(name="realtime.workers.converse", acks_late=False)
def converse(attempt_id: str) -> None:
    """Hold one conversation in this process until it ends; refuses when another process holds it."""
    from realtime import process

    asyncio.run(process.run(attempt_id))


@app.task(name="realtime.workers.lease", acks_late=False)
def lease(host: str, port: int, token: str, urgent: bool = False, passed_on: int = 0) -> None:
    """Hear and speak for the conversation that listens at `host`:`port`, until it ends.

    `urgent`: it had a worker and lost it. A worker without a place passes the ask
    on, to whichever worker has waited longest for one.
    """
    from realtime import pool
    from realtime.worker.lease import serve

    with _house.places.place(urgent) as found:
        if not found:
            if passed_on < _PASSED_ON:
                lease.apply_async((host, port, token, urgent, passed_on + 1), expires=ASK_SECONDS)
            return
        _house.changed()
        began = time.monotonic()
        try:
            serve(host, port, token, _house.places)
        finally:
            pool.lease_lasted(time.monotonic() - began)
    _house.changed()


@celeryd_after_setup.connect
def _open_house(instance, **kwargs) -> None:
    """A worker that takes leases loads its models and measures what it can take, before it takes the first."""
    global _house
    if "gpu" in instance.app.amqp.queues.consume_from:
        from django.conf import settings

        from realtime.perception.weights import WeightsError
        from realtime.worker import capacity, filming
        from realtime.worker.house import House
        from realtime.worker.models import engine
        from realtime.worker.places import Places
        from realtime.worker.seeing import eyes

        try:
            models = engine()
            looking = eyes() if settings.PERCEPTION == "standard" else None
        except WeightsError as error:
            raise SystemExit(f"The speech worker cannot start. {error}") from None
        # Before the first lease: opening the renderer would keep the others waiting.
        if filming.offer():
            filming.studio()
        slots = settings.GPU_SLOTS or capacity.slots(
            capacity.measured(models, looking), processes=settings.GPU_PROCESSES
        )
        log.info("%s places%s", slots, " as set" if settings.GPU_SLOTS else ", by what a conversation costs here")
        places = Places(min(slots, instance.concurrency), strained=filming.strained)
        _house = House(instance.hostname, places, models.models.names)


@worker_shutting_down.connect
def _drain(sig, how, **kwargs) -> None:
    """SIGTERM: the conversations move on to other workers. Anything more urgent: at once."""
    from django.conf import settings

    if _house is not None:
        _house.drain(settings.DRAIN_SECONDS if how == "Warm" else 0)


@worker_shutdown.connect
def _close_house(**kwargs) -> None:
    if _house is not None:
        _house.close()


@celeryd_after_setup.connect
def _note_queue(instance, **kwargs) -> None:
    global _holds_conversations
    _holds_conversations = "conversation" in instance.app.amqp.queues.consume_from


@worker_process_init.connect
def _preload(**kwargs) -> None:
    """Import and load before the first learner comes: a cold start cost seconds."""
    if _holds_conversations:
        from coachtool.coaching.authored import AuthoredCoach
        from realtime import process  # noqa: F401

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        AuthoredCoach.warm()
