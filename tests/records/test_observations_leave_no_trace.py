"""Nothing that was observed of a voice or a face reaches a verdict, a score, a grade or a statement.

Shown in two ways: a whole conversation with strong observations ends, byte for byte, as the same one without any; and
no code that scores, records or grades knows of an observation at all.
"""

import ast
import asyncio
import inspect
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import looptime
import pytest
from django.db import transaction
from django.utils import timezone

from coachtool.attempts import journal
from coachtool.attempts.finish import finish
from coachtool.coaching import authored, generative, judge, scoring
from coachtool.embedded.stores import free_port
from lti import delivery, placement
from lti.claims import SCORE_SCOPE, Endpoint
from lti.models import GradeDelivery
from realtime.perceiving import Perceiving
from realtime.perception.seeing.message import fields
from realtime.perception.sights import Sight
from tests import factories
from tests.lti.lms import Lms
from tests.realtime.test_conversation import Stage, World
from tests.realtime.test_perceiving import HALTING, USUAL, says

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AHEAD, AWAY = Sight(0, True), Sight(0, True, gaze=(40.0, 0.0), brows_down=0.9)
LINES = (
    "I understand, that makes sense.",
    "I like the team and the office here.",
    "The monthly report came in two days after the deadline.",
    "How much will this cut my bonus?",
    "Let's look at your draft together every Thursday before it is due.",
)


class Journal(World):
    """Keeps what the conversation writes, in its order."""

    def __init__(self):
        super().__init__()
        self.written = []

    async def utterance(self, data):
        self.written.append(("utterance", {**data, "state": asdict(data["state"])} if "state" in data else data))
        return await super().utterance(data)

    async def note(self, note):
        self.written.append((note.kind, note.data))
        await super().note(note)

    async def guardrail(self, trigger):
        self.written.append(("guardrail", asdict(trigger)))
        return await super().guardrail(trigger)


def conversation(brief, heard, sight, monkeypatch):
    """The same words, said as `heard` tells and looking as `sight` shows, once the learner's first minute is known."""
    monkeypatch.setattr("tests.realtime.test_conversation.World", Journal)
    perceiving = Perceiving({"voice": True, "face": True})
    for turn in range(11):
        perceiving._observer.turn("…", 6000 * turn, 6000 * turn + 6000, USUAL)

    async def talk():
        stage = Stage(perceiving=perceiving)
        stage.conversation.brief, stage.conversation.coach = brief, authored.AuthoredCoach()
        async with stage:
            await asyncio.sleep(4)
            for _ in range(120):
                stage.hear("sight", **fields(AHEAD))
                await asyncio.sleep(0.25)
            for turn, text in enumerate(LINES):
                looking = asyncio.ensure_future(look(stage))
                await says(stage, heard, text, turn)
                await asyncio.sleep(4)
                looking.cancel()
            assert stage.world.finished == "closed"
            return stage.world

    async def look(stage):
        while True:
            stage.hear("sight", **fields(sight))
            await asyncio.sleep(0.25)

    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        return runner.run(talk())


def left_behind(attempt, world, link):
    """All that the conversation leads to, as bytes; nothing of it stays in the database."""
    with transaction.atomic():
        journal.take(attempt.pk)
        for kind, data in world.written:
            journal.append(attempt.pk, kind, json.loads(json.dumps(data)))
        ended = finish(attempt.pk, "closed")
        sent = GradeDelivery.objects.get()
        found = {
            "transcript": [asdict(turn) for turn in journal.transcript(attempt) if turn.speaker == "learner"],
            "judged": asdict(scoring.scorecard(attempt.brief, journal.transcript(attempt), "")),
            "outcomes": list(
                ended.outcomes.order_by("objective").values("objective", "verdict", "points", "key_points")
            ),
            "score": [ended.score, ended.outcome, ended.evaluator],
            "statements": [row.body for row in ended.statements.order_by("sequence")],
            "grade": delivery.body(sent, link.grade_service.registration),
        }
        transaction.set_rollback(True)
    return json.dumps(found, sort_keys=True, default=str).encode()


@pytest.fixture
def link(db):
    registration = Lms(issuer=f"http://127.0.0.1:{free_port()}").register()
    made = factories.resource_link()
    lineitem = f"{registration.issuer}/items/1/lineitem?type_id=1"
    placement.keep_grade_service(made, registration, Endpoint(lineitem, "", (SCORE_SCOPE,)))
    return made


def test_a_conversation_full_of_observations_ends_byte_for_byte_as_one_without(link, monkeypatch):
    attempt = factories.attempt(link=link, modality="voice")
    plain = conversation(attempt.brief, USUAL, AHEAD, monkeypatch)
    observed = conversation(attempt.brief, replace(HALTING, level_db=-40.0), AWAY, monkeypatch)

    shown = [message["text"] for message in observed.published if message["type"] == "observation"]
    assert len(shown) == len(LINES) and "looked away" in shown[0] and "voice flatter" in shown[0]
    assert not [message for message in plain.published if message["type"] == "observation"]
    assert observed.said("persona") != plain.said("persona")  # they did change how she went on
    assert any(data.get("adapted") for _, data in observed.written)

    monkeypatch.setattr(timezone, "now", lambda: NOON)
    assert left_behind(attempt, observed, link) == left_behind(attempt, plain, link)


def test_the_record_holds_nothing_of_what_was_observed(link, monkeypatch):
    attempt = factories.attempt(link=link, modality="voice")
    observed = conversation(attempt.brief, HALTING, AWAY, monkeypatch)
    written = json.dumps(observed.written).lower()
    for message in observed.published:
        if message["type"] == "observation":
            assert message["kind"] not in written and message["text"].lower() not in written
    for word in ("looked", "flatter", "hesitant", "semitone", "brows", "gaze", "pitch", "confidence_of"):
        assert word not in written


KNOWS_NOTHING = (
    *sorted((ROOT / "coachtool/records").rglob("*.py")),
    *sorted((ROOT / "lti").rglob("*.py")),
    *sorted((ROOT / "coachtool/attempts").rglob("*.py")),
    *(Path(inspect.getfile(module)) for module in (judge, scoring)),
    *(
        ROOT / "coachtool/coaching" / f"{name}.py"
        for name in ("agenda", "entail", "guard", "proposals", "weigh", "policy")
    ),
)
PERCEIVED = {"Observation", "observed", "Perceiving", "Prosody", "Sight"}


def test_what_scores_records_and_grades_knows_of_no_observation():
    assert len(KNOWS_NOTHING) > 50
    assert not {str(path): found for path in KNOWS_NOTHING if (found := perceived(path))}


def perceived(path):
    """What of perception the module names or imports."""
    names, imported = set(), []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                names.add(name)
            case ast.ImportFrom(module=module, names=found):
                names |= {each.name for each in found}
                imported.append(module or "")
            case ast.Import(names=found):
                imported += [each.name for each in found]
    return names & PERCEIVED | {name for name in imported if name.startswith(("realtime.perceiv", "realtime.percept"))}


@pytest.mark.parametrize("coach", [authored.AuthoredCoach, generative.GenerativeCoach])
def test_a_score_is_made_from_brief_and_transcript_alone(coach):
    assert set(inspect.signature(coach.score).parameters) <= {"self", "brief", "transcript", "proposed", "skipped"}
