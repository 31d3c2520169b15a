"""The text of a draft: a Brief's mapping that may be incomplete. Pure functions; a mapping is never changed in place.

Objectives, key points, guardrails and facts ("items") are known by their ids,
which stay when they move and from version to version.
"""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

Definition = dict[str, Any]

LISTS = {"objective": "objectives", "guardrail": "guardrails", "fact": "facts", "point": "key_points"}
"""Kind of item: the list that holds it. Key points are in their objective's list, the others in the definition's."""

MOST = {"objective": 8, "point": 12, "guardrail": 20, "fact": 40}

DEFAULTS: Definition = {
    "field": "",
    "summary": "",
    "learner_role": "",
    "closing_passed": "Thank you, that was clear. You showed me what I was hoping to hear.",
    "closing_not_passed": "Thank you for the talk. Some of it is not there yet; have another try when you are ready.",
    "language": "en",
    "pass_mark": 0.7,
    "minutes": 8,
    "max_score": 100,
    "attempts": 0,
    "counts": "best",
    "memory": "activity",
    "coach": "authored",
}
_PERSONA = {"name": "", "role": "", "face": "ruth", "voice": "hibari", "manner": "", "mood": "neutral"}


class NoSuchItem(LookupError):
    """The draft has no item with that id (any more)."""


def blank() -> Definition:
    """What a new activity begins with: the defaults and one objective with two empty key points."""
    objective = {**new("objective"), "key_points": [new("point"), new("point")], "required": 2}
    return {
        "title": "",
        "situation": "",
        "opening": "",
        "persona": dict(_PERSONA),
        "objectives": [objective],
        "guardrails": [],
        "facts": [],
        "knowledge": [],
        "phrases": {},
        **DEFAULTS,
    }


def new(kind: str) -> Definition:
    """An empty item with an id of its own."""
    made: Definition = {"id": f"{kind}-{secrets.token_hex(4)}"}
    if kind == "objective":
        made |= {"name": "", "criterion": "", "key_points": [], "required": 1}
        return {**made, "if_met": "", "if_not_met": "", "confirmation": "automatic"}
    if kind == "point":
        return {**made, "text": "", "met_by": [], "not_met_by": []}
    if kind == "guardrail":
        return {**made, "name": "", "rule": "", "action": "redirect", "severity": "medium", "triggers": []}
    return {**made, "asked_by": [], "answer": "", "source": ""}


def filled(definition: Mapping[str, Any]) -> Definition:
    """`definition` with a value for everything that the editor shows, and ids where an author gave none."""
    whole = {**blank(), **copy.deepcopy(dict(definition))}
    whole["persona"] = {**_PERSONA, **whole["persona"]}
    for kind, name in LISTS.items():
        for holder in whole["objectives"] if kind == "point" else [whole]:
            holder[name] = [{**new(kind), **item} for item in holder.get(name) or []]
    return whole


# Items


def find(definition: Definition, kind: str, item_id: str) -> Definition:
    """The item; raises NoSuchItem."""
    _, items, index = _place(definition, kind, item_id)
    return items[index]


def points(definition: Definition) -> Iterator[tuple[Definition, Definition]]:
    """Every key point with its objective."""
    for objective in definition.get("objectives", []):
        for point in objective.get("key_points", []):
            yield objective, point


def path_of(definition: Definition, kind: str, item_id: str) -> str:
    """Where the item is, as its fields are named: `objectives.0.key_points.2`. Raises NoSuchItem."""
    holder, _, index = _place(definition, kind, item_id)
    if kind != "point":
        return f"{LISTS[kind]}.{index}"
    outer = next(number for number, each in enumerate(definition["objectives"]) if each is holder)
    return f"objectives.{outer}.key_points.{index}"


def added(definition: Definition, kind: str, within: str = "") -> tuple[Definition, str]:
    """With a new item at the end of its list (a key point: of objective `within`), and its id.

    Raises NoSuchItem, and ValueError when there are as many as there may be.
    """
    definition = copy.deepcopy(definition)
    holder = find(definition, "objective", within) if kind == "point" else definition
    items = holder.setdefault(LISTS[kind], [])
    if len(items) >= MOST[kind]:
        raise ValueError(f"There is room for {MOST[kind]} of these. Take one away first.")
    item = new(kind)
    if kind == "objective":
        item["key_points"] = [new("point")]
    asked_all = holder.get("required") == len(items)
    items.append(item)
    if kind == "point" and asked_all:
        holder["required"] = len(items)
    return definition, item["id"]


