"""Writing an attempt's statements into the outbox, inside the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from coachtool.attempts.models import Attempt, AttemptEvent
from coachtool.records import statements
from coachtool.records.models import StatementOutbox
from coachtool.records.xapi import Statement


def on_event(sender: Any, *, attempt: Attempt, event: AttemptEvent, **_: Any) -> None:
    """Receiver of `event_appended`. Nothing is told of a preview: nobody has learnt anything yet."""
    if attempt.resource_link.preview:
        return
    statement = statements.of_event(attempt, event)
    if statement is not None:
        write(attempt, [statement])


def on_finish(sender: Any, *, attempt: Attempt, **_: Any) -> None:
    """Receiver of `attempt_finished`: the statements about the end, to be sent at once.

    What happens during the conversation leaves with the next beat: nobody waits for
    it, and the conversation does not depend on the broker. Nothing is told of a preview.
    """
    if attempt.resource_link.preview:
        return
    write(attempt, statements.of_end(attempt))
    if settings.LRS_URL:
        transaction.on_commit(_kick, robust=True)


def write(attempt: Attempt, made: Iterable[Statement]) -> None:
    """Append statements in order; one that is there already is not written again.

    The caller's transaction holds the attempt's row, so nobody else numbers its statements meanwhile.
    """
    last = StatementOutbox.objects.filter(attempt=attempt).aggregate(last=Max("sequence"))["last"] or 0
    made = list(made)
    there = set(
        StatementOutbox.objects.filter(statement_id__in=[statement.id for statement in made]).values_list(
            "statement_id", flat=True
        )
    )
    new = [statement for statement in made if statement.id not in there]
    state = StatementOutbox.State.PENDING if settings.LRS_URL else StatementOutbox.State.KEPT
    now = timezone.now()
    StatementOutbox.objects.bulk_create(
        StatementOutbox(
            statement_id=statement.id,
            attempt=attempt,
            sequence=last + step,
            body=statement.as_json(),
            state=state,
            next_try=now,
        )
        for step, statement in enumerate(new, start=1)
    )


def _kick() -> None:
    """Deliver now rather than at the next beat. Without a broker the beat does it later, so nothing is retried here."""
    from coachtool.records.tasks import deliver_statements

    deliver_statements.apply_async(retry=False, expires=30)
