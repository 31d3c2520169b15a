"""The learner's page of what is remembered, as values, and as a file to take along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone

from coachtool.attempts.access import Visit
from coachtool.attempts.memory_forms import CorrectForm
from coachtool.attempts.models import Attempt, Memory

_OUTCOME = {"passed": "Passed", "failed": "Not yet passed", "unclear": "A person is looking at it"}
_ORDER = ("ended", "stalled", "tried", "promised")


@dataclass(frozen=True)
class Entry:
    """One memory. `before` is what a correction replaced, `asked` the persona's prompt where it stalled."""

    id: int
    kind: str
    objective: str
    words: str
    before: str
    asked: str
    form: CorrectForm


@dataclass(frozen=True)
class Conversation:
    """What is remembered of one attempt. `href` leads to its report, where this visit may open it."""

    activity: str
    course: str
    at: datetime
    href: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Persona:
    """Who remembers; `id` and `name` as in the activities."""

    id: str
    name: str
    conversations: tuple[Conversation, ...]


def build(visit: Visit, memories: Iterable[Memory], refused: CorrectForm | None = None) -> tuple[Persona, ...]:
    """Who remembers what, the newest conversations first; `refused` is a correction that could not be taken."""
    newest = sorted(memories, key=lambda memory: memory.attempt.ended, reverse=True)
    conversations = [(attempt, _conversation(visit, attempt, list(of), refused)) for attempt, of in _by_attempt(newest)]
    personas = {attempt.brief.persona.id: attempt.brief.persona for attempt, _ in reversed(conversations)}
    order = dict.fromkeys(attempt.brief.persona.id for attempt, _ in conversations)
    return tuple(
        Persona(
            each,
            personas[each].name,
            tuple(shown for attempt, shown in conversations if attempt.brief.persona.id == each),
        )
        for each in order
    )


def words(memory: Memory) -> str:
    """What is remembered, as it is shown: how an attempt ended is read from what counts now."""
    if memory.words or memory.kind != Memory.Kind.ENDED:
        return memory.words
    attempt = memory.attempt
    return f"{_OUTCOME[attempt.counted_outcome]}, {attempt.points:g} of {attempt.brief.max_score} points"


def export(memories: Iterable[Memory]) -> dict[str, Any]:
    """Everything that is remembered, as JSON data."""
    return {
        "exported": timezone.now().isoformat(),
        "memories": [
            {
                "persona": memory.attempt.brief.persona.name,
                "activity": memory.attempt.brief.title,
                "course": memory.attempt.resource_link.course.title,
                "attempt": str(memory.attempt_id),
                "ended": memory.attempt.ended.isoformat(),
                "kind": memory.kind,
                "objective": _objective(memory),
                "words": words(memory),
                "before_correction": memory.text if memory.corrected else None,
                "utterance": memory.seq,
                "written": memory.created.isoformat(),
            }
            for memory in memories
        ],
    }


def _by_attempt(memories: list[Memory]):
    for _, group in groupby(memories, key=lambda memory: memory.attempt_id):
        of = list(group)
        yield of[0].attempt, of


def _conversation(visit: Visit, attempt: Attempt, of: list[Memory], refused: CorrectForm | None) -> Conversation:
    here = attempt.resource_link_id == visit.resource_link_id
    return Conversation(
        attempt.brief.title,
        attempt.resource_link.course.title,
        attempt.ended,
        reverse("attempts:report", args=[visit.id, attempt.pk]) if here else "",
        tuple(_entry(memory, refused) for memory in sorted(of, key=lambda memory: _ORDER.index(memory.kind))),
    )


def _entry(memory: Memory, refused: CorrectForm | None) -> Entry:
    form = refused if refused and refused.memory.pk == memory.pk else CorrectForm(memory=memory)
    before = memory.text if memory.corrected else ""
    return Entry(memory.pk, memory.kind, _objective(memory), words(memory), before, _asked(memory), form)


def _objective(memory: Memory) -> str:
    return next((each.name for each in memory.attempt.brief.objectives if each.id == memory.objective), "")


def _asked(memory: Memory) -> str:
    """What the persona asks for the key point, which does not give it away; its text would."""
    if memory.kind != Memory.Kind.STALLED:
        return ""
    points = (point for objective in memory.attempt.brief.objectives for point in objective.key_points)
    return next((point.practise or point.probe for point in points if point.id == memory.key_point), "")
