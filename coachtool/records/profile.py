"""Our xAPI profile as JSON-LD (xAPI Profiles 1.0): the terms that no published profile has, and how we use them."""

from __future__ import annotations

import json
from typing import Any

from coachtool.records import vocabulary as v
from coachtool.records.xapi import Verb

_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_QUOTE = {
    "type": "object",
    "required": ["utterance", "sha256"],
    "properties": {"key_point": {"type": "string"}, "utterance": {"type": "integer"}, "sha256": _SHA256},
}
_EVIDENCE = {
    "type": "object",
    "required": ["rubric"],
    "properties": {
        "quotes": {"type": "array", "items": _QUOTE},
        "rubric": {"type": "string"},
        "evaluator": {"type": "string"},
    },
}
_CONSENT = {
    "type": "object",
    "required": ["microphone", "camera"],
    "properties": {"microphone": {"type": "boolean"}, "camera": {"type": "boolean"}},
}
_DISCLOSURE = {
    "type": "object",
    "required": ["acknowledged", "version"],
    "properties": {"acknowledged": {"type": "boolean"}, "version": {"type": "string"}},
}
_UNCLEAR = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["objective", "evidence"],
        "properties": {"objective": {"type": "string", "format": "iri"}, "evidence": _EVIDENCE},
    },
}


def _concept(iri: str, kind: str, label: str, definition: str, **more: Any) -> dict[str, Any]:
    return {
        "id": iri,
        "type": kind,
        "inScheme": v.PROFILE_VERSION,
        "prefLabel": {"en": label},
        "definition": {"en": definition},
        **more,
    }


def _extension(iri: str, kind: str, label: str, definition: str, schema: dict[str, Any], verbs: list[Verb]) -> dict:
    return _concept(
        iri,
        f"{kind}Extension",
        label,
        definition,
        recommendedVerbs=[verb.id for verb in verbs],
        inlineSchema=json.dumps(schema, sort_keys=True),
    )


def _template(name: str, label: str, definition: str, verb: Verb, activity: str, *included: str) -> dict[str, Any]:
    rules = [
        {"location": "$.context.registration", "presence": "included"},
        {"location": "$.context.contextActivities.category[*].id", "presence": "included", "any": [v.PROFILE_VERSION]},
        *({"location": location, "presence": "included"} for location in included),
    ]
    return _concept(
        f"{v.PROFILE}/templates/{name}",
        "StatementTemplate",
        label,
        definition,
        verb=verb.id,
        objectActivityType=activity,
        rules=rules,
    )


_OPENING = [v.LAUNCHED, v.INITIALIZED]
_JUDGED = [v.ACHIEVED, v.FAILED, v.SCORED, v.TRIGGERED]
_CHOICE = {"type": "string"}

_CONCEPTS = [
    _concept(
        v.TRIGGERED.id,
        "Verb",
        "triggered guardrail",
        "The actor said something that a guardrail of the activity is there for, and the activity acted on it.",
    ),
    _concept(
        v.ESCALATED.id,
        "Verb",
        "escalated",
        "The actor, a tool, put a learner's question before human reviewers, who are the context's instructor.",
    ),
    _concept(
        v.GUARDRAIL,
        "ActivityType",
        "guardrail",
        "A line that a practice conversation does not cross, and what is done at it.",
    ),
    _concept(v.RESOURCE_LINK, "ActivityType", "resource link", "An activity placed in a course, as LTI 1.3 names it."),
    _extension(
        v.MODALITY,
        "Context",
        "modality",
        "How the learner takes part: voice or text.",
        {"enum": ["voice", "text"]},
        _OPENING,
    ),
    _extension(
        v.CONSENT,
        "Context",
        "consent",
        "Which devices the learner agreed to, before the conversation began.",
        _CONSENT,
        _OPENING,
    ),
    _extension(
        v.AI_DISCLOSURE,
        "Context",
        "AI disclosure",
        "That the learner was told that the persona is an AI and acknowledged it, and in which wording.",
        _DISCLOSURE,
        _OPENING,
    ),
    _extension(
        v.GRADED,
        "Context",
        "graded",
        "Whether the attempt counts for a grade; a try-out does not.",
        {"type": "boolean"},
        _OPENING,
    ),
    _extension(
        v.ESCALATION,
        "Context",
        "escalation",
        "The tool's own number of the question that was put before reviewers.",
        _CHOICE,
        [v.ESCALATED],
    ),
    _extension(
        v.EVIDENCE,
        "Result",
        "evidence",
        "What a judgement rests on: the numbers of the learner's utterances, SHA-256 of each quote (UTF-8), the "
        "rubric with its version, and the evaluator with its version. Never the words themselves.",
        _EVIDENCE,
        _JUDGED,
    ),
    _extension(
        v.UNCLEAR,
        "Result",
        "unclear",
        "Objectives that could not be decided from what was said: neither achieved nor failed, left to a human.",
        _UNCLEAR,
        [v.SCORED],
    ),
    _extension(
        v.SEVERITY,
        "Result",
        "severity",
        "How grave it is: low, medium or high.",
        {"enum": ["low", "medium", "high"]},
        [v.TRIGGERED],
    ),
    _extension(
        v.ACTION,
        "Result",
        "action",
        "What the conversation did: redirect, refuse, escalate or end.",
        {"enum": ["redirect", "refuse", "escalate", "end"]},
        [v.TRIGGERED],
    ),
    _extension(
        v.END_REASON,
        "Result",
        "end reason",
        "Why the attempt ended, such as done, left or timeout.",
        _CHOICE,
        [v.COMPLETED, v.TERMINATED],
    ),
]

_TEMPLATES = [
    _template(
        "triggered-guardrail",
        "guardrail triggered",
        "The learner touched a guardrail.",
        v.TRIGGERED,
        v.GUARDRAIL,
        *(f"$.result.extensions['{iri}']" for iri in (v.SEVERITY, v.ACTION, v.EVIDENCE)),
    ),
    _template(
        "escalated",
        "question escalated",
        "The tool put a question before human reviewers.",
        v.ESCALATED,
        v.GUARDRAIL,
        "$.context.instructor",
        f"$.context.extensions['{v.ESCALATION}']",
    ),
    _template(
        "objective-achieved",
        "objective met",
        "Enough of the objective's key points were heard.",
        v.ACHIEVED,
        v.OBJECTIVE,
        "$.result.success",
        f"$.result.extensions['{v.EVIDENCE}']",
    ),
    _template(
        "objective-failed",
        "objective not met",
        "Too few of the objective's key points were heard.",
        v.FAILED,
        v.OBJECTIVE,
        "$.result.success",
        f"$.result.extensions['{v.EVIDENCE}']",
    ),
]

DOCUMENT: dict[str, Any] = {
    "@context": "https://w3id.org/xapi/profiles/context",
    "id": v.PROFILE,
    "type": "Profile",
    "conformsTo": "https://w3id.org/xapi/profiles#1.0",
    "prefLabel": {"en": "Coached conversations"},
    "definition": {
        "en": "Statements about a practice conversation with an AI persona: what guardrails it touched, what was put "
        "before a human, and on which evidence each objective was judged."
    },
    "author": {"type": "Organization", "name": "coachtool"},
    "versions": [{"id": v.PROFILE_VERSION, "generatedAtTime": "2026-11-22T00:00:00Z"}],
    "concepts": _CONCEPTS,
    "templates": _TEMPLATES,
}
