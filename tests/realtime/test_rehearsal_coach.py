"""The scripts against the authored coach itself, in writing: each leads to the outcome that its name promises."""

import pytest
import yaml

from coachtool.activities.brief import load as load_brief
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import Recall, Turn
from realtime.rehearsal import script as scripts
from realtime.rehearsal.script import Choice

LIBRARY = scripts.SCRIPTS.parents[2] / "coachtool" / "activities" / "library"


def talk(script, recall=None):
    """The transcript, the guardrails touched, and whether the coach closed the conversation itself."""
    brief = load_brief(yaml.safe_load((LIBRARY / f"{script.activity}.yaml").read_text()))
    coach, choice = AuthoredCoach(), Choice(script.answers)
    reply = coach.open(brief, recall)
    transcript = (Turn(1, "persona", " ".join(reply.lines)),)
    touched = []
    for turn in range(1, 40):
        answer = choice.interruption(turn) or choice.next(turn, transcript[-1].text)
        if answer is None or reply.closes:
            break
        choice.said(answer)
        transcript += (Turn(len(transcript) + 1, "learner", answer.line.text),)
        reply = coach.answer(brief, reply.state, transcript)
        touched += [reply.trigger.guardrail] if reply.trigger else []
        transcript += (Turn(len(transcript) + 1, "persona", " ".join(reply.lines)),)
    return transcript, touched, reply.closes, coach.score(brief, transcript)


@pytest.mark.parametrize("name", scripts.names())
def test_a_script_reaches_its_outcome(name):
    script = scripts.load(name)
    transcript, touched, closed, scorecard = talk(script)
    shown = "\n".join(f"{turn.speaker}: {turn.text}" for turn in transcript)
    assert scorecard.passed is {"passed": True, "failed": False, "unclear": None}[script.expect], shown
    assert set(touched) == set(script.guardrails), shown
    assert script.unlike(turn.text for turn in transcript if turn.speaker == "persona") == [], shown
    if script.expect == "passed":
        assert closed, f"the coach still asks:\n{shown}"


def test_who_needed_practice_is_greeted_with_that_point_and_passes_again():
    script = scripts.load("claims-practice").then
    recall = Recall(0, True, True, ("injury",), ("three triggers for escalation",))
    transcript, _, closed, scorecard = talk(script, recall)
    shown = "\n".join(f"{turn.speaker}: {turn.text}" for turn in transcript)
    assert script.unlike(turn.text for turn in transcript if turn.speaker == "persona") == [], shown
    assert closed and scorecard.passed, shown
