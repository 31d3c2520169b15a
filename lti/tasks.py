"""Background work for the LMS."""

import logging
from contextlib import suppress

from django.contrib.sessions.models import Session
from django.utils import timezone

from coachtool.attempts import addressed
from coachtool.celery import app
from lti import delivery, line_items, roster, services
from lti.models import DeepLinkingRequest, GradeService, LoginState

log = logging.getLogger(__name__)


@app.task(name="lti.tasks.deliver_grades")
def deliver_grades() -> None:
    """Send the grades that are due; also on beat, so that a lost message loses no grade."""
    delivery.deliver_due()


@app.task(name="lti.tasks.forget")
def forget() -> None:
    """Take away what has run out: logins nobody answered, open pickers, visits and sessions."""
    now = timezone.now()
    for what in (LoginState, DeepLinkingRequest):
        what.objects.filter(expires__lte=now).delete()
    addressed.sweep()
    Session.objects.filter(expire_date__lte=now).delete()


@app.task(name="lti.tasks.read_roster")
def read_roster(course_id: int) -> None:
    """Read one course's roster; a failure is kept for its dashboard."""
    service = roster.service_of(course_id)
    if service is not None:
        with suppress(roster.NotRead):
            roster.read(service)


@app.task(name="lti.tasks.read_rosters")
def read_rosters() -> None:
    """Read every roster, once a night."""
    roster.read_all()


@app.task(name="lti.tasks.keep_column", bind=True, max_retries=6)
def keep_column(task, link_id: int) -> None:
    """Make the gradebook column of a link, or bring it up to date; what hinders it stands on the status page."""
    trouble = ""
    try:
        with services.client() as http:
            line_items.keep(http, link_id)
    except line_items.NoColumn as reason:
        trouble = str(reason)
    except services.Failed as failed:
        trouble = f"The LMS did not make the gradebook column yet ({failed})."
        if task.request.retries < task.max_retries:
            raise task.retry(exc=failed, countdown=30 * 2**task.request.retries) from None
    finally:
        GradeService.objects.filter(resource_link_id=link_id).exclude(trouble=trouble).update(trouble=trouble)


def kick() -> None:
    """Ask for a delivery now; when the broker cannot be asked, the next beat does it."""
    try:
        deliver_grades.apply_async(retry=False, expires=60)
    except Exception as problem:  # whatever the broker's client raises must not undo the attempt's end
        log.warning("could not ask for grades to be delivered (%r); the next beat will", problem)


def kick_column(link_id: int) -> None:
    """Ask for a link's column to be kept; when the broker cannot be asked, the next grade makes or updates it."""
    try:
        keep_column.apply_async((link_id,), retry=False)
    except Exception as problem:
        log.warning("could not ask for the column of link %s (%r)", link_id, problem)
