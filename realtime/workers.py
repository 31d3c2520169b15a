"""The two long tasks: a conversation's process, and a speech worker's lease."""

import asyncio
import logging
import signal

from celery.signals import celeryd_after_setup, worker_process_init

from coachtool.celery import app

log = logging.getLogger(__name__)

_holds_conversations = False  # set in a worker on that queue before it forks


@app.task(name="realtime.workers.converse", acks_late=False)
def converse(attempt_id: str) -> None:
    """Hold one conversation in this process until it ends; refuses when another process holds it."""
    from realtime import process

    asyncio.run(process.run(attempt_id))


@app.task(name="realtime.workers.lease", acks_late=False)
def lease(host: str, port: int, token: str) -> None:
    """Hear and speak for the conversation that listens at `host`:`port`, until it ends."""
    from realtime.worker.lease import serve

    serve(host, port, token)


@celeryd_after_setup.connect
def _load_speech(instance, **kwargs) -> None:
    """A worker that takes leases loads its models before it takes the first."""
    if "gpu" in instance.app.amqp.queues.consume_from:
        from realtime.perception.weights import WeightsError
        from realtime.worker.models import engine

        try:
            engine()
        except WeightsError as error:
            raise SystemExit(f"The speech worker cannot start. {error}") from None


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
