"""What an instructor authored, as frozen values: no Django, no I/O.

A `Brief` is built from the JSON kept on an `ActivityVersion`; an attempt is
pinned to the version it began with, so a brief never changes under a learner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

CLOSE = "close"
"""Instead of an objective's id: the conversation ends there."""


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
    mood: str = "neutral"


@dataclass(frozen=True)
class Phrases:
    """The persona's small reactions, in its own voice; one is taken in turn, so give each list a few.

    They are said between what the learner said and the persona's next prompt,
    so none may give an answer away. `back` leads back to the point after a
    question or a detour; `concrete_*` ask for the learner's own, definite words
    when what was said cannot be counted (unsure, asked back, reported, listed,
    badly heard). `gentle`, `own_words`, `encourage` and `slowly` answer how
    something was said, where the learner lets that be noticed: with many pauses, as
    if it were not so clear, with many pauses but rightly, in a rush. `again` and the
    `recall` lines greet somebody whom the persona remembers, in place of the
    activity's opening; {what} stands for an objective's name, or for the learner's
    own words. `who` is the honest line about being an AI.
    """

    greeting: tuple[str, ...] = ("Good to meet you too.",)
    heard: tuple[str, ...] = ("That's clear, thank you.", "Good, I heard that.", "Right, that matters.")
    neutral: tuple[str, ...] = ("Okay.", "I see.", "All right.")
    doubt: tuple[str, ...] = (
        "I'm not so sure about that.",
        "Hmm. Think that through again.",
        "I see that differently.",
    )
    figure: tuple[str, ...] = ("Hmm. Check that figure once more.",)
    stuck: tuple[str, ...] = ("That's all right.", "Take a second.", "No rush. Let me help.")
    concrete: tuple[str, ...] = ("Be a bit more concrete for me.", "Put that in your own words, start to finish.")
    concrete_unsure: tuple[str, ...] = ("You sound unsure. What would you really do?", "Commit to it. What do you do?")
    concrete_asked: tuple[str, ...] = ("You tell me. What do you think?", "I'd like to hear your own view on that.")
    concrete_reported: tuple[str, ...] = ("That's what others say. What do you say?",)
    concrete_listed: tuple[str, ...] = ("Give me a whole sentence. What do you do, and when?",)
    concrete_heard: tuple[str, ...] = ("I didn't catch all of that. Could you say it again?",)
    back: tuple[str, ...] = ("Now, back to my question.", "So, where were we.", "Let's pick up where we were.")
    aside: tuple[str, ...] = ("Let's keep to what we came for.", "That's another conversation.")
    unanswered: tuple[str, ...] = ("I don't have an approved answer to that.",)
    moving: tuple[str, ...] = ("Let's leave that for now.", "We'll come back to that.")
    practise: tuple[str, ...] = ("Let's go over one thing again.", "One more thing to practise.")
    gentle: tuple[str, ...] = ("No rush, one thought after another.", "Begin wherever you like, I'm listening.")
    own_words: tuple[str, ...] = (
        "You say that is clear, so let me hear it from you.",
        "Good, then walk me through it yourself.",
    )
    encourage: tuple[str, ...] = ("You can say it just like that.", "You had that, so trust it.")
    slowly: tuple[str, ...] = ("Slowly, one thing at a time.", "Let's slow down for a moment.")
    nudge: tuple[str, ...] = ("Take your time.", "Still with me? Let me help a little.")
    again: tuple[str, ...] = ("Good to see you again.",)
    recall: tuple[str, ...] = ("Good to see you again. Let's start where you got stuck last time: {what}.",)
    recall_passed: tuple[str, ...] = (
        "Good to see you again. Last time we met, you passed, and this took longest: {what}.",
    )
    recall_elsewhere: tuple[str, ...] = ("Good to see you again. Last time we met, this took longest: {what}.",)
    recall_promised: tuple[str, ...] = ("You promised something: {what}.",)
    who: str = ""
    farewell: str = "All right, we'll stop here."


@dataclass(frozen=True)
class KeyPoint:
    """One thing to be heard in the learner's own words.

    `met_by` and `not_met_by` are exemplars: sentences a learner might say that
    do and do not show it. `probe` is asked when it has not been heard yet, the
    `hints` one after another when the learner is stuck, `practise` when the
    conversation comes back to what was missed. `acknowledge` is what the
    persona says when it has been heard.
    """

    id: str
    text: str
    met_by: tuple[str, ...] = ()
    not_met_by: tuple[str, ...] = ()
    probe: str = ""
    hints: tuple[str, ...] = ()
    practise: str = ""
    acknowledge: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objective:
    """Met when `required` of its key points are met.

    `question` opens it; `acknowledge` is said when several of its key points are heard in one turn. `if_met` and
    `if_not_met` name the objective that comes next in that case, CLOSE for none; empty is the next in order.
    confirmation: `automatic`, or `person` where somebody has to agree before the verdict is final.
    """

    id: str
    name: str
    criterion: str
    key_points: tuple[KeyPoint, ...]
    required: int
    question: str = ""
    acknowledge: str = ""
    if_met: str = ""
    if_not_met: str = ""
    confirmation: str = "automatic"


