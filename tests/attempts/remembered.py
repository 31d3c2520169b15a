"""Attempts that leave memories, and the activity that they are made in."""

import copy

from coachtool.attempts import journal
from coachtool.attempts.finish import finish
from coachtool.attempts.models import Attempt
from coachtool.coaching.types import CoachState
from tests import factories

DEFINITION = copy.deepcopy(factories.DEFINITION)
DEFINITION["persona"]["id"] = "robin"
DEFINITION["objectives"][1]["key_points"][0]["practise"] = "So what do we do from now on?"
AGREED = {"microphone": False, "camera": False, "ai_disclosure": "v1", "memory": True}

SPECIFIC = "The monthly report came in two days after the deadline."
STEP = "Let's look at your draft together every Thursday before it is due."


def begun(link, learner, **fields) -> Attempt:
    made = factories.attempt(link=link, learner=learner, **{"consent": AGREED, **fields})
    journal.take(made.pk)
    return made


def held(link, learner, *said: str, state: CoachState | None = None, **fields) -> Attempt:
    """An attempt in which the persona asked for the next step before each line, finished and scored."""
    made = begun(link, learner, **fields)
    state = state or CoachState(focus="step", asked={"@agree": 1, "step": 2})
    for line in said:
        factories.say(made, "persona", "And what now?", state=journal.state_data(state))
        factories.say(made, "learner", line)
    return finish(made.pk, "done")
