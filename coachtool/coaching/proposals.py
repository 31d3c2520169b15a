"""Evidence that a language model proposes, and how far it counts: the model proposes, code decides.

A proposal may only lift a key point from unclear to met, and only where all of
this holds: it says met; its quote stands word for word in a turn of the
learner's, one that was recognised well enough; the offline judge's only doubt
was how near the words come to the key point. A doubt that a rule raised (a
hedge, hearsay, a question, another figure, something taken back) stands, and
so does every not met. A key point that names a figure needs that figure in the
quote. Where a model was asked several times, its newest word on a key point
counts. No proposal ever sets a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from coachtool.activities.brief import Brief, KeyPoint
from coachtool.coaching import judge, words
from coachtool.coaching.types import Evidence, KeyPointJudgement, ObjectiveJudgement, Proposal, Turn

NEARNESS = ("vague", judge.AMBIGUOUS)
"""The offline judge's reasons that are a matter of nearness only."""

_STRENGTH = 0.5  # of a proposed quote, beside the offline judge's cosines
_SHORTEST = 2  # words that a quote must have


def liftable(point: KeyPointJudgement) -> bool:
    """Whether a proposal could lift this judgement to met."""
    return point.verdict == "unclear" and point.reason in NEARNESS


def verbatim(proposal: Proposal, transcript: tuple[Turn, ...]) -> bool:
    """Whether the quote stands in the learner's turn that it names, and that turn was heard well enough to count."""
    if len(proposal.quote.split()) < _SHORTEST:
        return False
    return any(
        turn.seq == proposal.seq
        and turn.speaker == "learner"
        and turn.confidence >= judge.LOW_CONFIDENCE
        and proposal.quote in turn.text
        for turn in transcript
    )


def combined(
    brief: Brief, judged: Iterable[ObjectiveJudgement], proposals: tuple[Proposal, ...], transcript: tuple[Turn, ...]
) -> tuple[ObjectiveJudgement, ...]:
    """The offline judgements with what the proposals may change in them."""
    newest = {proposal.key_point: proposal for proposal in proposals}
    found = []
    for each in judged:
        objective = brief.objective(each.objective)
        wording = {point.id: point for point in objective.key_points}
        points = tuple(
            _lifted(wording[point.key_point], point, newest.get(point.key_point), transcript)
            for point in each.key_points
        )
        found.append(judge.counted(objective, points) if points != each.key_points else each)
    return tuple(found)


def _lifted(
    wording: KeyPoint, point: KeyPointJudgement, proposal: Proposal | None, transcript: tuple[Turn, ...]
) -> KeyPointJudgement:
    if proposal is None or proposal.verdict != "met" or not liftable(point):
        return point
    if not verbatim(proposal, transcript) or not _figures(wording.text) <= _figures(proposal.quote):
        return point
    evidence = (Evidence(proposal.seq, proposal.quote, _STRENGTH),)
    return replace(point, verdict="met", evidence=evidence, reason=f"said so, pointed out by {proposal.by}")


def _figures(text: str) -> set[float]:
    return {number.value for number in words.numbers(text)}
