"""Background work on the record."""

from django.conf import settings

from coachtool.celery import app
from coachtool.records import delivery
from coachtool.records.lrs import RecordStore


@app.task(name="coachtool.records.tasks.deliver_statements", expires=60)
def deliver_statements() -> None:
    """Send what the outbox holds to the configured record store; harmless to run side by side."""
    if not settings.LRS_URL:
        return
    with RecordStore.configured() as store:
        delivery.deliver(store)
