"""From what an attempt's record says to the statements about it.

Personal data is kept out: the learner is an account at the LMS, evidence is the
utterances' numbers and the hashes of the quotes, never the words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings

from coachtool.attempts.models import Attempt, AttemptEvent, ObjectiveOutcome
from coachtool.records import vocabulary as v
from coachtool.records.xapi import Activity, Agent, Context, Result, Score, Statement, Verb

_NAMESPACE = uuid5(NAMESPACE_URL, f"{v.PROFILE}/statements")


def statement_id(attempt_id: UUID, event: str) -> UUID:
    """The id of the statement about one event of one attempt: the same at every call."""
    return uuid5(_NAMESPACE, f"{attempt_id}/{event}")


def of_event(attempt: Attempt, event: AttemptEvent) -> Statement | None:
    """The statement about a journal event; None for events that no statement is made of."""
    match event.kind:
        case "launched":
            return _opening(attempt, event, v.LAUNCHED)
        case "initialized":
            return _opening(attempt, event, v.INITIALIZED)
        case "guardrail":
            # What the persona was kept from saying is not the learner's.
            return _guardrail(attempt, event) if not event.by_persona else None
        case "escalated":
            return _escalated(attempt, event)
    return None


def of_end(attempt: Attempt) -> list[Statement]:
    """The statements about a finished attempt, in order; `terminated` is the last.

    They all come from one judgement at one moment. Each is dated a millisecond
    after the one before, so that a reader who sorts by timestamp keeps the order.
    """
    return [
        replace(statement, timestamp=statement.timestamp + timedelta(milliseconds=step))
        for step, statement in enumerate(_end(attempt))
    ]


def _end(attempt: Attempt) -> Iterator[Statement]:
    outcomes = {outcome.objective: outcome for outcome in attempt.outcomes.all()}
    judged = [outcomes[objective.id] for objective in attempt.brief.objectives if objective.id in outcomes]
    for outcome in judged:
        if outcome.verdict != ObjectiveOutcome.Verdict.UNCLEAR:
            yield _objective(attempt, outcome)
    unclear = [outcome for outcome in judged if outcome.verdict == ObjectiveOutcome.Verdict.UNCLEAR]
    yield _about_scenario(attempt, v.SCORED, Result(score=score(attempt), extensions=_scored(attempt, unclear)))
    length = attempt.ended - attempt.started
    reason = {v.END_REASON: attempt.end_reason}
    yield _about_scenario(attempt, v.COMPLETED, Result(completion=True, duration=length, extensions=reason))
    match attempt.outcome:
        case Attempt.Outcome.PASSED:
            yield _about_scenario(attempt, v.PASSED, Result(score(attempt), success=True, duration=length))
        case Attempt.Outcome.FAILED:
            yield _about_scenario(attempt, v.FAILED, Result(score(attempt), success=False, duration=length))
    yield _about_scenario(attempt, v.TERMINATED, Result(duration=length, extensions=reason))


def scenario(attempt: Attempt) -> Activity:
    """The activity that was practised. Its IRI is this deployment's; the version is the context's revision."""
    brief = attempt.brief
    return Activity(_iri("activities", attempt.version.activity.slug), v.SIMULATION, brief.title, brief.language)


def learner(attempt: Attempt) -> Agent:
    """The learner by the LMS's own identifier; one whom no launch identified by the tool's pseudonym for them."""
    person = attempt.learner
    return Agent(settings.URL if person.is_anonymous else person.tenant.issuer, person.lms_id)


def score(attempt: Attempt) -> Score:
    """The judge's score, as a share and in the activity's points."""
    most = attempt.brief.max_score
    return Score(attempt.score, raw=round(attempt.score * most, 2), min=0, max=most)


def _opening(attempt: Attempt, event: AttemptEvent, verb: Verb) -> Statement:
    consent = event.data.get("consent") or attempt.consent
    disclosure = consent.get("ai_disclosure")
    extensions = {
        v.MODALITY: event.data.get("modality", attempt.modality),
        v.CONSENT: {device: bool(consent.get(device)) for device in ("microphone", "camera")},
        v.AI_DISCLOSURE: {"acknowledged": bool(disclosure), "version": str(disclosure or "")},
        v.GRADED: attempt.graded,
    }
    return _statement(attempt, event.kind, event.at, verb, scenario(attempt), extensions=extensions)


def _guardrail(attempt: Attempt, event: AttemptEvent) -> Statement:
    data = event.data
    quotes = [{"utterance": data["seq"], "sha256": _sha256(data["quote"])}]
    extensions = {
        v.SEVERITY: data["severity"],
        v.ACTION: data["action"],
        v.EVIDENCE: {"quotes": quotes, "rubric": _rubric(attempt)},
    }
    crossed = _guardrail_activity(attempt, data["guardrail"])
    key = f"guardrail/{event.seq}"
    return _statement(attempt, key, event.at, v.TRIGGERED, crossed, result=Result(extensions=extensions))


def _escalated(attempt: Attempt, event: AttemptEvent) -> Statement:
    crossed = _guardrail_activity(attempt, event.data["guardrail"])
    link = attempt.resource_link
    reviewers = Agent(settings.URL, f"reviewers-of-resource-link-{link.pk}", group=True)
    made = _statement(
        attempt,
        f"escalated/{event.seq}",
        event.at,
        v.ESCALATED,
        crossed,
        instructor=reviewers,
        extensions={v.ESCALATION: str(event.data["escalation"])},
    )
    return replace(made, actor=Agent(settings.URL, "coachtool"))


def _objective(attempt: Attempt, outcome: ObjectiveOutcome) -> Statement:
    met = outcome.verdict == ObjectiveOutcome.Verdict.MET
    result = Result(Score(outcome.points), success=met, extensions={v.EVIDENCE: evidence(attempt, outcome)})
    return _statement(
        attempt,
        f"objective/{outcome.objective}",
        attempt.ended,
        v.ACHIEVED if met else v.FAILED,
        _objective_activity(attempt, outcome.objective),
        result=result,
    )


def evidence(attempt: Attempt, outcome: ObjectiveOutcome) -> dict[str, Any]:
    """What an objective's judgement rests on: utterance numbers and hashes of the quotes, rubric, evaluator."""
    quotes = [
        {"key_point": point["key_point"], "utterance": shown["seq"], "sha256": _sha256(shown["quote"])}
        for point in outcome.key_points
        for shown in point.get("evidence", ())
    ]
    return {"quotes": quotes, "rubric": _rubric(attempt), "evaluator": attempt.evaluator}


