"""Background work on documents: short steps on the default queue, each harmless to repeat."""

import logging
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, Error
from django.utils import timezone

from coachtool.celery import app
from knowledge import crawling, ingest
from knowledge.models import Crawl, Document

log = logging.getLogger(__name__)

_TOO_LONG = "Reading it takes too long. Split it into smaller documents."
_SLOW_SITE = "The site takes too long to answer. Try again later, with fewer pages."
_OUR_FAULT = "Reading broke off by a fault of ours. Try again; if that does not help, tell whoever runs this site."
_LIMITS = {"soft_time_limit": 270, "time_limit": 300}
_LATE = timedelta(minutes=2)  # what merely waits its turn is not asked for over and over


@app.task(name="knowledge.tasks.read", **_LIMITS)
def read(document_id: str) -> None:
    """One step of reading a document, then another task for the next."""
    try:
        more = ingest.step(document_id)
    except Error:  # the sweep tries again once the database is well
        raise
    except Exception as problem:
        log.exception("document %s: reading it broke off", document_id)
        ingest.fail(document_id, _TOO_LONG if isinstance(problem, SoftTimeLimitExceeded) else _OUR_FAULT)
        return
    if more:
        read.delay(document_id)


@app.task(name="knowledge.tasks.crawl", **_LIMITS)
def crawl(crawl_id: str) -> None:
    """One page of a crawl, then another task when its site may be asked again."""
    try:
        wait = crawling.step(crawl_id)
    except Exception as problem:
        if isinstance(problem, Error) and not isinstance(problem, DataError):  # as above; bad data is no better then
            raise
        log.exception("crawl %s: reading a page broke off", crawl_id)
        crawling.fail(crawl_id, _SLOW_SITE if isinstance(problem, SoftTimeLimitExceeded) else _OUR_FAULT)
        return
    if wait is not None:
        crawl.apply_async([crawl_id], countdown=wait)


@app.task(name="knowledge.tasks.sweep", expires=25)
def sweep() -> None:
    """Take up what a worker that died has left."""
    now = timezone.now()
    for model, task in ((Document, read), (Crawl, crawl)):
        left = model.objects.filter(state__in=model.BUSY, due__lt=now - _LATE)
        for each in list(left.values_list("pk", flat=True)[:100]):
            model.objects.filter(pk=each, due__lt=now - _LATE).update(due=now)
            task.delay(str(each))
