"""What is still to be heard, and the next prompt for it.

Each objective opens with its question; each key point that is missing then gets
its probe and its hints one after another, within what the objective may take in
all, and at the end, once, its practice. So a conversation is bounded whatever
the learner says.

The objectives come in their order, unless one says which follows it where it is
met or where it is not. That is decided once, when the objective is left. What is
passed over on the way is neither asked nor practised, and counts only if the
learner has shown it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from coachtool.activities.brief import Brief, KeyPoint, Objective
from coachtool.coaching.types import CoachState, KeyPointJudgement, Move

PRACTISED = 3
"""Key points that are practised at the end, at most; what else was missed is in the report."""

_SPARE = 2  # hints that an objective may take beyond the probe for each key point


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
        if step.move != "close":
            return step
        state = step.state
    return _practise(brief, state, judged)


def begin_at(brief: Brief, key_point: str) -> Step:
    """The first prompt of a conversation that begins at this key point; the others of its objective come after it."""
    objective = owner(brief, key_point)
    point = next(each for each in objective.key_points if each.id == key_point)
    prompt = point.practise or _ladder(point)[0]
    return Step("practise", prompt, _asking(CoachState(), f"@{objective.id}", key_point, prompt), True)


def owner(brief: Brief, key_point: str) -> Objective | None:
    """The objective that a key point belongs to."""
    return next((each for each in brief.objectives if any(point.id == key_point for point in each.key_points)), None)


def _met(objective: Objective, judged: dict[str, KeyPointJudgement]) -> bool:
    return sum(judged[point.id].verdict == "met" for point in objective.key_points) >= objective.required


def _missing(objective: Objective, judged: dict[str, KeyPointJudgement]) -> tuple[KeyPoint, ...]:
    return tuple(point for point in objective.key_points if judged[point.id].verdict != "met")


def _explore(brief: Brief, state: CoachState, judged: dict[str, KeyPointJudgement]) -> Step:
    """The next prompt of the first objective that has one; of move `close` when none has. Its state remembers the way.

    Objectives whose turn is over are left on the way, which may pass over others. One that was begun out of its order
    (`begin_at`) comes to its end before the others.
    """
    for objective in sorted(brief.objectives, key=lambda each: each.id != _begun(brief, state)):
        if objective.id in state.skipped:
            continue
        met = _met(objective, judged)
        step = None if met else _ask(objective, state, judged)
        if step is not None:
            return step
        state = _leave(brief, state, objective, met, judged)
    return Step("close", "", state)


def _begun(brief: Brief, state: CoachState) -> str:
    """The objective that is being asked about, while its turn is not over; else nothing."""
    objective = owner(brief, state.focus)
    begun = objective is not None and f"@{objective.id}" in state.asked and objective.id not in state.left
    return objective.id if begun else ""


def _ask(objective: Objective, state: CoachState, judged: dict[str, KeyPointJudgement]) -> Step | None:
    moved = f"@{objective.id}" not in state.asked
    if moved and objective.question:
        return Step("probe", objective.question, _asking(state, f"@{objective.id}", "", objective.question), True)
    point = _waiting(objective, state, judged)
    if point is None:
        return None
    rung = state.asked.get(point.id, 0)
    prompt = _ladder(point)[rung]
    state = _asking(state, f"@{objective.id}", point.id, prompt) if moved else state
    return Step("hint" if rung else "probe", prompt, _asking(state, point.id, point.id, prompt), moved)


def _waiting(objective: Objective, state: CoachState, judged: dict[str, KeyPointJudgement]) -> KeyPoint | None:
    """The key point to ask about next, the one in focus first; a hint never uses up the probe of another."""
    asked = state.asked
    missing = _missing(objective, judged)
    left = len(objective.key_points) + _SPARE - sum(asked.get(point.id, 0) for point in objective.key_points)
    unasked = sum(point.id not in asked for point in missing)
    for point in sorted(missing, key=lambda point: point.id != state.focus):
        if asked.get(point.id, 0) < len(_ladder(point)) and left > (unasked if point.id in asked else 0):
            return point
    return None


def _leave(
    brief: Brief, state: CoachState, objective: Objective, met: bool, judged: dict[str, KeyPointJudgement]
) -> CoachState:
    """The state once the objective is left: its condition decides what is passed over, the first time only."""
    if objective.id in state.left:
        return state
    follows = objective.if_met if met else objective.if_not_met
    later = brief.objectives[brief.objectives.index(objective) + 1 :]
    passed_over = []
    for other in later if follows else ():
        if other.id == follows:
            break
        if f"@{other.id}" not in state.asked and not _met(other, judged):
            passed_over.append(other.id)
    return replace(state, left=(*state.left, objective.id), skipped=(*state.skipped, *passed_over))


def _ladder(point: KeyPoint) -> tuple[str, ...]:
    return (point.probe or "What else matters to you here?"), *point.hints


def _practise(brief: Brief, state: CoachState, judged: dict[str, KeyPointJudgement]) -> Step:
    if len(state.practised) < PRACTISED:
        for objective in brief.objectives:
            if objective.id in state.skipped or _met(objective, judged):
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
