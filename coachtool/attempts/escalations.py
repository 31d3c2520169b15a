"""Questions that went to a person: who may see them, who is on them, and how the answer comes back.

Every step is written on the escalation and into the attempt's journal, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from coachtool.attempts import journal, sharing
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt, AttemptEvent, Escalation, Person

OPEN, ANSWERED = Escalation.State.OPEN, Escalation.State.ANSWERED


def of_course(visit: Visit) -> QuerySet[Escalation]:
    """Those that an instructor's visit may see and answer: of its course; of previews only the instructor's own."""
    seen = Q(attempt__resource_link__preview=False) | Q(attempt__learner_id=visit.person_id)
    return Escalation.objects.filter(seen, attempt__resource_link__course_id=visit.course_id)


def waiting(visit: Visit) -> int:
    """How many questions of the course wait for an answer."""
    return of_course(visit).filter(state=OPEN).count()


def of_asker(visit: Visit) -> QuerySet[Escalation]:
    """The visit's own questions, at any activity of its course, oldest first."""
    own = Escalation.objects.filter(
        attempt__learner_id=visit.person_id, attempt__resource_link__course_id=visit.course_id
    )
    return own.select_related("attempt__resource_link__activity", "answered_by").order_by("created")


def reviewers(visit: Visit) -> list[Person]:
    """Who may be asked to answer: the course's instructors by name, the visit's own person first."""
    of_roster = Q(
        enrolments__course_id=visit.course_id,
        enrolments__role="instructor",
        enrolments__active=True,
        enrolments__left=None,
    )
    found = Person.objects.filter(of_roster | Q(pk=visit.person_id)).distinct()
    return sorted(found, key=lambda person: (person.pk != visit.person_id, person.name.casefold(), person.pk))


def assign(escalation: Escalation, by: int, to: int | None, was: int | None) -> bool:
    """Person `by` puts person `to` (None: nobody) on an open question.

    False where it was answered meanwhile, or somebody else is on it than the one who `was`.
    """
    with _held(escalation) as held:
        if held.state != OPEN or held.assigned_to_id not in (was, to):
            return False
        if held.assigned_to_id != to:
            held.assigned_to_id, held.assigned = to, timezone.now() if to else None
            held.save(update_fields=["assigned_to", "assigned"])
            journal.append(held.attempt_id, "assigned", {"escalation": held.pk, "to": to, "by": by})
        return True


def answer(escalation: Escalation, by: int, text: str) -> bool:
    """Person `by` answers; False where it was answered before: that answer stands."""
    with _held(escalation) as held:
        if held.state == ANSWERED:
            return False
        if held.assigned_to_id is None:
            held.assigned_to_id, held.assigned = by, timezone.now()
        held.state, held.answer, held.answered_by_id, held.answered = ANSWERED, text, by, timezone.now()
        held.save()
        journal.append(held.attempt_id, "answered", {"escalation": held.pk, "by": by})
        return True


def see(escalation: Escalation) -> None:
    """The learner has read the answer; it is on the report from now on, and no more in the lobby."""
    with _held(escalation) as held:
        if held.state == ANSWERED and held.seen is None:
            held.seen = timezone.now()
            held.save(update_fields=["seen"])
            journal.append(held.attempt_id, "answer_seen", {"escalation": held.pk})


def on_event(sender: object, attempt: Attempt, event: AttemptEvent, **_: object) -> None:
    """Receiver of `event_appended`: where the talk around a question is shared, the turns after it come as they are
    said."""
    if event.kind != "utterance":
        return
    for escalation in attempt.escalations.exclude(shared__turns=[]):
        shared = sharing.followed(escalation.shared, event.seq, event.data["speaker"], event.data["text"])
        if shared is not None:
            escalation.shared = shared
            escalation.save(update_fields=["shared"])


@contextmanager
def _held(escalation: Escalation) -> Iterator[Escalation]:
    """The escalation as it is now, while nobody else changes it; locked behind its attempt, as the journal does."""
    with transaction.atomic():
        Attempt.objects.select_for_update().get(pk=escalation.attempt_id)
        yield Escalation.objects.get(pk=escalation.pk)
