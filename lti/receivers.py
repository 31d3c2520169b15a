"""What a finished attempt sets in motion here."""

from django.db import transaction
from django.dispatch import receiver

from coachtool.attempts.models import Attempt
from coachtool.attempts.signals import attempt_finished
from lti import grades, tasks


@receiver(attempt_finished, dispatch_uid="lti.queue_grade")
def queue_grade(sender, attempt: Attempt, **kwargs) -> None:
    """Note the grade to send in the attempt's own transaction; start sending once it holds."""
    if grades.queue(attempt) is not None:
        transaction.on_commit(tasks.kick, robust=True)
