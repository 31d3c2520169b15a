"""What has to be tidied up when nobody else can."""

import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from coachtool.attempts import journal
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from coachtool.celery import app

log = logging.getLogger(__name__)


@app.task(name="coachtool.attempts.tasks.sweep")
def sweep() -> None:
    """Score attempts whose conversation died and whose learner did not come back."""
    stale = timezone.now() - timedelta(seconds=settings.REJOIN_SECONDS + 30)
    for attempt in Attempt.objects.filter(state=Attempt.State.LIVE, heartbeat__lt=stale):
        log.info("attempt %s: nobody came back, scoring what was said", attempt.pk)
        try:
            finish(attempt.pk, "left", epoch=attempt.epoch)
        except journal.Fenced:
            continue
