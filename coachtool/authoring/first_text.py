"""From a few lines to a first whole activity: the guided form's answers, filled up by suggestions."""

from __future__ import annotations

from dataclasses import dataclass

from coachtool.authoring import labels, outline, suggest
from coachtool.authoring.outline import Definition


@dataclass(frozen=True)
class Answers:
    """What the guided form asks: `heard` is one key point a line."""

    title: str
    name: str
    role: str
    face: str
    situation: str
    learner_role: str
    opening: str
    heard: tuple[str, ...]


def write(answers: Answers) -> tuple[Definition, dict[str, list[str]]]:
    """A draft that can be tried at once, and the sentences in it that were suggested, by key point id."""
    draft = outline.blank()
    draft |= {"title": answers.title, "situation": answers.situation, "learner_role": answers.learner_role}
    draft["opening"] = answers.opening or f"Hello, I'm {answers.name}. You wanted to talk to me?"
    voice = labels.VOICE_OF.get(answers.face, "hibari")
    draft["persona"] |= {"name": answers.name, "role": answers.role, "face": answers.face, "voice": voice}
    objective = {**outline.new("objective"), "name": answers.title}
    suggested = {}
    for index, text in enumerate(answers.heard):
        point = outline.new("point") | {"text": text}
        made = suggest.exemplars(point, name=answers.name, role=answers.role)
        point |= {"met_by": list(made.met_by), "not_met_by": list(made.not_met_by)}
        point["probe"] = suggest.PROBES[index % len(suggest.PROBES)]
        if made.met_by or made.not_met_by:
            suggested[point["id"]] = [*made.met_by, *made.not_met_by]
        objective["key_points"].append(point)
    count = len(objective["key_points"])
    objective["required"] = count - 1 if count > 2 else count
    draft["objectives"] = [objective]
    draft["minutes"] = max(5, min(20, 3 + 2 * count))
    return draft, suggested