def _scored(attempt: Attempt, unclear: list[ObjectiveOutcome]) -> dict[str, Any]:
    extensions: dict[str, Any] = {v.EVIDENCE: {"rubric": _rubric(attempt), "evaluator": attempt.evaluator}}
    if unclear:
        extensions[v.UNCLEAR] = [
            {"objective": _objective_activity(attempt, outcome.objective).id, "evidence": evidence(attempt, outcome)}
            for outcome in unclear
        ]
    return extensions


def _about_scenario(attempt: Attempt, verb: Verb, result: Result) -> Statement:
    return _statement(attempt, verb.display, attempt.ended, verb, scenario(attempt), result=result)


def _statement(
    attempt: Attempt,
    key: str,
    at: datetime,
    verb: Verb,
    about: Activity,
    *,
    result: Result | None = None,
    instructor: Agent | None = None,
    extensions: dict[str, Any] | None = None,
) -> Statement:
    whole = scenario(attempt)
    context = Context(
        registration=attempt.id,
        platform="coachtool",
        revision=str(attempt.version.number),
        language=attempt.brief.language,
        grouping=_grouping(attempt),
        category=v.CATEGORY,
        # An activity is not its own parent: readers that build a tree would never leave it.
        parent=() if about.id == whole.id else (whole,),
        instructor=instructor,
        extensions=extensions or {},
    )
    return Statement(statement_id(attempt.id, key), learner(attempt), verb, about, at, context, result)


def _grouping(attempt: Attempt) -> tuple[Activity, Activity]:
    link = attempt.resource_link
    course = link.course
    tenant = str(course.tenant_id)
    return (
        Activity(_iri("courses", tenant, course.lms_id), v.COURSE, course.title),
        Activity(_iri("courses", tenant, course.lms_id, "links", link.lms_id), v.RESOURCE_LINK, link.title),
    )


def _objective_activity(attempt: Attempt, objective_id: str) -> Activity:
    brief = attempt.brief
    name = next((objective.name for objective in brief.objectives if objective.id == objective_id), "")
    iri = _iri("activities", attempt.version.activity.slug, "objectives", objective_id)
    return Activity(iri, v.OBJECTIVE, name, brief.language)


def _guardrail_activity(attempt: Attempt, guardrail_id: str) -> Activity:
    brief = attempt.brief
    name = next((guardrail.name for guardrail in brief.guardrails if guardrail.id == guardrail_id), "")
    iri = _iri("activities", attempt.version.activity.slug, "guardrails", guardrail_id)
    return Activity(iri, v.GUARDRAIL, name, brief.language)


def _rubric(attempt: Attempt) -> str:
    return f"{attempt.version.activity.slug} v{attempt.version.number}"


def _iri(*parts: str) -> str:
    return "/".join([f"{settings.URL}/xapi", *(quote(part, safe="") for part in parts)])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
