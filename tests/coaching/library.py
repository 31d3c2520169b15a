"""What the tests of coaching share: the demo activities, the development cases, a conversation to hold."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import yaml

from coachtool.activities import brief
from coachtool.coaching.authored import AuthoredCoach
from coachtool.coaching.types import Reply, Scorecard, Turn

HERE = Path(__file__).parent
LIBRARY = Path(brief.__file__).parent / "library"
CLAIMS, FEEDBACK = "claims-escalation", "specific-feedback"


@cache
def activity(slug: str) -> brief.Brief:
    return brief.load(yaml.safe_load((LIBRARY / f"{slug}.yaml").read_text(encoding="utf-8")))


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def cases() -> list[dict]:
    """The development cases; those of an activity name one of its objectives, which is put in here."""
    found = lines("cases.jsonl")
    for case in found:
        if "activity" in case:
            case["objective"] = asdict(activity(case["activity"]).objective(case["objective"]))
    return found


class Conversation:
    """A learner's lines against the authored coach; prints itself as it goes (seen with pytest -s)."""

    def __init__(self, slug: str):
        self.brief, self.coach = activity(slug), AuthoredCoach()
        self.turns: list[Turn] = []
        self.replies: list[Reply] = []
        self._hear(self.coach.open(self.brief))

    @property
    def reply(self) -> Reply:
        return self.replies[-1]

    @property
    def said(self) -> str:
        return " ".join(self.reply.lines)

    def say(self, text: str, confidence: float = 1.0) -> Reply:
        assert not self.reply.closes, f"closed before: {text}"
        print(f"        you: {text}")
        self.turns.append(Turn(len(self.turns) + 1, "learner", text, confidence))
        return self._hear(self.coach.answer(self.brief, self.reply.state, tuple(self.turns)))

    def wait(self) -> Reply:
        print("        (silence)")
        return self._hear(self.coach.nudge(self.brief, self.reply.state, tuple(self.turns)))

    def score(self) -> Scorecard:
        return self.coach.score(self.brief, tuple(self.turns))

    def _hear(self, reply: Reply) -> Reply:
        print(f"{self.brief.persona.name} [{reply.move}, {reply.emotion}]: {' '.join(reply.lines)}")
        self.replies.append(reply)
        self.turns.append(Turn(len(self.turns) + 1, "persona", " ".join(reply.lines)))
        return reply
