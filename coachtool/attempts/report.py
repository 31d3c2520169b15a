"""The report of a finished attempt, as values: what was shown, by which words, and what to practise next.

Everything here is read from the record (outcomes, events, escalations); nothing
is judged again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.attempts import review
from coachtool.attempts.models import (
    Attempt,
    AttemptEvent,
    Dispute,
    Escalation,
    GradeOverride,
    ObjectiveOutcome,
    Review,
)
from coachtool.coaching.judge import LOW_CONFIDENCE

_SAID = ("reviews__reviewer", "disputes__answered_by")  # what people said of an outcome


@dataclass(frozen=True)
class Quote:
    """The learner's own words; `anchor` names the place in the transcript."""

    anchor: str
    text: str


@dataclass(frozen=True)
class KeyPointReport:
    """One key point. `advice` is what to practise, said without giving the answer away."""

    text: str
    verdict: str
    reason: str
    quotes: tuple[Quote, ...]
    advice: str


@dataclass(frozen=True)
class ObjectiveReport:
    """`met` of `required` key points, and each of them.

    `verdict` is the one that counts, `judged` the judge's; they differ where `review` says so. `awaits`: a person has
    to confirm it, and nobody has.
    """

    id: str
    name: str
    criterion: str
    verdict: str
    judged: str
    review: Review | None
    dispute: Dispute | None
    met: int
    required: int
    shown: tuple[KeyPointReport, ...]
    unclear: tuple[KeyPointReport, ...]
    missing: tuple[KeyPointReport, ...]
    awaits: bool

    @property
    def needed(self) -> int:
        """How many key points are still to be shown."""
        return max(0, self.required - self.met)


@dataclass(frozen=True)
class Piece:
    """A part of an utterance; `evidence` when it was quoted for a key point."""

    text: str
    evidence: bool


@dataclass(frozen=True)
class Source:
    """A place in the institution's documents that a line rests on, and the words there.

    `number` counts through the transcript; the same words keep theirs.
    """

    number: int
    where: str
    quote: str


@dataclass(frozen=True)
class Line:
    """One utterance. `offset` counts from the start of the conversation."""

    anchor: str
    speaker: str
    pieces: tuple[Piece, ...]
    offset: str
    interrupted: bool
    uncertain: bool
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Note:
    """A guardrail that was touched, and what came of it."""

    name: str
    action: str
    quote: str
    anchor: str
    severity: str


@dataclass(frozen=True)
class Report:
    """What the page shows. `score` in the activity's points; None where nothing was scored.

    `override` is the instructor's own grade, which then is the learner's. `passed_over` are the names of the objectives
    that a condition left out; they do not count. `held_back` is what the persona was about to say and did not.
    """

    outcome: str
    score: float | None
    max_score: int
    override: GradeOverride | None
    minutes: int
    ended_early: str
    objectives: tuple[ObjectiveReport, ...]
    passed_over: tuple[str, ...]
    practise: tuple[str, ...]
    notes: tuple[Note, ...]
    held_back: tuple[Note, ...]
    escalations: tuple[Escalation, ...]
    transcript: tuple[Line, ...]

    @property
    def heard_any(self) -> bool:
        """Whether anything that was said counts."""
        return any(objective.met for objective in self.objectives)

    @property
    def awaits(self) -> bool:
        """Whether a person has to confirm a verdict."""
        return any(objective.awaits for objective in self.objectives)


def build(attempt: Attempt) -> Report:
    """The report of an attempt that is finished."""
    brief = attempt.brief
    events = tuple(attempt.events.filter(kind__in=("utterance", "guardrail", "ended")))
    judged = {outcome.objective: outcome for outcome in attempt.outcomes.prefetch_related(*_SAID)}
    objectives = tuple(
        _objective(brief, objective, judged[objective.id]) for objective in brief.objectives if objective.id in judged
    )
    touched = [event for event in events if event.kind == "guardrail"]
    skipped = {name for event in events if event.kind == "ended" for name in event.data.get("skipped", ())}
    return Report(
        outcome=attempt.counted_outcome,
        score=attempt.points,
        max_score=brief.max_score,
        override=review.standing_override(attempt.resource_link, attempt.learner) if attempt.graded else None,
        minutes=minutes(attempt),
        ended_early=attempt.end_reason if attempt.end_reason in ("left", "timeout", "guardrail") else "",
        objectives=objectives,
        passed_over=tuple(objective.name for objective in brief.objectives if objective.id in skipped),
        practise=_practise(objectives),
        notes=tuple(_note(brief, event) for event in touched if not event.by_persona),
        held_back=tuple(_note(brief, event) for event in touched if event.by_persona),
        escalations=tuple(attempt.escalations.select_related("answered_by").order_by("created")),
        transcript=_transcript(attempt, events, judged.values()),
    )


