"""Whole exchanges with a model, replayed over HTTP: what is asked of it, what is let through, what is replaced.

The answers in exchanges/ were written by hand (each file says so): no model that runs here could give them.
"""

import json
from pathlib import Path

import pytest

from coachtool.coaching.generative import GenerativeCoach
from coachtool.coaching.llm import Server
from coachtool.coaching.types import Citation, Passage

from .language_server import says, serving
from .library import activity
from .test_generative import Shelf, Talk, authored, think

EXCHANGES = sorted((Path(__file__).parent / "exchanges").glob("*.json"))


@pytest.mark.parametrize("path", EXCHANGES, ids=lambda path: path.stem)
async def test_an_exchange_goes_as_it_was_written(path):
    exchange = json.loads(path.read_text(encoding="utf-8"))
    library = Shelf(Passage(**exchange["passage"])) if "passage" in exchange else None
    async with serving(*(says(*turn["chunks"]) for turn in exchange["turns"])) as (url, server):
        model = Server(url, "by-hand", first=20, total=30)
        brief = activity(exchange["activity"])
        talk = Talk(GenerativeCoach(model, think, budget=100_000, library=library), brief)
        for number, turn in enumerate(exchange["turns"]):
            expected, before = authored(talk, turn["learner"]), len(talk.events)
            said = await talk.say(turn["learner"])
            asked = json.loads(server.asked[number]["messages"][-1]["content"])
            assert (talk.reply.move, asked["move"], asked["ask"]) == (turn["move"], turn["move"], turn["ask"])
            assert said == (turn["said"] or list(expected.lines))
            assert talk.handed_over[-1:] == ([turn["handed_over"]] if turn["handed_over"] else talk.handed_over[-1:])
            cited = [event.quote for event in talk.events[before:] if isinstance(event, Citation)]
            assert cited == turn.get("cited", [])
        await model.close()
        failed = [turn["handed_over"] for turn in exchange["turns"] if turn["handed_over"]]
        assert talk.handed_over == failed


def test_each_exchange_says_where_it_comes_from():
    for path in EXCHANGES:
        assert json.loads(path.read_text(encoding="utf-8"))["origin"].startswith("Written by hand")
