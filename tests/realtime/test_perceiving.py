"""What a conversation does with what is perceived: real Conversation and Observer in virtual time."""

import asyncio
from dataclasses import asdict, replace

import pytest

from coachtool.coaching.types import Reply
from realtime.perceiving import PATIENCE_MS, Perceiving
from realtime.perception.prosody import Prosody
from realtime.perception.seeing.message import fields
from realtime.perception.sights import Sight
from tests.realtime.test_conversation import ScriptedCoach, Stage

pytestmark = pytest.mark.looptime

USUAL = Prosody(0, 6000, 5600, 300, 0, 25, 3000, 120.0, 6.0, -24.0)
HALTING = replace(USUAL, pause_ms=3200, long_pauses=4, pitch_range=2.0)
BOTH = {"voice": True, "face": True}


class Observing(ScriptedCoach):
    def __init__(self):
        self.observed = []

    def answer(self, brief, state, transcript, observed=()):
        self.observed.append(tuple(each.kind for each in observed))
        return replace(Reply(("I see.",), "probe", state), adapted=bool(observed))


def stage(agreed=None):
    made = Stage(perceiving=Perceiving(agreed))
    made.conversation.coach = Observing()
    return made


async def says(stage, heard, text="I would ask her first.", turn=0):
    """A turn whose prosody comes from the worker as it does: after its last pause, before its words."""
    started = 100_000 * turn
    heard = replace(heard, started_ms=started, ended_ms=started + 6000)
    stage.hear("speech_started", at_ms=started)
    await asyncio.sleep(6)
    stage.hear("speech_paused", at_ms=started + 6200)
    stage.hear("prosody", **asdict(heard))
    await asyncio.sleep(0.4)
    stage.hear("transcript", text=text, confidence=0.9, started_ms=started, ended_ms=started + 6000)
    stage.hear("floor_yielded", at_ms=started + 6600, speech_ended_ms=started + 6000, probability=0.9)
    await asyncio.sleep(4)


async def a_minute_and_then(stage, heard):
    await asyncio.sleep(6)
    for turn in range(5):
        await says(stage, USUAL, turn=turn)
    await says(stage, heard, "Yes, I understand.", turn=5)


def published(stage, kind):
    return [message for message in stage.world.published if message["type"] == kind]


def sent(stage, t):
    return [message for message in stage.world.asked if message["t"] == t]


async def test_what_is_observed_reaches_the_page_the_coach_and_the_floor():
    async with stage({"voice": True, "face": False}) as here:
        await a_minute_and_then(here, HALTING)
        (shown,) = published(here, "observation")
        assert shown["kind"] in ("hesitant", "flatter") and 0.7 < shown["confidence"] <= 1
        assert shown["text"].startswith("Said “I understand”, ") and "voice flatter than before" in shown["text"]
        assert here.conversation.coach.observed[:5] == [()] * 5
        assert set(here.conversation.coach.observed[5]) == {"hesitant", "flatter"}
        assert sent(here, "patience")[-1]["ms"] == PATIENCE_MS
        await says(here, USUAL, turn=6)
        assert sent(here, "patience")[-1]["ms"] == 0
        assert here.conversation.coach.observed[6] == ()


async def test_where_nothing_may_be_sensed_nothing_is():
    """Under the policy eu, or without consent: what a worker sent all the same would be passed over."""
    async with stage(None) as here:
        await a_minute_and_then(here, HALTING)
        here.hear("sight", **fields(Sight(0, True, smile=1.0)))
        here.conversation.post("browser", {"type": "sense", "voice": True, "face": True})
        await says(here, HALTING, turn=7)
        assert not published(here, "observation") and not published(here, "sensed")
        assert not sent(here, "sense") and not sent(here, "patience") and not here.world.notes
        assert set(here.conversation.coach.observed) == {()}


async def test_the_learner_switches_it_off_and_on_and_the_record_says_only_that():
    async with stage(BOTH) as here:
        await a_minute_and_then(here, USUAL)
        here.conversation.post("browser", {"type": "sense", "voice": False, "face": "yes"})
        await asyncio.sleep(0.1)
        assert sent(here, "sense")[-1] == {"t": "sense", "voice": False, "face": False}
        assert here.world.notes == [("perception", {"voice": False, "face": False})]
        shown = len(published(here, "sensed"))
        await says(here, HALTING, turn=6)
        assert not published(here, "observation") and len(published(here, "sensed")) == shown
        here.conversation.post("browser", {"type": "sense", "voice": True, "face": False})
        await says(here, HALTING, turn=7)
        assert not published(here, "observation")  # the first minute was forgotten with the switch
        assert len(here.world.notes) == 2


