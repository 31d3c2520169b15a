"""What keeps a draft from being a brief: each fault at its field, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coachtool.activities import brief
from coachtool.authoring import outline
from coachtool.authoring.offer import NOTHING, Offer


@dataclass(frozen=True)
class Fault:
    """`path` names the field as the form does: `objectives.0.key_points.1.text`.

    `missing`: nothing is wrong yet, it has only not been written.
    """

    path: str
    message: str
    missing: bool = False

    @property
    def section(self) -> str:
        return section_of(self.path)


_SECTIONS = {
    "persona": "persona",
    "memory": "persona",
    "coach": "persona",
    "phrases": "persona",
    "situation": "situation",
    "learner_role": "situation",
    "opening": "situation",
    "tips": "situation",
    "objectives": "objectives",
    "guardrails": "guardrails",
    "facts": "knowledge",
    "knowledge": "knowledge",
    "closing_passed": "closing",
    "closing_not_passed": "closing",
    "closing_unclear": "closing",
}


def section_of(path: str) -> str:
    """The section of the editor that shows the field."""
    return _SECTIONS.get(path.split(".")[0], "settings")


def of(definition: Mapping[str, Any], offer: Offer = NOTHING) -> tuple[Fault, ...]:
    """Every fault, in the order of the editor; none when the draft can be tried and published with what is offered."""
    draft = outline.filled(definition)
    found = [*_people(draft), *_coach(draft, offer), *_objectives(draft), *_guardrails(draft)]
    found += [*_facts(draft), *_documents(draft, offer), *_settings(draft)]
    if not found:
        found = _brief(definition)
    return tuple(found)


def _people(draft: Mapping[str, Any]) -> list[Fault]:
    asked = (
        ("persona.name", draft["persona"]["name"], "Give the persona a name; the learner meets them by it."),
        ("persona.role", draft["persona"]["role"], "Say who they are, such as “claims team lead”."),
        ("situation", draft["situation"], "Describe the situation; the learner reads it before the conversation."),
        ("opening", draft["opening"], "Write the first thing that the persona says."),
    )
    return [Fault(path, message, True) for path, value, message in asked if not str(value).strip()]


def _coach(draft: Mapping[str, Any], offer: Offer) -> list[Fault]:
    if draft["coach"] != "generative" or offer.generative:
        return []
    return [Fault("coach", "This site has no language model. Choose your words instead.")]


def _documents(draft: Mapping[str, Any], offer: Offer) -> list[Fault]:
    if all(chosen in offer.names for chosen in draft["knowledge"]):
        return []
    return [Fault("knowledge", "A chosen collection is not there for this course. Leave it out or choose another.")]


def _objectives(draft: Mapping[str, Any]) -> list[Fault]:
    found = []
    written = [each for each in draft["objectives"] if not outline.is_empty(each)]
    if not written:
        return [Fault(_first_point(draft), "Write at least one key point: something to be heard.", True)]
    for number, objective in enumerate(draft["objectives"]):
        if outline.is_empty(objective):
            continue
        path = f"objectives.{number}"
        count = sum(not outline.is_empty(point) for point in objective["key_points"])
        if not count:
            place = f"{path}.key_points.0.text" if objective["key_points"] else f"{path}.name"
            found.append(
                Fault(place, "Write at least one key point for this objective, or remove the objective.", True)
            )
        for index, point in enumerate(objective["key_points"]):
            if not outline.is_empty(point) and not str(point["text"]).strip():
                found.append(
                    Fault(f"{path}.key_points.{index}.text", "Say what is to be heard, in one sentence.", True)
                )
        required = objective["required"]
        if not isinstance(required, int) or required < 1:
            found.append(Fault(f"{path}.required", f"Choose how many key points are needed, from 1 to {count or 1}."))
        later = {"", brief.CLOSE, *(each["id"] for each in outline.ways_on(draft, number))}
        for name in ("if_met", "if_not_met"):
            if objective[name] not in later:
                found.append(
                    Fault(f"{path}.{name}", "What was chosen here does not come later any more. Choose again.")
                )
    return found


def _first_point(draft: Mapping[str, Any]) -> str:
    if draft["objectives"] and draft["objectives"][0]["key_points"]:
        return "objectives.0.key_points.0.text"
    return "objectives"


def _guardrails(draft: Mapping[str, Any]) -> list[Fault]:
    found = []
    for number, guardrail in enumerate(draft["guardrails"]):
        if outline.is_empty(guardrail):
            continue
        if not str(guardrail["name"]).strip():
            found.append(Fault(f"guardrails.{number}.name", "Give this limit a name; the report shows it.", True))
        if not str(guardrail["rule"]).strip():
            found.append(Fault(f"guardrails.{number}.rule", "Say what must not happen, in one sentence.", True))
        for pattern in guardrail.get("patterns") or ():
            try:
                re.compile(pattern)
            except re.error as wrong:
                message = f"“{pattern}” is not a regular expression that can be read ({wrong}). Correct or remove it."
                found.append(Fault(f"guardrails.{number}.patterns", message))
    return found


def _facts(draft: Mapping[str, Any]) -> list[Fault]:
    found = []
    for number, fact in enumerate(draft["facts"]):
        if outline.is_empty(fact):
            continue
        if not fact["asked_by"]:
            found.append(Fault(f"facts.{number}.asked_by", "Write at least one way to ask for it.", True))
        if not str(fact["answer"]).strip():
            found.append(Fault(f"facts.{number}.answer", "Write what the persona answers.", True))
    return found


def _settings(draft: Mapping[str, Any]) -> list[Fault]:
    found = []
    if not str(draft["title"]).strip():
        found.append(Fault("title", "Give the activity a title; learners see it in the course.", True))
    numbers = (
        ("minutes", 1, 60, "Minutes: a whole number from 1 to 60."),
        ("max_score", 1, 1000, "Points: a whole number from 1 to 1,000."),
        ("attempts", 0, 50, "Attempts: a whole number up to 50, or 0 for as many as they like."),
    )
    for path, least, most, message in numbers:
        value = draft[path]
        if value != "" and not (isinstance(value, int) and least <= value <= most):
            found.append(Fault(path, message))
    mark = draft["pass_mark"]
    if mark != "" and not (isinstance(mark, int | float) and 0 < mark <= 1):
        found.append(Fault("pass_mark", "Pass mark: a number from 1 to 100 percent."))
    return found


def _brief(definition: Mapping[str, Any]) -> list[Fault]:
    """What the brief itself refuses, mapped from its own path."""
    try:
        brief.load(outline.complete(definition, "draft"))
    except brief.BriefError as wrong:
        where, _, message = str(wrong).partition(": ")
        path = re.sub(r"\[(\d+)\]", r".\1", where.split(" ")[0]).removeprefix("activity").lstrip(".") or "title"
        return [Fault(path, message[:1].upper() + message[1:])]
    return []
