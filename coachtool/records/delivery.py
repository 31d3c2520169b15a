"""Sending what the outbox holds: each statement once in effect, the statements of one attempt in order.

A worker holds an attempt by a row lock on its oldest pending statement for as
long as it sends that attempt's statements. When it dies the lock goes with its
connection, the rows are still pending, and sending them again is harmless: the
same id with the same body changes nothing in the record store.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from coachtool.records.lrs import Answer, RecordStore, Verdict
from coachtool.records.models import StatementOutbox

log = logging.getLogger(__name__)

_BATCH = 200  # statements in one request
_ATTEMPTS = 50  # attempts held at once
_ALONE_AFTER = 2  # tries, after which an attempt is sent by itself: what fails for it fails for it alone
_FIRST_WAIT, _LONGEST_WAIT = 5, 900  # seconds

State = StatementOutbox.State


def deliver(store: RecordStore, *, batches: int = 100) -> int:
    """Send what is due, in up to `batches` requests' worth; the number of statements that the store now has.

    Stops at the first sign that the store cannot take more now.
    """
    delivered = 0
    for _ in range(batches):
        with transaction.atomic():
            rows = _claim()
            if not rows:
                break
            sending = _Sending(store)
            sending.send(rows)
            sending.settle()
        delivered += sending.stored
        if sending.trouble:
            break
    return delivered


def _claim() -> list[StatementOutbox]:
    """Lock some attempts by their oldest pending statement and return all that is pending of them, in order."""
    pending = StatementOutbox.objects.filter(state=State.PENDING)
    earlier = pending.filter(attempt=OuterRef("attempt"), sequence__lt=OuterRef("sequence"))
    due = pending.filter(~Exists(earlier), next_try__lte=timezone.now()).order_by("next_try", "id")
    heads = list(due.select_for_update(skip_locked=True)[:_ATTEMPTS])
    if heads and heads[0].tries >= _ALONE_AFTER:
        heads = heads[:1]
    else:
        heads = [head for head in heads if head.tries < _ALONE_AFTER]
    held = [head.attempt_id for head in heads]
    return list(pending.filter(attempt__in=held).order_by("attempt_id", "sequence")[:_BATCH])


class _Sending:
    """One claim on its way: what was stored, what was refused, and what has to wait with everything behind it."""

    def __init__(self, store: RecordStore):
        self._store = store
        self._waiting: dict[object, tuple[StatementOutbox, Answer]] = {}  # by attempt: its first that waits, and why
        self.stored = 0
        self.trouble = False

    def send(self, rows: list[StatementOutbox]) -> None:
        """Send a run of rows, halving it until a refused statement stands alone."""
        rows = [row for row in rows if row.attempt_id not in self._waiting]
        if not rows or self.trouble:
            return
        answer = self._store.post([row.body for row in rows])
        match answer.verdict:
            case Verdict.STORED:
                self._sent(rows)
            case Verdict.LATER:
                self.trouble = True
                self._wait(rows, answer)
            case _ if len(rows) > 1:
                middle = len(rows) // 2
                self.send(rows[:middle])
                self.send(rows[middle:])
            case Verdict.REFUSED:
                self._bury(rows[0], answer)
            case Verdict.CONFLICT:
                self._verify(rows[0], answer)

    def settle(self) -> None:
        """Write when the attempts that wait are tried again; their later statements wait behind the first."""
        for row, answer in self._waiting.values():
            row.tries += 1
            row.last_error = answer.reason[:1000]
            row.next_try = timezone.now() + timedelta(seconds=max(answer.wait, _wait_seconds(row.tries)))
            row.save(update_fields=["tries", "last_error", "next_try"])
            log.warning("statement %s waits until %s: %s", row.statement_id, row.next_try, row.last_error[:200])

    def _verify(self, row: StatementOutbox, conflict: Answer) -> None:
        """The store says that it has another body under this id: ours of an earlier time, or it is mistaken."""
        answer = self._store.holds(row.statement_id)
        if answer.verdict is Verdict.STORED:
            self._sent([row])
            return
        self.trouble = self.trouble or answer.verdict is Verdict.LATER
        self._wait([row], Answer(Verdict.LATER, f"{conflict.reason}; {answer.reason}"))

    def _sent(self, rows: Iterable[StatementOutbox]) -> None:
        ids = [row.pk for row in rows]
        StatementOutbox.objects.filter(pk__in=ids).update(state=State.SENT, sent=timezone.now(), last_error="")
        self.stored += len(ids)

    def _bury(self, row: StatementOutbox, answer: Answer) -> None:
        row.state, row.tries, row.last_error = State.DEAD, row.tries + 1, answer.reason[:1000]
        row.save(update_fields=["state", "tries", "last_error"])
        log.error("statement %s was refused and will not be sent again: %s", row.statement_id, row.last_error[:200])

    def _wait(self, rows: Iterable[StatementOutbox], answer: Answer) -> None:
        for row in rows:
            self._waiting.setdefault(row.attempt_id, (row, answer))


def _wait_seconds(tries: int) -> float:
    """Doubling from 5 s to 15 min, spread by a quarter so that workers do not come back together."""
    return min(_FIRST_WAIT * 2 ** min(tries - 1, 10), _LONGEST_WAIT) * random.uniform(1, 1.25)
