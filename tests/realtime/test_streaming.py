"""A reply that comes sentence by sentence: said as it comes, taken back as a whole, and on the record as it was."""

import asyncio

import pytest

from coachtool.coaching.types import Citation, CoachState, Note, Reply, Trigger

from .test_conversation import ScriptedCoach, Stage

pytestmark = pytest.mark.looptime

QUOTED = Citation("p1", "Handbook", "page 4", "within two days")


class SlowCoach(ScriptedCoach):
    """Answers with what `script` holds: sentences, notes, and pauses in seconds."""

    def __init__(self, *script, closes=False):
        self.script, self.closes, self.closed = script, closes, False

    def answer(self, brief, state, transcript, observed=()):
        state = CoachState(phase="explore", pending="And then?")
        return Reply((), "close" if self.closes else "probe", state, closes=self.closes, more=self.more())

    async def more(self):
        try:
            for said in self.script:
                if isinstance(said, int | float):
                    await asyncio.sleep(said)
                else:
                    yield said
        finally:
            self.closed = True


class Streaming(Stage):
    def __init__(self, *script, closes=False, **kwargs):
        super().__init__(**kwargs)
        self.coach = self.conversation.coach = SlowCoach(*script, closes=closes)
        self.world.notes = []

        async def note(note):
            self.world.notes.append(note)

        self.world.note = note

    def asked_to_speak(self):
        return [message["text"] for message in self.world.asked if message["t"] == "speak"]


async def test_the_first_sentence_is_spoken_while_the_second_is_still_to_come():
    async with Streaming("One moment.", 3.0, "What would you do next?") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(2)
        assert stage.asked_to_speak()[-1] == "One moment."
        assert stage.world.floors()[-1] == "speaking"
        await asyncio.sleep(6)
        assert stage.world.said("persona")[-1] == "One moment. What would you do next?"
        assert stage.world.floors()[-1] == "listening"
        assert stage.conversation.state.last_lines == ("One moment.", "What would you do next?")


async def test_a_pause_between_sentences_is_not_the_end_of_the_turn():
    async with Streaming("Good.", 4.0, "And then?") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(3.5)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        assert stage.world.floors()[-1] != "listening"


async def test_an_interruption_closes_the_stream_and_keeps_what_was_heard():
    async with Streaming("One moment please.", 30.0, "Never said.") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(3)
        await stage.says("hold on please", seconds=1.5)
        await asyncio.sleep(1)
        assert stage.coach.closed
        said = [said for said in stage.world.utterances if said["speaker"] == "persona"][1]
        assert said["interrupted"] and said["text"] == "One moment please. –"
        assert "Never said." not in stage.asked_to_speak()


async def test_an_interruption_before_the_first_word_leaves_nothing_behind():
    async with Streaming(30.0, "Never said.") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(2)
        await stage.says("no, wait, I mean him", seconds=1.5)
        await asyncio.sleep(2)
        assert stage.world.said("persona") == ["Hello there. What would you do first?"]
        assert stage.world.said("learner") == ["I would call her", "no, wait, I mean him"]


async def test_in_writing_the_turn_is_shown_once_it_is_whole():
    async with Streaming("One moment.", 2.0, "And then?", voice=False) as stage:
        await stage.type("I call")
        assert len(stage.world.said("persona")) == 1
        await asyncio.sleep(3)
        assert stage.world.said("persona")[-1] == "One moment. And then?"


async def test_who_types_before_the_answer_is_there_is_answered_on_both():
    async with Streaming("One moment.", 5.0, "And then?", voice=False) as stage:
        await stage.type("I call", "a")
        await stage.type("and I write", "b")
        await asyncio.sleep(8)
        assert stage.world.said("learner") == ["I call", "and I write"]
        assert stage.world.said("persona")[1:] == ["One moment. And then?"]


@pytest.mark.parametrize("back", [False, True])
async def test_going_over_to_writing_and_back_loses_no_sentence(back):
    async with Streaming("One moment.", 3.0, "And then?") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(1)
        stage.conversation.post("browser", {"type": "hello", "modality": "text"})
        await asyncio.sleep(0.5)
        if back:
            stage.conversation.post("browser", {"type": "hello", "modality": "voice"})
        await asyncio.sleep(8)
        assert stage.world.said("persona")[-1] == "One moment. And then?"


async def test_a_worker_that_is_lost_between_two_sentences_says_both_again_or_still():
    async with Streaming("One moment.", 3.0, "And then?") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(0.5)
        stage.world.ready = False
        stage.hear("lost")
        await asyncio.sleep(5)
        stage.world.ready = True
        stage.hear("ready", models={})
        await asyncio.sleep(5)
        assert stage.world.said("persona")[-1] == "One moment. And then?"


async def test_a_close_that_comes_bit_by_bit_is_said_to_its_end():
    async with Streaming("Thank you.", 2.0, "Goodbye.", closes=True) as stage:
        await asyncio.sleep(6)
        await stage.says("that is all")
        await asyncio.sleep(2)
        assert stage.world.finished is None
        await asyncio.sleep(5)
        assert stage.world.finished == "closed" and stage.world.said("persona")[-1] == "Thank you. Goodbye."


async def test_citations_notes_and_triggers_reach_the_record_and_the_page():
    note = Note("coach", {"coach": "authored", "reason": "slow", "turn": 2})
    trigger = Trigger("scope", "refuse", "low", 2, "x", "persona")
    async with Streaming(QUOTED, "It says: within two days.", note, trigger, voice=False) as stage:
        await stage.type("how long?")
        await asyncio.sleep(0.1)
        cited = {"passage": "p1", "document": "Handbook", "place": "page 4", "quote": "within two days"}
        assert stage.world.utterances[-1]["citations"] == [cited]
        assert stage.world.published[-2]["citations"] == [cited]
        assert stage.world.notes == [note] and stage.world.guardrails == [trigger]


async def test_a_note_is_kept_although_the_turn_was_taken_back():
    async with Streaming(0.2, Note("coach", {"turn": 2}), 5.0, "Hm.", voice=False) as stage:
        await stage.type("one", "a")
        await asyncio.sleep(0.3)
        await stage.type("two", "b")
        assert stage.world.notes[0].data == {"turn": 2}


async def test_the_end_of_the_conversation_closes_the_stream():
    async with Streaming("One moment.", 30.0, "Never.") as stage:
        await asyncio.sleep(6)
        await stage.says("I would call her")
        await asyncio.sleep(3)
        stage.conversation.post("browser", {"type": "finish"})
        await asyncio.sleep(0.2)
        assert stage.world.finished == "done" and stage.coach.closed
