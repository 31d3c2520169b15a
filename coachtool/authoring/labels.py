"""What the fields and the choices are called, wherever an author meets them."""

from __future__ import annotations

from collections.abc import Mapping

from coachtool.activities.brief import CLOSE

FIELDS = {
    "title": "Title",
    "field": "Field",
    "summary": "Summary",
    "situation": "Situation",
    "learner_role": "The learner’s role",
    "opening": "Opening line",
    "tips": "Tips before the conversation",
    "persona.name": "Name",
    "persona.role": "Role",
    "persona.face": "Face",
    "persona.voice": "Voice",
    "persona.manner": "Manner",
    "persona.mood": "Mood",
    "memory": "What is remembered of a learner",
    "coach": "Where the replies come from",
    "knowledge": "Documents",
    "closing_passed": "When it went well",
    "closing_not_passed": "When it did not go well yet",
    "closing_unclear": "When a person has to look at it",
    "minutes": "Minutes",
    "pass_mark": "Pass mark",
    "max_score": "Points",
    "attempts": "Attempts that count",
    "counts": "Which attempt counts",
    "objective.name": "Name",
    "objective.criterion": "Criterion",
    "objective.required": "Key points needed",
    "objective.question": "Question that opens it",
    "objective.acknowledge": "When several are heard at once",
    "objective.if_met": "When it is met, next comes",
    "objective.if_not_met": "When it is not met, next comes",
    "objective.confirmation": "Who confirms the verdict",
    "point.text": "Key point",
    "point.met_by": "Would show it",
    "point.not_met_by": "Would not show it",
    "point.probe": "Asks for it",
    "point.hints": "Hints",
    "point.practise": "Practises it again",
    "point.acknowledge": "When it was heard",
    "guardrail.name": "Name",
    "guardrail.rule": "Rule",
    "guardrail.action": "What happens",
    "guardrail.severity": "Severity",
    "guardrail.triggers": "Touches it",
    "guardrail.not_triggers": "Does not touch it",
    "guardrail.reply": "What the persona replies",
    "guardrail.of_questions": "Only questions touch it",
    "guardrail.patterns": "Patterns",
    "fact.asked_by": "Asked how",
    "fact.answer": "Answer",
    "fact.source": "Source",
}

PHRASES = {
    "greeting": "The learner says hello",
    "heard": "A key point was heard",
    "neutral": "Something was said, and there is more to hear",
    "doubt": "That was not right",
    "figure": "The figure was not right",
    "stuck": "The learner does not know",
    "concrete": "It was not definite enough",
    "concrete_unsure": "It sounded like a guess",
    "concrete_asked": "It was asked back",
    "concrete_reported": "It is what others say",
    "concrete_listed": "It was only a list",
    "concrete_heard": "It was not heard well",
    "back": "Back to the question",
    "aside": "Another subject",
    "unanswered": "A question without an approved answer",
    "moving": "Leaving a point for now",
    "practise": "Before practice at the end",
    "gentle": "The learner hesitates",
    "own_words": "“It’s clear”, said hesitantly",
    "encourage": "Rightly said, with many pauses",
    "slowly": "The learner hurries",
    "nudge": "The learner is silent",
    "again": "Meeting again",
    "recall": "Meeting again, after getting stuck",
    "recall_passed": "Meeting again, after a pass",
    "recall_elsewhere": "Meeting again, from another activity",
    "recall_promised": "What the learner promised last time",
    "farewell": "The learner wants to stop",
}
"""When the persona says each of its small phrases. The honest line about being an AI is not the author's to change."""
FIELDS |= {f"phrases.{name}": when for name, when in PHRASES.items()}

ITEMS = {"objective": "Objective", "point": "Key point", "guardrail": "Limit", "fact": "Fact"}

SECTIONS = {
    "persona": "Persona",
    "situation": "Situation",
    "objectives": "What should be heard",
    "guardrails": "Limits",
    "knowledge": "Knowledge",
    "closing": "Closing lines",
    "settings": "Title and grading",
}

FACES = (("ruth", "Ruth"), ("maya", "Maya"), ("daniel", "Daniel"), ("samuel", "Samuel"))
VOICES = (
    ("hibari", "A woman, US English"),
    ("hibari-alto", "A woman with a lower voice, US English"),
    ("hibari-tenor", "A man, US English"),
    ("hibari-bass", "A man with a deeper voice, US English"),
)
VOICE_OF = {"ruth": "hibari-alto", "maya": "hibari", "daniel": "hibari-bass", "samuel": "hibari-tenor"}
"""The voice that a face begins with."""
MOODS = (
    ("neutral", "Neutral"),
    ("encouraging", "Encouraging"),
    ("concerned", "Concerned"),
    ("firm", "Firm"),
    ("doubtful", "Doubtful"),
)
COUNTS = (("best", "The best"), ("last", "The last"), ("first", "The first"))
ACTIONS = (
    ("redirect", "Redirect", "The persona leads back to the subject; the conversation goes on."),
    ("refuse", "Refuse", "The persona says that it will not go into this; the conversation goes on."),
    (
        "escalate",
        "Escalate",
        "The question goes to this course’s reviewers. The learner finds the answer at the next launch.",
    ),
    ("end", "End", "The persona ends the conversation; what was said until then is scored."),
)
SEVERITIES = (("low", "Low"), ("medium", "Medium"), ("high", "High"))

MEMORIES = (
    ("activity", "This activity", "The next attempt here begins with what was left open in the last one."),
    ("persona", "Every activity with this persona", "They remember the learner wherever they meet again."),
    ("off", "Nothing", "Every conversation begins as if it were the first."),
)
COACHES = (
    ("authored", "Your words", "Every sentence is one that you wrote or took over."),
    (
        "generative",
        "A language model",
        "It words the replies within your facts, documents and limits. The scoring stays the same, and when the model "
        "does not answer, your words take over.",
    ),
)
CONFIRMATIONS = (("automatic", "Nobody: it counts at once"), ("person", "A person: it is open until somebody agrees"))
IN_ORDER = "The next in order"
ENDS = "Nothing: the conversation ends"

_CHOSEN = {
    "memory": {value: name for value, name, _ in MEMORIES},
    "coach": {value: name for value, name, _ in COACHES},
    "objective.if_met": {"": IN_ORDER, CLOSE: ENDS},
    "objective.if_not_met": {"": IN_ORDER, CLOSE: ENDS},
    "objective.confirmation": dict(CONFIRMATIONS),
    "persona.face": dict(FACES),
    "persona.voice": dict(VOICES),
    "persona.mood": dict(MOODS),
    "counts": dict(COUNTS),
    "guardrail.action": {value: name for value, name, _ in ACTIONS},
    "guardrail.severity": dict(SEVERITIES),
}


def shown(name: str, value: object, names: Mapping[str, str] | None = None) -> str:
    """A field's value as an author reads it; what is named by its id (an objective, a collection) by its name."""
    if names and value in names:
        return names[value]
    if name == "pass_mark" and isinstance(value, int | float):
        return f"{value * 100:.4g} percent"
    if name == "attempts" and value == 0:
        return "As many as they like"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(_CHOSEN.get(name, {}).get(value, value))


def objectives(definition: Mapping) -> dict[str, str]:
    """What each objective of a filled definition is called, by its id."""
    return {
        each["id"]: each["name"] or f"Objective {number}" for number, each in enumerate(definition["objectives"], 1)
    }
