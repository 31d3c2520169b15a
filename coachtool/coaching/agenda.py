"""What is still to be heard, and the next prompt for it.

Each objective opens with its question; each key point that is missing then gets
its probe and one hint, within what the objective may take in all, and at the
end, once, its practice. So a conversation is bounded whatever the learner says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.coaching.types import CoachState, KeyPointJudgement, Move

PRACTISED = 2
"""Key points that are practised at the end, at most."""

_EXPLORED = 2  # prompts per key point before the practice: the probe and one hint
_SPARE = 2  # prompts that an objective may take beyond one for each key point


@dataclass(frozen=True)
class Step:
    """The next prompt: what it is, for which key point, and whether the conversation moved to another objective."""

    move: Move
    prompt: str
    state: CoachState
    moved: bool = False


def most_turns(brief: Brief) -> int:
    """How many of the learner's turns are answered before the persona closes in any case."""
    return 10 + 4 * sum(len(objective.key_points) for objective in brief.objectives)


def next_step(brief: Brief, state: CoachState, judged: dict[str, KeyPointJudgement]) -> Step:
    """The next prompt, with the state after it; a Step of move `close` when there is nothing left to ask."""
    if state.phase == "explore":
        step = _explore(brief, state, judged)
        if step is not None:
            return step
    return _practise(brief, state, judged)


def owner(brief: Brief, key_point: str) -> Objective | None:
    """The objective that a key point belongs to."""
    return next((each for each in brief.objectives if any(point.id == key_point for point in each.key_points)), None)


def _met(objective: Objective, judged: dict[str, KeyPointJudgement]) -> bool:
    return sum(judged[point.id].verdict == "met" for point in objective.key_points) >= objective.required


def _missing(objective: Objective, judged: dict[str, KeyPointJudgement]) -> tuple[KeyPoint, ...]:
    return tuple(point for point in objective.key_points if judged[point.id].verdict != "met")


def _explore(brief: Brief, state: CoachState, judged: dict[str, KeyPointJudgement]) -> Step | None:
    for objective in brief.objectives:
        if _met(objective, judged):
            continue
        moved = f"@{objective.id}" not in state.asked
        if moved and objective.question:
            return Step("probe", objective.question, _asking(state, f"@{objective.id}", "", objective.question), True)
        spent = sum(state.asked.get(point.id, 0) for point in objective.key_points)
        if spent >= len(objective.key_points) + _SPARE:
            continue
        waiting = [point for point in _missing(objective, judged) if state.asked.get(point.id, 0) < len(_ladder(point))]
        if waiting:
            point = next((point for point in waiting if point.id == state.focus), waiting[0])
            rung = state.asked.get(point.id, 0)
            prompt = _ladder(point)[rung]
            state = _asking(state, f"@{objective.id}", point.id, prompt) if moved else state
            return Step("hint" if rung else "probe", prompt, _asking(state, point.id, point.id, prompt), moved)
    return None


def _ladder(point: KeyPoint) -> tuple[str, ...]:
    return ((point.probe or "What else matters to you here?"), *point.hints)[:_EXPLORED]


def _practise(brief: Brief, state: CoachState, judged: dict[str, KeyPointJudgement]) -> Step:
    if len(state.practised) < PRACTISED:
        for objective in brief.objectives:
            if _met(objective, judged):
                continue
            for point in _missing(objective, judged):
                prompt = point.practise or point.probe
                if prompt and point.id not in state.practised:
                    state = replace(
                        _asking(state, point.id, point.id, prompt),
                        phase="practise",
                        practised=(*state.practised, point.id),
                    )
                    return Step("practise", prompt, state)
    return Step("close", "", replace(state, phase="closed", focus="", pending=""))


def _asking(state: CoachState, key: str, focus: str, prompt: str) -> CoachState:
    asked = {**state.asked, key: state.asked.get(key, 0) + 1}
    return replace(state, asked=asked, focus=focus, pending=prompt)
