"""What a persona remembers of a learner: written once when an attempt ends, from evidence; read at the next opening.

How far a memory reaches follows from the version that its attempt was pinned to (`Brief.memory`). Whatever is read is
one learner's in one tenant. Nothing is kept of a preview, a try-out, an anonymous launch, or an attempt whose learner
wanted none; nor words that touched a guardrail, or that hold a number or an address of a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from coachtool.activities.brief import Brief, Objective
from coachtool.attempts import journal, review, sharing
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt, AttemptEvent, Memory, ObjectiveOutcome, Person, ResourceLink
from coachtool.coaching import promises, recall
from coachtool.coaching.types import CoachState, Recall

Kind = Memory.Kind
_LONGEST = 300  # characters of the learner's own words
_PASSED = {Attempt.Outcome.PASSED: True, Attempt.Outcome.FAILED: False}


@dataclass(frozen=True)
class Lobby:
    """What the lobby says of memory. `last`: when the conversation ended that the persona will speak of, if any."""

    last: datetime | None


def lobby(visit: Visit, link: ResourceLink) -> Lobby | None:
    """For whoever is about to begin at `link`; None where nothing would be remembered anyway."""
    brief, learner = link.version.brief, Person.objects.get(pk=visit.person_id)
    if visit.role != "learner" or brief.memory == "off" or link.preview or learner.is_anonymous:
        return None
    last = _last(learner, link.course.tenant_id, link.activity_id, brief)
    return Lobby(last.ended if last and last.memories.exists() else None)


def mine(visit: Visit) -> QuerySet[Memory]:
    """The visit's own memories, in its tenant."""
    own = Memory.objects.filter(
        learner_id=visit.person_id,
        attempt__learner_id=visit.person_id,
        learner__tenant__courses=visit.course_id,
        attempt__resource_link__course__tenant=F("learner__tenant"),
    )
    return own.select_related("attempt__version__activity", "attempt__resource_link__course")


def remember(attempt: Attempt) -> None:
    """Write the memories of an attempt that has just been scored; a second call writes nothing."""
    if attempt.remembered or not _wanted(attempt):
        return
    events = tuple(attempt.events.filter(kind__in=("utterance", "guardrail", "ended")))
    if not any(event.data.get("speaker") == "learner" for event in events if event.kind == "utterance"):
        return
    found = _Evidence(attempt, events, journal.coach_state(attempt) or CoachState())
    Memory.objects.bulk_create(
        Memory(learner_id=attempt.learner_id, attempt=attempt, **values)
        for values in (*found.stalled(), *found.tried(), *found.promised(), *found.ended())
    )
    attempt.remembered = timezone.now()
    attempt.save(update_fields=["remembered"])


def recall_for(attempt: Attempt) -> Recall | None:
    """What the persona remembers as `attempt` opens: of the last attempt in scope, as its verdicts count now.

    None where there was none, or where the learner has deleted what was remembered of it.
    """
    if not _wanted(attempt):
        return None
    last = _last(attempt.learner, attempt.resource_link.course.tenant_id, attempt.version.activity_id, attempt.brief)
    memories = list(last.memories.filter(learner_id=attempt.learner_id)) if last else []
    if not memories:
        return None
    passed = _PASSED.get(last.counted_outcome)
    told = any(memory.kind == Kind.ENDED for memory in memories)
    stalled = [memory for memory in memories if memory.kind == Kind.STALLED]
    outcomes = {outcome.objective: outcome for outcome in last.outcomes.prefetch_related("reviews")}
    missed = [] if passed else [memory for memory in stalled if _missed(outcomes.get(memory.objective), memory)]
    late = [memory for memory in stalled if _shown(outcomes.get(memory.objective), memory)]
    hard = (*missed, *late)
    same_activity = last.version.activity_id == attempt.version.activity_id
    return Recall(
        days=max(0, (timezone.now() - last.ended).days),
        passed=passed if told else None,
        same_activity=same_activity,
        stalled=tuple(memory.key_point for memory in hard) if same_activity else (),
        stalled_on=tuple(memory.corrected or recall.spoken(memory.text) for memory in hard),
        tried=tuple(memory.words for memory in memories if memory.kind == Kind.TRIED),
        promised=tuple(memory.words for memory in memories if memory.kind == Kind.PROMISED),
        memories=tuple(memory.pk for memory in memories),
    )


def _wanted(attempt: Attempt) -> bool:
    agreed = attempt.consent.get("memory", False) and attempt.brief.memory != "off"
    return agreed and not attempt.resource_link.preview and not attempt.learner.is_anonymous


def _last(learner: Person, tenant_id: UUID, activity_id: int, brief: Brief) -> Attempt | None:
    """The last attempt of the learner's that was remembered, in scope of this brief of the activity."""
    scope = Q(version__activity_id=activity_id)
    if brief.memory == "persona":
        scope |= Q(version__definition__memory="persona", version__definition__persona__id=brief.persona.id)
    found = Attempt.objects.filter(
        scope,
        state=Attempt.State.FINISHED,
        remembered__isnull=False,
        learner=learner,
        learner__tenant_id=tenant_id,
        resource_link__course__tenant_id=tenant_id,
    )
    return found.select_related("version__activity").order_by("-ended").first()