@dataclass(frozen=True)
class Guardrail:
    """A line the conversation does not cross, and what is done at it.

    action: redirect, refuse, escalate or end. severity: low, medium or high.
    `triggers` and `not_triggers` are exemplars; `patterns` are regular
    expressions on the learner's words in lower case. With `of_questions` only
    a question or a request touches it, and only when no Fact answers it.
    """

    id: str
    name: str
    rule: str
    action: str
    severity: str = "medium"
    triggers: tuple[str, ...] = ()
    not_triggers: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    of_questions: bool = False
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
    """A whole activity as the conversation needs it.

    `pass_mark` is a share of the objectives' points, 0 to 1. `attempts` is how
    many graded attempts a learner has, 0 for as many as they like; `counts`
    says which of them the grade comes from: best, last or first. `memory` is how
    far the persona remembers a learner: `activity`, `persona` (in every activity
    of the tenant with the same persona) or `off`. `knowledge` are the ids of the
    collections that questions are answered from. `coach` is authored, or
    generative where the site has a language model.
    """

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
    closing_unclear: str = "Thank you. A person will look at parts of our talk before your result is final."
    guardrails: tuple[Guardrail, ...] = ()
    facts: tuple[Fact, ...] = ()
    tips: tuple[str, ...] = ()
    phrases: Phrases = Phrases()
    language: str = "en"
    pass_mark: float = 0.7
    minutes: int = 10
    max_score: int = 100
    attempts: int = 0
    counts: str = "best"
    memory: str = "activity"
    knowledge: tuple[str, ...] = ()
    coach: str = "authored"

    def objective(self, objective_id: str) -> Objective:
        return next(objective for objective in self.objectives if objective.id == objective_id)


def build(kind: type, data: Any, where: str = "activity", *, lenient: bool = False) -> Any:
    """A frozen value of dataclass `kind` from plain JSON `data`; raises BriefError naming the field.

    `lenient` passes over fields that this code no longer knows.
    """
    if not isinstance(data, dict):
        raise BriefError(f"{where}: expected a mapping, found {type(data).__name__}.")
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(data) - known)
    if unknown and not lenient:
        raise BriefError(f"{where}.{unknown[0]}: no such field; remove it or correct its name.")
    values = {}
    for name in known & set(data):
        hint, value, path = hints[name], data[name], f"{where}.{name}"
        if get_origin(hint) is tuple:
            item = get_args(hint)[0]
            if not isinstance(value, list | tuple):
                raise BriefError(f"{path}: expected a list.")
            values[name] = tuple(
                build(item, entry, f"{path}[{index}]", lenient=lenient) if is_dataclass(item) else str(entry)
                for index, entry in enumerate(value)
            )
        elif is_dataclass(hint):
            values[name] = build(hint, value, path, lenient=lenient)
        elif hint is bool and isinstance(value, bool):
            values[name] = value
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


def load(data: Any, *, lenient: bool = False) -> Brief:
    """A checked Brief from an authored mapping; raises BriefError.

    A version that was frozen by an earlier release is read with `lenient`.
    """
    brief = build(Brief, data, lenient=lenient)
    if not brief.objectives:
        raise BriefError("activity.objectives: add at least one objective.")
    for index, objective in enumerate(brief.objectives):
        if not 1 <= objective.required <= len(objective.key_points):
            raise BriefError(
                f"activity.objectives[{index}].required: must be between 1 and the number of key points "
                f"({len(objective.key_points)})."
            )
        if objective.confirmation not in ("automatic", "person"):
            raise BriefError(f"activity.objectives[{index}].confirmation: use automatic or person.")
        for name in ("if_met", "if_not_met"):
            after = getattr(objective, name)
            if after not in ("", CLOSE, *(other.id for other in brief.objectives[index + 1 :])):
                raise BriefError(
                    f"activity.objectives[{index}].{name}: use the id of a later objective, close, or leave it empty."
                )
    for index, guardrail in enumerate(brief.guardrails):
        if guardrail.action not in ("redirect", "refuse", "escalate", "end"):
            raise BriefError(f"activity.guardrails[{index}].action: use redirect, refuse, escalate or end.")
        for pattern in guardrail.patterns:
            try:
                re.compile(pattern)
            except re.error as wrong:
                raise BriefError(
                    f"activity.guardrails[{index}].patterns: {pattern!r} cannot be read ({wrong})."
                ) from None
    ids = [point.id for objective in brief.objectives for point in objective.key_points]
    if len(ids) != len(set(ids)):
        raise BriefError("activity.objectives: every key point needs an id of its own.")
    if brief.persona.mood not in ("neutral", "encouraging", "concerned", "firm", "doubtful"):
        raise BriefError("activity.persona.mood: use neutral, encouraging, concerned, firm or doubtful.")
    for name in (entry.name for entry in fields(Phrases)):
        if name not in ("who", "farewell") and not getattr(brief.phrases, name):
            raise BriefError(f"activity.phrases.{name}: give at least one phrase, or leave the field out.")
    if not 0 < brief.pass_mark <= 1:
        raise BriefError("activity.pass_mark: a share between 0 and 1, such as 0.7.")
    if brief.attempts < 0:
        raise BriefError("activity.attempts: a number of attempts, or 0 for as many as they like.")
    if brief.counts not in ("best", "last", "first"):
        raise BriefError("activity.counts: use best, last or first.")
    if brief.memory not in ("off", "activity", "persona"):
        raise BriefError("activity.memory: use off, activity or persona.")
    if brief.coach not in ("authored", "generative"):
        raise BriefError("activity.coach: use authored or generative.")
    if brief.max_score < 1 or brief.minutes < 1:
        raise BriefError("activity.max_score and activity.minutes: at least 1.")
    return brief
