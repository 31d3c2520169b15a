"""Which of a learner's finished attempts the grade comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from coachtool.attempts.models import Attempt

Counts = Literal["best", "last", "first"]


@dataclass(frozen=True)
class Finished:
    """An attempt that has ended. `share` of the maximum; `final` unless a person still has to look at it."""

    attempt: UUID
    share: float
    final: bool
    ended: datetime
    comment: str = ""


def finished(attempt: Attempt, comment: str = "") -> Finished:
    """The value of an attempt that has been scored."""
    return Finished(attempt.pk, attempt.counted_score, attempt.is_final, attempt.ended or attempt.started, comment)


def choose(finished: Iterable[Finished], counts: Counts) -> Finished | None:
    """The best, last or first, among the final ones as long as there are any: a provisional score never takes
    the place of a final one. Of equally good ones it is the earliest.
    """
    known = sorted(finished, key=lambda attempt: (attempt.ended, str(attempt.attempt)))
    standing = [attempt for attempt in known if attempt.final] or known
    if not standing:
        return None
    match counts:
        case "best":
            return max(standing, key=lambda attempt: attempt.share)
        case "last":
            return standing[-1]
        case "first":
            return standing[0]
