"""Where grades stand, for people: in plain words, with the reason and what can be done.

The instructor sees every learner's at one resource link, a learner their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils import timezone

from coachtool.activities.models import ActivityVersion
from coachtool.attempts.models import Attempt, ResourceLink
from lti import line_items
from lti.models import GradeDelivery, GradeService

State = GradeDelivery.State
Key = Literal["held", "stuck", "delayed", "way", "review", "kept", "sent"]
_ORDER: tuple[Key, ...] = ("held", "stuck", "delayed", "way", "review", "kept", "sent")
_KEYS: dict[str, Key] = {
    State.HELD: "held",
    State.STUCK: "stuck",
    State.WAITING: "review",
    State.KEPT: "kept",
    State.SENT: "sent",
}
_HEADLINES: dict[Key, str] = {
    "held": "Changed in the gradebook",
    "stuck": "Not in the gradebook",
    "delayed": "Not in the gradebook yet",
    "way": "On its way",
    "review": "Waits for your review",
    "kept": "The gradebook’s own grade stays",
    "sent": "In the gradebook",
}
_FROM = {"best": "best attempt", "last": "last attempt", "first": "first attempt"}


@dataclass(frozen=True)
class Line:
    """One learner's grade. `score` in points of `maximum`, None where it is taken back.

    `attempt` is where it comes from (None: the instructor's own grade), `why`
    the reason for `headline`, `again` when it is tried next by itself.
    """

    id: int
    learner: str
    score: float | None
    maximum: float
    basis: str
    attempt: UUID | None
    key: Key
    headline: str
    why: str
    again: datetime | None
    sent: datetime | None

    @property
    def choice(self) -> bool:
        """Whether the instructor has to say which grade stands."""
        return self.key == "held"

    @property
    def can_retry(self) -> bool:
        return self.key in ("stuck", "delayed", "held")

    @property
    def can_send(self) -> bool:
        return self.key in ("held", "kept")


@dataclass(frozen=True)
class Column:
    """The gradebook's column. `obstacle`: why none can be made; `suspect`: the LMS said lately that it is gone."""

    there: bool
    ours: bool
    label: str
    maximum: float | None
    obstacle: str
    trouble: str
    suspect: bool


@dataclass(frozen=True)
class Book:
    """All grades of one resource link. `under_way`: the page changes by itself before long."""

    summary: str
    lines: tuple[Line, ...]
    column: Column
    quiet_until: datetime | None
    under_way: bool

    @property
    def can_retry(self) -> int:
        """How many a retry of all would set on their way; what waits for a choice is not among them."""
        return sum(line.key in ("stuck", "delayed") for line in self.lines)


@dataclass(frozen=True)
class Own:
    """A learner's grade at the link of an attempt. `key` 'none': no grade is kept for them there."""

    key: Key | Literal["none"]
    score: float | None = None
    maximum: float = 0.0
    final: bool = True
    basis: str = ""
    elsewhere: bool = False  # it comes from another attempt, or from the instructor
    sent: datetime | None = None


def book(link: ResourceLink) -> Book:
    """The link's grades, those first that need somebody."""
    service = GradeService.objects.select_related("registration", "resource_link__activity").filter(resource_link=link)
    service = service.first()
    deliveries = GradeDelivery.objects.filter(resource_link=link).select_related("person")
    basis = _basis(link)
    lines = sorted(
        (_line(delivery, basis) for delivery in deliveries),
        key=lambda line: (_ORDER.index(line.key), line.learner.casefold(), line.id),
    )
    quiet = service.registration.quiet_until if service else None
    return Book(
        summary=summary(line.key for line in lines),
        lines=tuple(lines),
        column=_column(service, lines),
        quiet_until=quiet if quiet and quiet > timezone.now() else None,
        under_way=any(line.key in ("way", "delayed") for line in lines),
    )


def own(attempt: Attempt) -> Own:
    """The grade of the attempt's learner at its link."""
    found = {"resource_link_id": attempt.resource_link_id, "person_id": attempt.learner_id}
    delivery = GradeDelivery.objects.filter(**found).first()
    if delivery is None:
        return Own("none")
    return Own(
        _key(delivery),
        delivery.score,
        delivery.maximum,
        delivery.final,
        "" if delivery.override_id else _basis(attempt.resource_link),
        delivery.attempt_id != attempt.pk,
        delivery.sent,
    )


def summary(keys: Iterable[Key]) -> str:
    """How many grades are where, as one sentence; '' where there are none."""
    count = Counter(keys)
    total = sum(count.values())
    if not total:
        return ""
    there = count["sent"]
    if there == total:
        return "The grade is in the gradebook." if total == 1 else f"All {total} grades are in the gradebook."
    parts = [
        _number(count["held"] + count["stuck"], "needs you", "need you"),
        _number(count["way"] + count["delayed"], "waits", "wait"),
        _number(count["review"], "waits for your review", "wait for your review"),
        _number(count["kept"], "stays as the gradebook has it", "stay as the gradebook has them"),
    ]
    grades = "grade is" if total == 1 else "grades are"
    return f"{there} of {total} {grades} in the gradebook; {', '.join(part for part in parts if part)}."


def _line(delivery: GradeDelivery, basis: str) -> Line:
    key = _key(delivery)
    headline = _HEADLINES[key]
    if key == "sent" and delivery.score is None:
        headline = "Taken back from the gradebook"
    elif key == "sent" and not delivery.final:
        headline = "In the gradebook as waiting for your review"
    return Line(
        id=delivery.pk,
        learner=str(delivery.person),
        score=delivery.score,
        maximum=delivery.maximum,
        basis="your own grade" if delivery.override_id else basis if delivery.attempt_id else "",
        attempt=delivery.attempt_id,
        key=key,
        headline=headline,
        why="" if key in ("sent", "way", "kept") else delivery.last_error,
        again=delivery.next_try if key == "delayed" else None,
        sent=delivery.sent if key == "sent" else None,
    )


def _key(delivery: GradeDelivery) -> Key:
    if delivery.state == State.PENDING:
        return "delayed" if delivery.last_error else "way"
    return _KEYS[delivery.state]


def _basis(link: ResourceLink) -> str:
    try:
        return _FROM[link.version.brief.counts] if link.activity_id else ""
    except ActivityVersion.DoesNotExist:
        return ""


def _column(service: GradeService | None, lines: Iterable[Line]) -> Column:
    told = service.column if service else {}
    there = bool(service and service.lineitem)
    return Column(
        there=there,
        ours=bool(service and service.made),
        label=told.get("label", ""),
        maximum=told.get("maximum"),
        obstacle=line_items.obstacle(service),
        trouble=service.trouble if service else "",
        suspect=there and any(line.why == line_items.GONE for line in lines),
    )


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""
