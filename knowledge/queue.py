"""Work that is to be done soon, asked for by the name of its task; what the broker doesn't take, the sweep finds."""

import logging

from django.db import transaction
from kombu.exceptions import OperationalError

from coachtool.celery import app
from knowledge.models import Crawl, Document

log = logging.getLogger(__name__)


def read_soon(document: Document) -> None:
    """Once the transaction has committed."""
    transaction.on_commit(lambda: _send("knowledge.tasks.read", str(document.pk)))


def crawl_soon(crawl: Crawl) -> None:
    """Once the transaction has committed."""
    transaction.on_commit(lambda: _send("knowledge.tasks.crawl", str(crawl.pk)))


def _send(task: str, key: str) -> None:
    try:
        app.send_task(task, [key], retry=False)
    except OperationalError:
        log.warning("%s of %s waits for the sweep: the broker can't be reached", task, key)
