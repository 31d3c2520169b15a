"""The authored coach: the instructor's own words, chosen by rules from what was heard.

It speaks no sentence that was not authored, or is not quoted from the
institution's documents, so it can be read beforehand and tested whole.
"""

from __future__ import annotations

from dataclasses import replace

from coachtool.activities.brief import Brief
from coachtool.coaching import agenda, judge, manner, policy, words
from coachtool.coaching import recall as recalling
from coachtool.coaching.policy import Plan
from coachtool.coaching.scoring import rubric, scorecard
from coachtool.coaching.types import CoachState, Library, Observation, Proposal, Recall, Reply, Scorecard, Turn


class AuthoredCoach:
    """A Coach (see types.py) that needs no language model; cheap to make, deterministic."""

    name = "authored"
    version = "2.0"

    def __init__(self, library: Library | None = None):
        self.library = library

    @staticmethod
    def warm() -> None:
        """Load the judge's models now (about a second, once per process)."""
        judge.warm()

    def prepare(self, brief: Brief) -> None:
        """Load the model and embed the activity's examples (about a second, once per process and activity)."""
        policy.prepare(brief)

    def open(self, brief: Brief, recall: Recall | None = None) -> Reply:
        step = agenda.next_step(brief, CoachState(), judge.key_points(brief, ()))
        greeting, start_at = recalling.opening(brief, recall)
        if start_at:
            step = agenda.begin_at(brief, start_at)
        lines = (greeting or words.sentences(brief.opening)) + words.sentences(step.prompt)
        return Reply(lines, "open", replace(step.state, last_lines=lines), emotion=brief.persona.mood)

    def answer(
        self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...], observed: tuple[Observation, ...] = ()
    ) -> Reply:
        heard = policy.hear(brief, transcript)
        plan = policy.answer(brief, state, transcript, heard, library=self.library)
        plan = manner.adapted(brief, plan, heard, transcript, observed)
        return replace(said(plan), judgements=heard.changed)

    def nudge(self, brief: Brief, state: CoachState, transcript: tuple[Turn, ...]) -> Reply:
        return said(policy.nudge(brief, state, transcript))

    def score(
        self,
        brief: Brief,
        transcript: tuple[Turn, ...],
        proposed: tuple[Proposal, ...] = (),
        skipped: tuple[str, ...] = (),
    ) -> Scorecard:
        """The judgement of the whole transcript; see scoring.scorecard. Who `proposed` evidence is named with it."""
        by = sorted({proposal.by for proposal in proposed})
        return scorecard(brief, transcript, " ".join([self.evaluator(brief), *by]), proposed, skipped)

    async def close(self) -> None:
        """It holds nothing."""

    def evaluator(self, brief: Brief) -> str:
        """Which judge with which model and which rubric, for the record."""
        return f"{self.name}/{self.version} {judge.version()} rubric-{rubric(brief)}"


def said(plan: Plan) -> Reply:
    """The plan in its authored words."""
    return Reply(
        plan.lines,
        plan.move,
        replace(plan.state, last_lines=plan.lines),
        trigger=plan.trigger,
        emotion=plan.emotion,
        closes=plan.closes,
        touched=plan.touched,
        citations=plan.citations,
        adapted=plan.adapted,
    )