def removed(definition: Definition, kind: str, item_id: str) -> tuple[Definition, Definition]:
    """Without the item, and the step that takes it back. Raises NoSuchItem."""
    definition = copy.deepcopy(definition)
    holder, items, index = _place(definition, kind, item_id)
    step = {"kind": kind, "index": index, "item": items.pop(index)}
    if kind == "point":
        step |= {"within": holder["id"], "required": holder.get("required")}
        if isinstance(holder.get("required"), int):
            holder["required"] = max(1, min(holder["required"], len(items)))
    return definition, step


def taken_back(definition: Definition, step: Definition) -> Definition:
    """With what `step` (of `removed`, or {"whole": ...}) took away, everything written since kept.

    Raises NoSuchItem when its objective is gone.
    """
    if "whole" in step:
        return copy.deepcopy(step["whole"])
    definition = copy.deepcopy(definition)
    if step["kind"] == "lines":
        point = find(definition, "point", step["item"]["id"])
        for name, gone in step["lines"].items():
            point[name] = list(dict.fromkeys([*(point.get(name) or ()), *gone]))
        return definition
    holder = find(definition, "objective", step["within"]) if step["kind"] == "point" else definition
    items = holder.setdefault(LISTS[step["kind"]], [])
    items.insert(min(step["index"], len(items)), copy.deepcopy(step["item"]))
    if step["kind"] == "point" and isinstance(step.get("required"), int):
        holder["required"] = min(step["required"], len(items))
    return definition


def moved(definition: Definition, kind: str, item_id: str, by: int) -> Definition:
    """With the item one place up (-1) or down (1), as far as there is one. Raises NoSuchItem."""
    definition = copy.deepcopy(definition)
    _, items, index = _place(definition, kind, item_id)
    items.insert(max(0, index + by), items.pop(index))
    return definition


def ways_on(definition: Mapping[str, Any], number: int) -> tuple[Definition, ...]:
    """The written objectives that may come after objective `number`, in order."""
    return tuple(each for each in definition["objectives"][number + 1 :] if not is_empty(each))


def _place(definition: Definition, kind: str, item_id: str) -> tuple[Definition, list[Definition], int]:
    holders = definition.get("objectives", []) if kind == "point" else [definition]
    for holder in holders:
        items = holder.get(LISTS[kind]) or []
        for index, item in enumerate(items):
            if item.get("id") == item_id:
                return holder, items, index
    raise NoSuchItem(f"This {kind} is no longer in the draft.")


# From draft to brief


def complete(definition: Mapping[str, Any], slug: str) -> Definition:
    """What is frozen: empty items dropped, defaults for what may be left open. It still has to be checked."""
    whole = filled(definition)
    whole["slug"] = slug
    for name, value in DEFAULTS.items():
        if whole[name] == "":
            whole[name] = value
    whole["summary"] = whole["summary"] or _first_sentence(whole["situation"])
    persona = whole["persona"]
    persona["id"] = (
        persona.get("id") or re.sub(r"[^a-z0-9]+", "-", str(persona["name"]).lower()).strip("-") or "persona"
    )
    for objective in whole["objectives"]:
        objective["key_points"] = [point for point in objective["key_points"] if not is_empty(point)]
    whole["objectives"] = [each for each in whole["objectives"] if each["key_points"] or not is_empty(each)]
    for number, objective in enumerate(whole["objectives"], start=1):
        alone = len(whole["objectives"]) == 1
        objective["name"] = objective["name"] or (whole["title"] if alone else f"Objective {number}")
        objective["criterion"] = objective["criterion"] or _criterion(objective)
        if isinstance(objective["required"], int) and objective["required"] > len(objective["key_points"]) > 0:
            objective["required"] = len(objective["key_points"])
    for name in ("guardrails", "facts"):
        whole[name] = [item for item in whole[name] if not is_empty(item)]
    return whole


def is_empty(item: Mapping[str, Any]) -> bool:
    """Whether nobody has written anything into it; what only has defaults is empty."""
    plain = ("id", "required", "if_met", "if_not_met", "confirmation", "action", "severity", "of_questions")
    return not any(value for name, value in item.items() if name not in plain and not _all_empty(value))


def _all_empty(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) and is_empty(entry) for entry in value)


def _criterion(objective: Definition) -> str:
    number, required = len(objective["key_points"]), objective["required"]
    if number == 1:
        return str(objective["key_points"][0]["text"])
    which = "all" if required == number else f"at least {required} of {number}"
    return f"The learner shows {which} key points."


def _first_sentence(text: str) -> str:
    found = re.match(r".{0,240}?[.!?](?=\s|$)", text.strip(), re.DOTALL)
    return found[0] if found else text.strip()[:240]
