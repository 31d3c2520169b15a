"""The two long tasks: a conversation's process, and a speech worker's lease."""

import asyncio
import logging
import os
import signal

from celery import shared_task
from celery.signals import worker_process_init

log = logging.getLogger(__name__)


@shared_task(name="realtime.workers.converse", acks_late=False)
def converse(attempt_id: str) -> None:
    """Hold one conversation in this process until it ends; refuses when another process holds it."""
    from realtime import process

    asyncio.run(process.run(attempt_id))


@worker_process_init.connect
def _preload(**kwargs) -> None:
    """Import and load before the first learner comes: a cold start cost seconds."""
    if os.environ.get("COACHTOOL_PROCESS") == "conversation":
        from coachtool.coaching.authored import AuthoredCoach
        from realtime import process  # noqa: F401

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        AuthoredCoach.warm()