async def test_what_is_sensed_is_shown_live():
    async with stage(BOTH) as here:
        await a_minute_and_then(here, USUAL)
        here.hear("sight", **fields(Sight(0, True, smile=0.4, turn=(1.0, 2.0, 3.0))))
        await asyncio.sleep(1.5)
        shown = published(here, "sensed")[-1]
        assert shown["voice"] == {"rate": 4.5, "pauses": 0.05, "pitch": 6.0, "loudness": -24.0}
        assert shown["face"]["present"] and shown["face"]["smile"] == 0.4 and shown["face"]["blinks"] is None


async def test_leaving_the_picture_is_told_at_once():
    async with stage(BOTH) as here:
        await asyncio.sleep(6)
        for number in range(40):
            here.hear("sight", **fields(Sight(0, number < 20)))
            await asyncio.sleep(0.25)
        (shown,) = published(here, "observation")
        assert shown == {
            "type": "observation",
            "kind": "left_the_picture",
            "text": "Left the picture.",
            "confidence": 0.95,
        }


async def test_another_worker_is_told_what_may_be_sensed():
    async with stage(BOTH) as here:
        await a_minute_and_then(here, HALTING)
        here.hear("lost")
        here.hear("ready", models={})
        await asyncio.sleep(0.1)
        assert [message["t"] for message in here.world.asked[-2:]] == ["sense", "patience"]
        assert here.world.asked[-1]["ms"] == PATIENCE_MS


async def test_what_a_worker_sends_that_can_not_be_read_is_passed_over(caplog):
    async with stage(BOTH) as here:
        await asyncio.sleep(6)
        here.hear("prosody", talk_ms="many")
        here.hear("sight", present="perhaps")
        await says(here, USUAL)
        assert here.world.said("learner") and "prosody.started_ms" in caplog.text and "sight.present" in caplog.text


async def test_the_prosody_of_another_turn_is_not_taken_for_this_ones():
    async with stage(BOTH) as here:
        await asyncio.sleep(6)
        for turn in range(5):
            await says(here, USUAL, turn=turn)
        here.hear("prosody", **asdict(replace(HALTING, started_ms=1)))
        here.hear("transcript", text="Yes.", confidence=0.9, started_ms=900_000, ended_ms=906_000)
        here.hear("floor_yielded", at_ms=906_600, speech_ended_ms=906_000, probability=0.9)
        await asyncio.sleep(3)
        assert not published(here, "observation")


async def test_the_record_says_that_a_turns_manner_was_adapted_and_not_why():
    async with stage(BOTH) as here:
        await a_minute_and_then(here, HALTING)
        turns = [said for said in here.world.utterances if said["speaker"] == "persona"]
        assert [said.get("adapted") for said in turns[1:]] == [None] * 5 + [True]
        for word in ("hesitant", "flatter", "pause", "pitch", "observ", "prosody", "sight"):
            assert word not in str(here.world.utterances).lower()


def test_switches_are_as_an_earlier_process_left_them():
    assert Perceiving(BOTH).on == BOTH
    assert Perceiving(BOTH, switched={"voice": False, "face": True}).on == {"voice": False, "face": True}
    assert Perceiving({"voice": True, "face": False}, switched=BOTH).on == {"voice": True, "face": False}
    assert Perceiving(None, switched=BOTH).on == {"voice": False, "face": False}


def test_a_worker_that_replaces_another_begins_with_the_switches_as_they_are():
    perceiving = Perceiving(BOTH)
    begun = perceiving.on  # what `begin` holds
    assert perceiving.switch({"voice": False, "face": True})
    assert begun == {"voice": False, "face": True}


async def test_what_the_camera_noticed_is_forgotten_when_it_is_switched_off_though_the_voice_is_still_sensed():
    perceiving = Perceiving(BOTH)
    noticed = [perceiving.saw(fields(Sight(0, number < 20)), 250 * number) for number in range(40)]
    assert any(noticed)
    perceiving.switch({"voice": True, "face": False})
    assert perceiving.turn({"text": "Yes.", "started_ms": 0, "ended_ms": 1000}, 12_000) == ()
