"""The generative coach's adapter with a real server: llama.cpp (xllamacpp) and SmolLM2-135M, over HTTP.

It shows the protocol: streaming, strict JSON, what was used, and the hand-over when the server dies. For what is said
see test_exchanges.py: a model this small says nothing sensible, and most of it does not pass the checks.
"""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coachtool.coaching import prompts
from coachtool.coaching.generative import GenerativeCoach
from coachtool.coaching.llm import Server
from coachtool.coaching.types import Turn

from . import smollm
from .test_generative import BRIEF, STUCK, Talk, authored, think

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(bool(smollm.missing()), reason=smollm.missing() or "installed"),
    pytest.mark.timeout(600),
]

POINTS = BRIEF.objectives[0].key_points
PATIENT = {"first": 200.0, "total": 300.0}  # the model runs on one core, beside the rest of the tests


@pytest.fixture
def process():
    server = subprocess.Popen(
        [sys.executable, str(Path(smollm.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield server
    server.kill()
    server.wait()
    server.stdin.close()
    server.stdout.close()


@pytest.fixture
def url(process):
    return process.stdout.readline().strip() + "/v1"


async def test_an_answer_comes_in_pieces_and_is_counted(url):
    model = Server(url, "smollm2", **PATIENT)
    messages = [{"role": "user", "content": "Say hello to Ruth in one short sentence."}]
    pieces = [piece async for piece in model.stream(messages, 60)]
    print("".join(pieces))
    await model.close()
    assert len(pieces) > 2 and "".join(pieces).strip()
    assert len(pieces) <= model.tokens <= 200


async def test_evidence_comes_in_the_schema_and_its_quotes_are_checked(url):
    model = Server(url, "smollm2", **PATIENT)
    talk = Talk(None)
    turns = (*talk.turns, Turn(2, "learner", "When somebody is hurt I bring the claim to you."))
    points = POINTS[1:2]
    answer = await model.fill(prompts.for_evidence(turns, points), prompts.evidence_schema(points), 120)
    await model.close()
    print(answer)
    shape = r'\s*\{\s*"injury"\s*:\s*\{\s*"verdict"\s*:\s*"(met|not_met|unclear)"\s*,\s*"quote"\s*:\s*"'
    assert re.match(shape, answer), "the server holds the model to the schema"
    try:
        proposals = prompts.read_evidence(answer, points, turns, "smollm2")
    except ValueError:
        proposals = ()  # a quote that runs on until the tokens are spent
    assert all(proposal.quote in turns[-1].text for proposal in proposals)


async def test_a_conversation_goes_on_whatever_the_model_says_and_when_its_server_dies(url, process):
    coach = GenerativeCoach(Server(url, "smollm2", **PATIENT), think, budget=50_000)
    talk = Talk(coach)
    for text in (STUCK, "I look at the car."):
        expected = authored(talk, text)
        said = await talk.say(text)
        assert talk.reply.move == expected.move and talk.state.pending == expected.state.pending
        assert said and all(line.rstrip('"')[-1] in ".?!" for line in said)
    assert {note.data["turn"] for note in talk.notes} == {2, 4}, "the record says who spoke each turn"
    assert sum(note.data["tokens"] for note in talk.notes) > 0
    process.kill()
    await asyncio.to_thread(process.wait)
    expected = authored(talk, "I have no idea.")
    assert await talk.say("I have no idea.") == list(expected.lines)
    await coach.close()
    assert talk.handed_over