def _missed(outcome: ObjectiveOutcome | None, memory: Memory) -> bool:
    """Whether the key point is missing still, now that a reviewer may have looked at its objective."""
    if outcome is None or review.verdict_of(outcome) != ObjectiveOutcome.Verdict.NOT_MET:
        return False
    return _verdict(outcome, memory.key_point) != "met"


def _shown(outcome: ObjectiveOutcome | None, memory: Memory) -> bool:
    """Whether the key point was shown in the end, after it had to be practised."""
    return outcome is not None and _verdict(outcome, memory.key_point) == "met"


def _verdict(outcome: ObjectiveOutcome, key_point: str) -> str:
    return next((entry["verdict"] for entry in outcome.key_points if entry["key_point"] == key_point), "")


@dataclass(frozen=True)
class _Evidence:
    """A finished attempt's record, as the fields of the memories that it gives."""

    attempt: Attempt
    events: tuple[AttemptEvent, ...]
    state: CoachState

    def stalled(self) -> Iterator[dict]:
        """Key points that were asked for and missed, and those that were shown only when they were practised."""
        for objective, outcome in self._judged():
            for entry in outcome.key_points:
                point = entry["key_point"]
                asked = self.state.asked.get(point) or point in self.state.practised
                missed = outcome.verdict == "not_met" and entry["verdict"] == "not_met" and asked
                late = entry["verdict"] == "met" and point in self.state.practised
                if missed or late:
                    yield self._about(Kind.STALLED, objective, point, objective.name, self._prompted(point))

    def tried(self) -> Iterator[dict]:
        """For each key point the learner's best words; for a missed one, the last answer to its prompt.

        What was a promise is told as one.
        """
        promised = {(each["seq"], each["text"]) for each in self.promised()}
        for objective, outcome in self._judged():
            for entry in outcome.key_points:
                point = entry["key_point"]
                best = max(entry["evidence"], key=lambda evidence: evidence["strength"], default=None)
                if entry["verdict"] == "met" and best:
                    seq, words = best["seq"], best["quote"]
                else:
                    seq, words = self._answer(point)
                if words and (seq, words) not in promised and self._may_keep(seq, words):
                    yield self._about(Kind.TRIED, objective, point, words, seq)

    def promised(self) -> Iterator[dict]:
        """Commitments, but for those that showed a key point: they would give the answer away the next time."""
        shown = [
            (evidence["seq"], evidence["quote"])
            for _, outcome in self._judged()
            for entry in outcome.key_points
            for evidence in entry["evidence"]
        ]
        for event in self._said("learner"):
            for words in promises.promises(event.data["text"]):
                answer = any(seq == event.seq and (quote in words or words in quote) for seq, quote in shown)
                if not answer and self._may_keep(event.seq, words):
                    yield {"kind": Kind.PROMISED, "text": words, "seq": event.seq}

    def ended(self) -> Iterator[dict]:
        yield {"kind": Kind.ENDED, "seq": max(event.seq for event in self.events)}

    def _judged(self) -> Iterator[tuple[Objective, ObjectiveOutcome]]:
        """The objectives in the authored order, each with its outcome."""
        outcomes = {outcome.objective: outcome for outcome in self.attempt.outcomes.all()}
        for objective in self.attempt.brief.objectives:
            if objective.id in outcomes:
                yield objective, outcomes[objective.id]

    def _about(self, kind: str, objective: Objective, point: str, text: str, seq: int) -> dict:
        return {"kind": kind, "objective": objective.id, "key_point": point, "text": text, "seq": seq}

    def _said(self, speaker: str) -> tuple[AttemptEvent, ...]:
        return tuple(e for e in self.events if e.kind == "utterance" and e.data["speaker"] == speaker)

    def _prompted(self, point: str) -> int:
        """The persona's last utterance that asked for the key point."""
        asked = [event.seq for event in self._said("persona") if _focus(event) == point]
        return asked[-1] if asked else max(event.seq for event in self.events)

    def _answer(self, point: str) -> tuple[int, str]:
        """What the learner said last when asked for the key point; (0, "") where that was nothing."""
        seq, words, focus = 0, "", ""
        for event in self.events:
            if event.kind == "utterance" and event.data["speaker"] == "persona":
                focus = _focus(event)
            elif event.kind == "utterance" and focus == point:
                seq, words = event.seq, event.data["text"]
        return seq, words

    def _may_keep(self, seq: int, words: str) -> bool:
        """Whether a part of utterance `seq` may be kept: a short one, of an utterance that has nothing against it."""
        touched = any(e.data["seq"] == seq for e in self.events if e.kind == "guardrail" and not e.by_persona)
        whole = next((e.data["text"] for e in self._said("learner") if e.seq == seq), words)
        return len(words) <= _LONGEST and not touched and not private(whole)


def private(words: str) -> bool:
    """Whether the words hold what identifies a person: such words are never remembered."""
    return sharing.masked(words) != words


def _focus(event: AttemptEvent) -> str:
    return (event.data.get("state") or {}).get("focus", "")
