"""The synthetic learner in a conversation over a real WebSocket and a real WebRTC connection."""

import asyncio
import re

import numpy as np
import pytest

from realtime.rehearsal import learner as learners
from realtime.rehearsal.learner import Learner
from realtime.rehearsal.script import Answer, Line, Pause, Script
from realtime.rehearsal.signalling import Refused
from tests.realtime.rehearsal_persona import RATE, SILENCE, Persona


class Hum:
    """A voice that hums each phrase for 0.4 s."""

    def speak(self, line):
        hum = (8000 * np.sin(2 * np.pi * 150 * np.arange(round(0.4 * RATE)) / RATE)).astype(np.int16)
        pieces = [np.zeros(round(p.seconds * RATE), np.int16) if isinstance(p, Pause) else hum for p in line.parts]
        return np.concatenate(pieces)


def script(*answers):
    made = [Answer(Line((a,))) if isinstance(a, str) else a for a in answers]
    return Script("test", "activity", "learner1", "passed", tuple(made))


def learner(persona, lines, *, voice=True):
    told = []
    made = Learner(
        lines, persona.url, cookie="session=abc", ice_servers=[], voice=Hum() if voice else None, tell=told.append
    )
    made.told = told
    return made


def said(turns):
    return [(turn.speaker, turn.text) for turn in turns]


async def test_it_answers_when_the_persona_is_done_and_times_the_answer():
    async with Persona("And then?", "I see.") as persona:
        one = learner(persona, script("a", "b", "c"))
        await asyncio.wait_for(one.converse(), 30)
    assert said(one.turns) == [
        ("persona", "Hello. What is the matter?"),
        ("learner", "line 1"),
        ("persona", "And then?"),
        ("learner", "line 3"),
        ("persona", "I see."),
        ("learner", "line 5"),
    ]
    times = [turn.voice_to_voice_ms for turn in one.turns if turn.speaker == "persona"]
    assert times[0] is None
    # What the persona took, and the way there and back: packets, two codecs, a jitter buffer and a busy machine.
    for measured, delay in zip(times[1:], persona.delays, strict=False):
        assert 1000 * delay - 60 < measured < 1000 * delay + 1500
    assert (one.interruptions, one.errors, one.end_reason, one.report) == (0, [], "closed", "/report/")
    assert persona.cookie == "session=abc"
    assert persona.origin == persona.url.replace("ws", "http", 1).removesuffix("/ws/v/x/")


@pytest.mark.whole
async def test_a_pause_in_a_line_that_the_persona_takes_for_the_end_is_an_interruption():
    pausing = Answer(Line(("I think", Pause(1.2), "it is late.")))
    async with Persona("Why?", "Yes.", "Well.", hasty=SILENCE) as persona:
        one = learner(persona, script(pausing))
        await asyncio.wait_for(one.converse(), 30)
    assert one.interruptions == 1
    assert any("begins to speak while" in line for line in one.told)


@pytest.mark.whole
async def test_it_cuts_in_after_the_time_that_the_script_says():
    cut_in = Answer(Line(("Sorry.",)), turn=2, interrupt_after_ms=500)
    async with Persona("A long answer.", "Yes?", spoken=1.6) as persona:
        one = learner(persona, script(Answer(Line(("Hm.",)), turn=1), cut_in, "Bye."))
        await asyncio.wait_for(one.converse(), 40)
    interrupted = [turn.text for turn in one.turns if turn.interrupted]
    assert interrupted == ["A long answer."]
    assert one.interruptions == 0
    answer = next(turn for turn in one.turns if turn.text == "Yes?")
    assert answer.voice_to_voice_ms is not None


@pytest.mark.whole
async def test_a_line_that_was_not_heard_is_said_again(monkeypatch):
    monkeypatch.setattr(learners, "_PATIENCE", 1.5)
    async with Persona("I see.", deaf=1) as persona:
        one = learner(persona, script("a", "b"))
        await asyncio.wait_for(one.converse(), 30)
    assert [turn.speaker for turn in one.turns] == ["persona", "learner", "persona", "learner"]
    assert one.errors == ["The line was not heard; the learner says it again."]


@pytest.mark.whole
async def test_a_lost_websocket_comes_back_and_nothing_is_heard_twice():
    async with Persona("And then?", "I see.") as persona:
        one = learner(persona, script("a", "b", "c"))
        talking = asyncio.ensure_future(one.converse())
        while len(persona.journal) < 3:
            await asyncio.sleep(0.05)
        persona.hang_up()
        await asyncio.wait_for(talking, 30)
    assert said(one.turns) == [(entry["speaker"], entry["text"]) for entry in persona.journal]
    hellos = [message for message in persona.received if message["type"] == "hello"]
    assert hellos[0]["after"] == 0 and hellos[1]["after"] >= 2
    assert persona.offers == 1, "the media connection was whole"
    assert "lost" in one.errors[0] and "back" in one.errors[1]


@pytest.mark.whole
async def test_a_conversation_that_was_replaced_gets_a_new_offer(monkeypatch):
    monkeypatch.setattr(learners, "_PATIENCE", 1.5)
    async with Persona("And then?", "I see.") as persona:
        one = learner(persona, script("a", "b", "c"))
        talking = asyncio.ensure_future(one.converse())
        while len(persona.journal) < 3:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.4)
        await persona.die()
        await asyncio.wait_for(talking, 30)
    assert persona.offers == 2
    assert [turn.text for turn in one.turns if turn.speaker == "persona"][-1] == "I see."
    assert "It is coming back." in one.errors


async def test_in_writing_it_types_and_never_offers_media():
    typed = [Answer(Line(("I mean", Pause(0.1), "the reports."))), Answer(Line(("By Friday.",)), re.compile("when"))]
    async with Persona("And when?", "Good.") as persona:
        one = learner(persona, script(*typed), voice=False)
        await asyncio.wait_for(one.converse(), 10)
    assert [turn.text for turn in one.turns if turn.speaker == "learner"] == ["I mean the reports.", "By Friday."]
    assert [m["type"] for m in persona.received] == ["hello", "typing", "say", "say", "finish"]
    assert one.end_reason == "done"


async def test_a_learner_who_is_not_let_in_says_so():
    from websockets.asyncio.server import serve

    async def refuse(socket):
        await socket.close(4403)

    async with serve(refuse, "127.0.0.1", 0) as server:
        persona = Persona()
        persona.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(Refused, match="not admitted"):
            await asyncio.wait_for(learner(persona, script("a")).converse(), 10)
