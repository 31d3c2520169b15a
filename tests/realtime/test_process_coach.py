"""Which coach a conversation's process takes, and what it writes down for it."""

import pytest
from channels.db import database_sync_to_async

from coachtool.attempts import journal
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import Note, Turn
from realtime import process
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(coach):
    return factories.attempt(definition={**factories.DEFINITION, "coach": coach})


@pytest.fixture
def server(settings):
    settings.LLM_URL, settings.LLM_MODEL, settings.LLM_KEY = "http://127.0.0.1:9/v1", "model-x", "k"


def test_the_generative_coach_needs_an_activity_that_asks_for_it_and_a_server(settings, server):
    assert process._coach(attempt("generative")).name == "generative"
    assert process._coach(attempt("authored")).name == "authored"
    settings.LLM_URL = ""
    assert process._coach(attempt("generative")).name == "authored"


def test_it_goes_on_with_what_an_earlier_process_had(server):
    made = attempt("generative")
    factories.say(made, "learner", "It hurts.")
    proposal = {"key_point": "k", "verdict": "met", "seq": 2, "quote": "It hurts", "by": "model-x/evidence-1"}
    journal.append(made.pk, "proposed", {"tokens": 400, "proposals": [proposal]})
    coach = process._coach(made)
    assert coach.proposed[0].quote == "It hurts" and coach._tokens_before == 400


async def test_a_coach_that_waits_and_one_that_computes_are_both_thought_with():
    async def waits(value):
        return value

    assert await process._think(waits, 1) == 1
    assert await process._think(lambda value: value, 2) == 2


async def test_a_note_becomes_an_event_of_its_kind():
    made = await database_sync_to_async(factories.attempt)()
    _, epoch = await database_sync_to_async(journal.take)(made.pk)
    note = Note("coach", {"coach": "authored", "reason": "the server cannot be reached", "turn": 3, "tokens": 0})
    await process.JournalRecord(made.pk, epoch).note(note)
    assert (await made.events.aget(kind="coach")).data == note.data


async def test_a_server_that_is_down_leaves_the_conversation_with_the_authored_words(server):
    made = await database_sync_to_async(attempt)("generative")
    coach, brief = await database_sync_to_async(process._coach)(made), made.brief
    opening = coach.open(brief)
    turns = (Turn(1, "persona", " ".join(opening.lines)), Turn(2, "learner", "I don't know."))
    reply = await process._think(coach.answer, brief, opening.state, turns)
    came = [said async for said in reply.more]
    expected = AuthoredCoach().answer(brief, opening.state, turns)
    assert [said for said in came if isinstance(said, str)] == list(expected.lines)
    assert came[0].data["reason"] == "the server cannot be reached"
