"""What the lobby, the conversation page and the instructor's list show, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from coachtool.attempts import report, sensing
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt


@dataclass(frozen=True)
class AttemptRow:
    """One attempt in a list. `href` leads to its report, or back into it while it is one's own and open."""

    learner: str
    at: datetime
    minutes: int
    state: str
    outcome: str
    score: float | None
    max_score: int
    graded: bool
    href: str


def rows(visit: Visit, attempts: Iterable[Attempt]) -> tuple[AttemptRow, ...]:
    """The attempts as this visit sees them; those that never began are left out by the caller."""
    return tuple(_row(visit, attempt) for attempt in attempts)


def _row(visit: Visit, attempt: Attempt) -> AttemptRow:
    finished = attempt.state == Attempt.State.FINISHED
    own = attempt.learner_id == visit.person_id
    page = "report" if finished else "conversation" if own else ""
    return AttemptRow(
        learner=str(attempt.learner),
        at=attempt.started or attempt.created,
        minutes=report.minutes(attempt),
        state=attempt.state,
        outcome=attempt.counted_outcome,
        score=attempt.points,
        max_score=attempt.brief.max_score,
        graded=attempt.graded,
        href=reverse(f"attempts:{page}", args=[visit.id, attempt.pk]) if page else "",
    )


def conversation_data(visit: Visit, attempt: Attempt) -> dict[str, Any]:
    """What the conversation's scripts need, for json_script. Times are milliseconds since the epoch."""
    persona = attempt.brief.persona
    return {
        "attempt": str(attempt.pk),
        "modality": attempt.modality,
        "socket": f"/ws/v/{visit.id}/attempts/{attempt.pk}/",
        "report": reverse("attempts:report", args=[visit.id, attempt.pk]),
        "lobby": reverse("attempts:lobby", args=[visit.id]),
        "persona": {"name": persona.name, "face": persona.face},
        "minutes": attempt.brief.minutes,
        "started": attempt.started and round(attempt.started.timestamp() * 1000),
        "now": round(timezone.now().timestamp() * 1000),
        "iceServers": [{"urls": url} for url in settings.ICE_SERVERS],
        "sense": sensing.agreed(attempt.consent),
    }
