"""The attempt's append-only journal, and the fence around it.

Event kinds and their data:
  launched      {"modality"}
  initialized   {"consent", "modality"}             the conversation began
  connected     {"epoch"}                           a conversation process took the attempt
  utterance     {"speaker", "text", "confidence", "started_ms", "ended_ms", "interrupted",
                 "move", "emotion", "state", "citations", "adapted"}
                                                    one turn; `state` is the coach's after it; `adapted`: the persona's
                                                    manner followed how the learner spoke (not how that was)
  perception    {"voice", "face"}                   what was sensed from here on, under policy `standard` and by the
                                                    consent in `initialized`; nothing of what was perceived is kept
  guardrail     {"guardrail", "action", "severity", "seq", "quote"}
  escalated     {"guardrail", "escalation", "question"}
  models        {stage: name and version}           what the speech worker ran
  coach         {"coach", "reason", "turn", "tokens", "model", "prompt"}
                                                    who put which of the persona's turns into words: generative, with
                                                    which model and prompt; or authored in its place, and why
  proposed      {"turn", "tokens", "model", "prompt", "rubric", "proposals"}
                                                    evidence that a language model proposed for key points
  recalled      {"memories", "lines"}               ids of what was remembered, and how the persona opened with it
  assigned      {"escalation", "to", "by"}          ids of people; `to` None: nobody is on the question any more
  answered      {"escalation", "by"}                a reviewer answered the question
  answer_seen   {"escalation"}                      the learner has read the answer
  ended         {"reason", "skipped", "awaiting"}   objectives that a condition passed over and that therefore do not
                                                    count; those whose verdict a person has to confirm
"""

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from coachtool.attempts import sharing, signals
from coachtool.attempts.models import Attempt, AttemptEvent, Escalation
from coachtool.coaching.types import CoachState, Proposal, Trigger, Turn


class Fenced(Exception):
    """Another conversation process holds the attempt, or it has ended: stop, write nothing more."""


def append(attempt_id: Any, kind: str, data: dict, *, epoch: int | None = None) -> AttemptEvent:
    """Append one event; with `epoch`, only while that epoch holds the live attempt (else Fenced)."""
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
        if epoch is not None and (attempt.epoch != epoch or attempt.state == Attempt.State.FINISHED):
            raise Fenced(f"attempt {attempt_id}: epoch {epoch} is no longer the holder")
        seq = (attempt.events.aggregate(last=Max("seq"))["last"] or 0) + 1
        event = AttemptEvent.objects.create(attempt=attempt, seq=seq, kind=kind, at=timezone.now(), data=data)
        signals.event_appended.send(Attempt, attempt=attempt, event=event)
        return event


def take(attempt_id: Any) -> tuple[Attempt, int]:
    """Make the caller the attempt's only holder: the new epoch, with the attempt started if it was not."""
    with transaction.atomic():
        # Locked without the join: Postgres drops the row from one where `start` changes its version meanwhile.
        Attempt.objects.select_for_update().get(pk=attempt_id)
        attempt = Attempt.objects.select_related("version__activity").get(pk=attempt_id)
        if attempt.state == Attempt.State.FINISHED:
            raise Fenced(f"attempt {attempt_id} has ended")
        first = attempt.state == Attempt.State.CREATED
        attempt.epoch += 1
        attempt.state = Attempt.State.LIVE
        attempt.heartbeat = timezone.now()
        attempt.started = attempt.started or attempt.heartbeat
        attempt.save(update_fields=["epoch", "state", "heartbeat", "started"])
        if first:
            append(attempt_id, "initialized", {"consent": attempt.consent, "modality": attempt.modality})
        append(attempt_id, "connected", {"epoch": attempt.epoch})
        return attempt, attempt.epoch


def beat(attempt_id: Any, epoch: int) -> bool:
    """Say that the holder lives; False when it has been fenced off."""
    live = Attempt.objects.filter(pk=attempt_id, epoch=epoch, state=Attempt.State.LIVE)
    return live.update(heartbeat=timezone.now()) == 1


def guard(attempt_id: Any, trigger: Trigger, *, epoch: int | None = None) -> bool:
    """Record a guardrail's trigger once per turn; False when that turn's is on the record already."""
    with transaction.atomic():
        Attempt.objects.select_for_update().get(pk=attempt_id)
        seen = AttemptEvent.objects.filter(attempt_id=attempt_id, kind="guardrail", data__seq=trigger.seq)
        if seen.filter(data__guardrail=trigger.guardrail).exists():
            return False
        append(attempt_id, "guardrail", asdict(trigger), epoch=epoch)
        return True


def escalate(attempt_id: Any, trigger: Trigger, question: str, *, epoch: int | None = None) -> Escalation:
    """Put the learner's question before a human reviewer."""
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
        escalation = Escalation.objects.create(
            attempt=attempt,
            guardrail=trigger.guardrail,
            severity=trigger.severity,
            question=question,
            shared=sharing.share(attempt.consent, question, trigger.seq, transcript(attempt)),
        )
        data = {"guardrail": trigger.guardrail, "escalation": escalation.pk, "question": question}
        append(attempt_id, "escalated", data, epoch=epoch)
        return escalation


def transcript(attempt: Attempt) -> tuple[Turn, ...]:
    """The turns so far, from the journal."""
    return tuple(
        Turn(event.seq, event.data["speaker"], event.data["text"], event.data.get("confidence", 1.0))
        for event in attempt.events.filter(kind="utterance")
    )


def coach_state(attempt: Attempt) -> CoachState | None:
    """The coach's state after the last turn it took; None before it opened."""
    last = attempt.events.filter(kind="utterance", data__speaker="persona").last()
    if last is None:
        return None
    kept = last.data["state"]
    return CoachState(**{key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()})


def proposals(attempt: Attempt) -> tuple[Proposal, ...]:
    """The evidence that was proposed so far, oldest first."""
    events = attempt.events.filter(kind="proposed")
    return tuple(Proposal(**proposal) for event in events for proposal in event.data["proposals"])


def perception(attempt: Attempt) -> dict[str, bool] | None:
    """What the learner let be sensed when it was last recorded; None before."""
    last = attempt.events.filter(kind="perception").last()
    return last.data if last else None


def tokens(attempt: Attempt) -> int:
    """The tokens of a language model that the attempt has used."""
    return sum(event.data.get("tokens", 0) for event in attempt.events.filter(kind__in=("coach", "proposed")))


def state_data(state: CoachState) -> dict:
    """The coach's state as JSON data."""
    return asdict(state)