def minutes(attempt: Attempt) -> int:
    """How long the conversation took, in whole minutes and at least one; 0 while it goes on."""
    if attempt.started is None or attempt.ended is None:
        return 0
    return max(1, round((attempt.ended - attempt.started).total_seconds() / 60))


def anchor(seq: int) -> str:
    return f"said-{seq}"


def _objective(brief: Brief, objective: Objective, outcome: ObjectiveOutcome) -> ObjectiveReport:
    judged = {entry["key_point"]: entry for entry in outcome.key_points}
    points = [_key_point(point, judged.get(point.id, {})) for point in objective.key_points]
    shown, unclear, missing = (
        tuple(point for point in points if point.verdict == verdict) for verdict in ("met", "unclear", "not_met")
    )
    return ObjectiveReport(
        objective.id,
        objective.name,
        objective.criterion,
        review.verdict_of(outcome),
        outcome.verdict,
        review.newest_review(outcome),
        max(outcome.disputes.all(), key=lambda dispute: dispute.pk, default=None),
        len(shown),
        objective.required,
        shown,
        unclear,
        missing,
        review.awaits_person(brief, outcome),
    )


def _key_point(point: KeyPoint, judged: dict) -> KeyPointReport:
    quotes = tuple(Quote(anchor(evidence["seq"]), evidence["quote"]) for evidence in judged.get("evidence", ()))
    advice = point.practise or (point.hints[0] if point.hints else point.probe)
    return KeyPointReport(point.text, judged.get("verdict", "not_met"), judged.get("reason", ""), quotes, advice)


def _practise(objectives: Iterable[ObjectiveReport]) -> tuple[str, ...]:
    """Advice for what an objective that is not met still lacks, each once, in the authored order."""
    open_points = [
        point.advice
        for objective in objectives
        if objective.verdict != ObjectiveOutcome.Verdict.MET
        for point in (*objective.unclear, *objective.missing)
        if point.advice
    ]
    return tuple(dict.fromkeys(open_points))


def _note(brief: Brief, event: AttemptEvent) -> Note:
    data = event.data
    names = {guardrail.id: guardrail.name for guardrail in brief.guardrails}
    return Note(
        names.get(data["guardrail"], data["guardrail"]),
        data["action"],
        data.get("quote", ""),
        anchor(data["seq"]) if data.get("seq") else "",
        data.get("severity", ""),
    )


def _transcript(
    attempt: Attempt, events: Iterable[AttemptEvent], outcomes: Iterable[ObjectiveOutcome]
) -> tuple[Line, ...]:
    quoted: dict[int, list[str]] = {}
    for outcome in outcomes:
        for point in outcome.key_points:
            for evidence in point["evidence"] if point["verdict"] == "met" else ():
                quoted.setdefault(evidence["seq"], []).append(evidence["quote"])
    numbers: dict[tuple[str, str], int] = {}
    return tuple(
        Line(
            anchor(event.seq),
            event.data["speaker"],
            pieces(event.data["text"], quoted.get(event.seq, ())),
            clock(event.at - (attempt.started or event.at)),
            bool(event.data.get("interrupted")),
            event.data["speaker"] == "learner" and event.data.get("confidence", 1.0) < LOW_CONFIDENCE,
            _sources(event.data.get("citations", ()), numbers),
        )
        for event in events
        if event.kind == "utterance"
    )


def _sources(citations: Iterable[dict], numbers: dict[tuple[str, str], int]) -> tuple[Source, ...]:
    """The citations numbered on: `numbers` holds what those of earlier lines were given."""
    return tuple(
        Source(
            numbers.setdefault((cited["passage"], cited["quote"]), len(numbers) + 1),
            where(cited["document"], cited["place"]),
            cited["quote"],
        )
        for cited in citations
    )


def where(document: str, place: str) -> str:
    """What to look up: the document, and the place in it where that does not name it already."""
    return place if place.startswith(document) else ", ".join(part for part in (document, place) if part)


def pieces(text: str, quotes: Iterable[str]) -> tuple[Piece, ...]:
    """`text` cut so that every character inside one of `quotes` is in an evidence piece; joined they are `text`."""
    inside = [False] * len(text)
    for quote in quotes:
        at = text.find(quote) if quote else -1
        if at >= 0:
            inside[at : at + len(quote)] = [True] * len(quote)
    cut: list[Piece] = []
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or inside[index] != inside[start]:
            cut.append(Piece(text[start:index], inside[start]))
            start = index
    return tuple(cut)


def clock(elapsed: timedelta) -> str:
    """Minutes and seconds, as on a clock: 1:05."""
    seconds = max(0, int(elapsed.total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02}"
