"""The attempt counted: from key points to objectives, from objectives to a score. Only code ever sets a number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from coachtool.activities.brief import Brief
from coachtool.coaching import guard, judge, proposals
from coachtool.coaching.types import KeyPointJudgement, ObjectiveJudgement, Proposal, Scorecard, Turn

_ENOUGH = 1e-9  # what rounding may take from a score that reaches the pass mark


def objectives(
    brief: Brief, transcript: tuple[Turn, ...], proposed: tuple[Proposal, ...] = ()
) -> tuple[ObjectiveJudgement, ...]:
    """Every objective as it is judged, with the evidence that a model proposed.

    Words that try to steer the persona or its scoring are no evidence, whatever else is said in the same breath.
    """
    counting = tuple(turn for turn in transcript if turn.speaker != "learner" or not guard.steers(turn.text))
    return proposals.combined(brief, judge.judge(brief, counting), proposed, counting)


def key_points(
    brief: Brief, transcript: tuple[Turn, ...], proposed: tuple[Proposal, ...] = ()
) -> dict[str, KeyPointJudgement]:
    """The judgement of each key point by its id."""
    judged = objectives(brief, transcript, proposed)
    return {point.key_point: point for each in judged for point in each.key_points}


def scorecard(
    brief: Brief,
    transcript: tuple[Turn, ...],
    evaluator: str,
    proposed: tuple[Proposal, ...] = (),
    skipped: Iterable[str] = (),
) -> Scorecard:
    """The attempt counted from its key points: the mean of the objectives' points against the pass mark.

    An objective that a condition passed over (`skipped`) is left out, unless it
    was met all the same. `passed` is None where the unclear key points, had they
    been met, would lift a fail to a pass, and where a person who has to confirm
    an objective could decide it either way.
    """
    judged = objectives(brief, transcript, proposed)
    counted = tuple(each for each in judged if each.objective not in set(skipped) or each.verdict == "met")
    left_out = tuple(each.objective for each in judged if each not in counted)
    awaiting = tuple(each.objective for each in counted if brief.objective(each.objective).confirmation == "person")
    least = most = score = 0.0
    for each in counted:
        possible = sum(point.verdict in ("met", "unclear") for point in each.key_points)
        score += each.points
        least += 0.0 if each.objective in awaiting else each.points
        most += 1.0 if each.objective in awaiting else min(1.0, possible / brief.objective(each.objective).required)
    score, least, most = (total / max(1, len(counted)) for total in (score, least, most))
    passed = verdict(brief, score, least, most)
    return Scorecard(round(score, 4), passed, counted, evaluator, left_out, awaiting)


def verdict(brief: Brief, score: float, least: float, most: float) -> bool | None:
    """Passed, not passed, or None while it is open: a person may still take the score to `least` or `most`.

    Unclear key points count for the learner's chance only, so where no person has to confirm, `least` is `score`.
    """
    mark = brief.pass_mark - _ENOUGH
    if score >= mark:
        return True if least >= mark else None
    return None if most >= mark else False


@lru_cache(maxsize=64)
def rubric(brief: Brief) -> str:
    """The digest of what is judged by, for the record."""
    return hashlib.sha256(repr((brief.objectives, brief.pass_mark)).encode()).hexdigest()[:12]
