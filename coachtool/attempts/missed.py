"""Which objectives, and which key points in them, a class misses: counted by identity across versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.attempts import review
from coachtool.attempts.models import Attempt, ObjectiveOutcome

Verdict = Literal["met", "unclear", "not_met"]
_ORDER: tuple[Verdict, ...] = ("met", "unclear", "not_met")
_ROOM = 7.0  # percent of the bar's width that a number needs


@dataclass(frozen=True)
class Segment:
    """A part of a bar. `x`, `width` and `middle` are lengths as SVG writes them, in percent."""

    verdict: Verdict
    count: int
    x: str
    width: str
    middle: str
    labelled: bool


@dataclass(frozen=True)
class Tally:
    """How many attempts met something, did not, or cannot be told."""

    met: int = 0
    unclear: int = 0
    not_met: int = 0

    @property
    def total(self) -> int:
        return self.met + self.unclear + self.not_met

    @property
    def bar(self) -> tuple[Segment, ...]:
        """The parts of the bar, from left to right; those of nobody are left out."""
        parts, at = [], 0.0
        for verdict in _ORDER:
            count = getattr(self, verdict)
            width = 100 * count / self.total if self.total else 0.0
            if count:
                parts.append(
                    Segment(verdict, count, f"{at:.2f}%", f"{width:.2f}%", f"{at + width / 2:.2f}%", width >= _ROOM)
                )
            at += width
        return tuple(parts)


@dataclass(frozen=True)
class PointTally:
    """One key point; `tally` is over the attempts whose version has it."""

    id: str
    text: str
    tally: Tally


@dataclass(frozen=True)
class ObjectiveTally:
    """One objective, by the reviewer's verdict where there is one. `earlier`: no longer in the newest version."""

    id: str
    name: str
    tally: Tally
    points: tuple[PointTally, ...]
    earlier: bool

    @property
    def most_missed(self) -> PointTally | None:
        """The key point that most attempts lack."""
        missed = [point for point in self.points if point.tally.not_met]
        return max(missed, key=lambda point: point.tally.not_met, default=None)


@dataclass(frozen=True)
class Missed:
    """The class's objectives, in the authored order."""

    objectives: tuple[ObjectiveTally, ...]

    @property
    def most(self) -> ObjectiveTally | None:
        """The objective that most attempts miss; None when nobody misses any."""
        missed = [objective for objective in self.objectives if objective.tally.not_met]
        return max(missed, key=lambda one: (one.tally.not_met / one.tally.total, one.tally.not_met), default=None)

    @property
    def unclear(self) -> int:
        return sum(objective.tally.unclear for objective in self.objectives)


@dataclass(frozen=True)
class Example:
    """An attempt in which a key point was missed; `quotes` are what was nearest to it."""

    attempt: Attempt
    verdict: Verdict
    reason: str
    quotes: tuple[str, ...]


@dataclass(frozen=True)
class Examples:
    """Everybody who missed one key point: those who did not show it first, then the unclear ones."""

    objective: str
    criterion: str
    point: str
    tally: Tally
    found: tuple[Example, ...]


def build(newest: Brief, attempts: Sequence[Attempt]) -> Missed:
    """What `attempts` met and missed; names and order are those of the `newest` version."""
    judged = _judged(attempts)
    return Missed(tuple(_objective(newest, objective, judged) for objective in _authored(newest, attempts)))


def examples(newest: Brief, attempts: Sequence[Attempt], point_id: str) -> Examples | None:
    """Where a key point was missed; None if no version of `attempts` has it."""
    for objective in _authored(newest, attempts):
        for point in objective.key_points:
            if point.id == point_id:
                return _examples(objective, point, attempts)
    return None


def _examples(objective: Objective, point: KeyPoint, attempts: Sequence[Attempt]) -> Examples:
    of = {attempt.pk: attempt for attempt in attempts}
    entries = [
        (outcome.attempt_id, entry)
        for outcome in _judged(attempts)
        for entry in outcome.key_points
        if entry["key_point"] == point.id
    ]
    found = [
        Example(of[attempt], entry["verdict"], entry.get("reason", ""), _quotes(entry))
        for attempt, entry in entries
        if entry["verdict"] != "met"
    ]
    found.sort(key=lambda example: (example.verdict != "not_met", str(example.attempt.learner).casefold()))
    tally = _tally(entry["verdict"] for _, entry in entries)
    return Examples(objective.name, objective.criterion, point.text, tally, tuple(found))


def _objective(newest: Brief, objective: Objective, judged: Sequence[ObjectiveOutcome]) -> ObjectiveTally:
    points = [
        PointTally(
            point.id,
            point.text,
            _tally(e["verdict"] for outcome in judged for e in outcome.key_points if e["key_point"] == point.id),
        )
        for point in objective.key_points
    ]
    return ObjectiveTally(
        objective.id,
        objective.name,
        _tally(review.verdict_of(outcome) for outcome in judged if outcome.objective == objective.id),
        tuple(points),
        all(objective.id != known.id for known in newest.objectives),
    )


def _authored(newest: Brief, attempts: Iterable[Attempt]) -> tuple[Objective, ...]:
    """Every objective that the newest version or an attempt's own has; the newest wording of each."""
    versions = {attempt.version.number: attempt.version.brief for attempt in attempts}
    found = {objective.id: objective for objective in newest.objectives}
    for number in sorted(versions, reverse=True):
        for objective in versions[number].objectives:
            found.setdefault(objective.id, objective)
    return tuple(found.values())


def _judged(attempts: Iterable[Attempt]) -> list[ObjectiveOutcome]:
    found = ObjectiveOutcome.objects.filter(attempt__in=[attempt.pk for attempt in attempts])
    return list(found.prefetch_related("reviews"))


def _tally(verdicts: Iterable[str]) -> Tally:
    given = list(verdicts)
    return Tally(*(given.count(verdict) for verdict in _ORDER))


def _quotes(entry: dict) -> tuple[str, ...]:
    return tuple(evidence["quote"] for evidence in entry.get("evidence", ()))
