"""What an instructor authored, as frozen values: no Django, no I/O.

A `Brief` is built from the JSON kept on an `ActivityVersion`; an attempt is
pinned to the version it began with, so a brief never changes under a learner.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints


class BriefError(ValueError):
    """The authored text is incomplete or contradicts itself; the message names the field and the remedy."""


@dataclass(frozen=True)
class Persona:
    """Who the learner meets."""

    id: str
    name: str
    role: str
    voice: str = "hibari"
    face: str = "ruth"
    manner: str = ""


@dataclass(frozen=True)
class KeyPoint:
    """One thing to be heard in the learner's own words.

    `met_by` and `not_met_by` are exemplars: sentences a learner might say that
    do and do not show it. `probe` is asked when it has not been heard yet, the
    `hints` one after another when the learner is stuck, `practise` when the
    conversation comes back to what was missed.
    """

    id: str
    text: str
    met_by: tuple[str, ...] = ()
    not_met_by: tuple[str, ...] = ()
    probe: str = ""
    hints: tuple[str, ...] = ()
    practise: str = ""


@dataclass(frozen=True)
class Objective:
    """Met when `required` of its key points are met."""

    id: str
    name: str
    criterion: str
    key_points: tuple[KeyPoint, ...]
    required: int
    question: str = ""


@dataclass(frozen=True)
class Guardrail:
    """A line the conversation does not cross, and what is done at it.

    action: redirect, refuse, escalate or end. severity: low, medium or high.
    """

    id: str
    name: str
    rule: str
    action: str
    severity: str = "medium"
    triggers: tuple[str, ...] = ()
    not_triggers: tuple[str, ...] = ()
    reply: str = ""


@dataclass(frozen=True)
class Fact:
    """Something the persona may tell: an approved answer, and its source."""

    id: str
    asked_by: tuple[str, ...]
    answer: str
    source: str = ""


@dataclass(frozen=True)
class Brief:
    """A whole activity as the conversation needs it. `pass_mark` is a share of the objectives' points, 0 to 1."""

    slug: str
    title: str
    field: str
    summary: str
    situation: str
    learner_role: str
    persona: Persona
    opening: str
    objectives: tuple[Objective, ...]
    closing_passed: str
    closing_not_passed: str
    guardrails: tuple[Guardrail, ...] = ()
    facts: tuple[Fact, ...] = ()
    tips: tuple[str, ...] = ()
    language: str = "en"
    pass_mark: float = 0.7
    minutes: int = 10
    max_score: int = 100

    def objective(self, objective_id: str) -> Objective:
        return next(objective for objective in self.objectives if objective.id == objective_id)


def build(kind: type, data: Any, where: str = "activity") -> Any:
    """A frozen value of dataclass `kind` from plain JSON `data`; raises BriefError naming the field."""
    if not isinstance(data, dict):
        raise BriefError(f"{where}: expected a mapping, found {type(data).__name__}.")
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise BriefError(f"{where}.{unknown[0]}: no such field; remove it or correct its name.")
    values = {}
    for name in known & set(data):
        hint, value, path = hints[name], data[name], f"{where}.{name}"
        if get_origin(hint) is tuple:
            item = get_args(hint)[0]
            if not isinstance(value, list | tuple):
                raise BriefError(f"{path}: expected a list.")
            values[name] = tuple(
                build(item, entry, f"{path}[{index}]") if is_dataclass(item) else str(entry)
                for index, entry in enumerate(value)
            )
        elif is_dataclass(hint):
            values[name] = build(hint, value, path)
        elif hint in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
            values[name] = hint(value)
        elif hint is str and isinstance(value, str):
            values[name] = value.strip()
        else:
            raise BriefError(f"{path}: expected {hint.__name__}, found {type(value).__name__}.")
    try:
        return kind(**values)
    except TypeError as missing:
        raise BriefError(f"{where}: {str(missing).split('__init__() ')[-1]}.") from None


def load(data: Any) -> Brief:
    """A checked Brief from an authored mapping; raises BriefError."""
    brief = build(Brief, data)
    if not brief.objectives:
        raise BriefError("activity.objectives: add at least one objective.")
    for index, objective in enumerate(brief.objectives):
        if not 1 <= objective.required <= len(objective.key_points):
            raise BriefError(
                f"activity.objectives[{index}].required: must be between 1 and the number of key points "
                f"({len(objective.key_points)})."
            )
    for index, guardrail in enumerate(brief.guardrails):
        if guardrail.action not in ("redirect", "refuse", "escalate", "end"):
            raise BriefError(f"activity.guardrails[{index}].action: use redirect, refuse, escalate or end.")
    ids = [point.id for objective in brief.objectives for point in objective.key_points]
    if len(ids) != len(set(ids)):
        raise BriefError("activity.objectives: every key point needs an id of its own.")
    if not 0 < brief.pass_mark <= 1:
        raise BriefError("activity.pass_mark: a share between 0 and 1, such as 0.7.")
    return brief
