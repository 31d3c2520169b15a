"""The journal's fence and the end of an attempt."""

import threading

import pytest
from django.db import connection

from coachtool.attempts import journal, signals
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from coachtool.coaching.types import CoachState, Trigger
from tests import factories

TRIGGER = Trigger("scope", "escalate", "medium", 3, "what does the policy say?")


@pytest.fixture
def attempt(db):
    return factories.attempt()


def test_taking_over_fences_the_earlier_holder_off(attempt):
    _, first = journal.take(attempt.pk)
    _, second = journal.take(attempt.pk)
    with pytest.raises(journal.Fenced):
        journal.append(attempt.pk, "utterance", {"speaker": "learner", "text": "late"}, epoch=first)
    assert journal.append(attempt.pk, "utterance", {"speaker": "learner", "text": "ok"}, epoch=second).seq
    assert not journal.beat(attempt.pk, first) and journal.beat(attempt.pk, second)


def test_an_attempt_is_initialized_once_however_often_it_is_taken(attempt):
    for _ in range(3):
        journal.take(attempt.pk)
    assert attempt.events.filter(kind="initialized").count() == 1


def test_a_finished_attempt_can_not_be_taken(attempt):
    finish(attempt.pk, "done")
    with pytest.raises(journal.Fenced):
        journal.take(attempt.pk)


def test_finishing_twice_judges_and_announces_once(attempt):
    heard = []

    def receiver(**kwargs):
        heard.append(kwargs["attempt"].pk)

    signals.attempt_finished.connect(receiver)
    try:
        finish(attempt.pk, "done")
        finish(attempt.pk, "left")
    finally:
        signals.attempt_finished.disconnect(receiver)
    attempt.refresh_from_db()
    assert heard == [attempt.pk]
    assert attempt.end_reason == "done"
    assert attempt.outcomes.count() == len(attempt.brief.objectives)


def test_a_failing_receiver_leaves_the_attempt_as_it_was(attempt):
    def receiver(**_):
        raise RuntimeError("the outbox is full")

    signals.attempt_finished.connect(receiver)
    try:
        with pytest.raises(RuntimeError):
            finish(attempt.pk, "done")
    finally:
        signals.attempt_finished.disconnect(receiver)
    attempt.refresh_from_db()
    assert attempt.state != Attempt.State.FINISHED
    assert not attempt.events.filter(kind="ended").exists() and not attempt.outcomes.exists()


def test_a_guardrail_is_recorded_once_per_turn(attempt):
    assert journal.guard(attempt.pk, TRIGGER)
    assert not journal.guard(attempt.pk, TRIGGER)
    assert attempt.events.filter(kind="guardrail").count() == 1


def test_the_coachs_state_is_rebuilt_from_the_last_persona_turn(attempt):
    state = CoachState(phase="practise", asked={"k": 2}, met=("a", "b"))
    said = {"speaker": "persona", "text": "Hm.", "state": journal.state_data(state)}
    journal.append(attempt.pk, "utterance", said)
    journal.append(attempt.pk, "utterance", {"speaker": "learner", "text": "Well"})
    assert journal.coach_state(attempt) == state


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_number_the_events_without_gaps():
    attempt = factories.attempt()

    def write():
        for _ in range(10):
            journal.append(attempt.pk, "utterance", {"speaker": "learner", "text": "x"})
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = list(attempt.events.values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 40
