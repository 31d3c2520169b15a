"""Background work for the LMS."""

import logging

from coachtool.celery import app
from lti import delivery

log = logging.getLogger(__name__)


@app.task(name="lti.tasks.deliver_grades")
def deliver_grades() -> None:
    """Send the grades that are due; also on beat, so that a lost message loses no grade."""
    delivery.deliver_due()


def kick() -> None:
    """Ask for a delivery now; when the broker cannot be asked, the next beat does it."""
    try:
        deliver_grades.apply_async(retry=False, expires=60)
    except Exception as problem:  # whatever the broker's client raises must not undo the attempt's end
        log.warning("could not ask for grades to be delivered (%r); the next beat will", problem)
