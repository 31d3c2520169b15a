"""A tenant, a course and an attempt in it, made by the models themselves; every call makes new ones unless told."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts import journal, signals
from coachtool.attempts.models import (
    Attempt,
    AttemptEvent,
    Course,
    ObjectiveOutcome,
    Person,
    ResourceLink,
    Tenant,
)

_count = itertools.count(1)

DEFINITION: dict[str, Any] = {
    "slug": "late-report",
    "title": "A late report",
    "field": "management",
    "summary": "Tell an employee what happened and agree what changes.",
    "situation": "Robin's report was two days late.",
    "learner_role": "Robin's manager",
    "persona": {"id": "robin", "name": "Robin", "role": "analyst"},
    "opening": "You wanted to see me?",
    "objectives": [
        {
            "id": "specific",
            "name": "Say what happened",
            "criterion": "Names the report and how late it was.",
            "required": 1,
            "key_points": [
                {
                    "id": "what",
                    "text": "Names what was late and by how much.",
                    "met_by": ["The monthly report came in two days after the deadline."],
                    "not_met_by": ["You are always late with everything."],
                    "probe": "What exactly do you mean?",
                }
            ],
        },
        {
            "id": "agree",
            "name": "Agree a next step",
            "criterion": "Agrees what will be different, and when.",
            "required": 1,
            "key_points": [
                {
                    "id": "step",
                    "text": "Proposes a concrete next step with a date.",
                    "met_by": ["Let's look at your draft together every Thursday before it is due."],
                    "not_met_by": ["Just do better."],
                    "probe": "And what now?",
                }
            ],
        },
    ],
    "guardrails": [
        {
            "id": "scope",
            "name": "Pay and contracts",
            "rule": "Questions about pay or contracts go to a human.",
            "action": "escalate",
            "severity": "medium",
            "triggers": ["How much will this cut my bonus?", "Can we change your contract?"],
            "not_triggers": ["How is the workload?"],
            "reply": "That one I have passed on to somebody who can answer it.",
        }
    ],
    "closing_passed": "Thank you, that helps me.",
    "closing_not_passed": "All right. I am not sure what you expect of me.",
}


def tenant(issuer: str = "https://lms.example.edu") -> Tenant:
    return Tenant.objects.create(name="Example", issuer=issuer)


def course(of: Tenant | None = None, title: str = "Leading people") -> Course:
    return Course.objects.create(tenant=of or tenant(), lms_id=f"course-{next(_count)}", title=title)


def person(of: Tenant | None = None, name: str = "Ada Learner") -> Person:
    return Person.objects.create(tenant=of or tenant(), lms_id=f"sub-{next(_count)}", name=name)


def version(definition: dict[str, Any] | None = None) -> ActivityVersion:
    """A first version of a new activity; its slug is the definition's with a number, so that many fit side by side."""
    definition = dict(definition or DEFINITION)
    definition["slug"] = f"{definition['slug']}-{next(_count)}"
    activity = Activity.objects.create(slug=definition["slug"], title=definition["title"])
    return ActivityVersion.objects.create(activity=activity, number=1, definition=definition)


def resource_link(of: Course | None = None, activity: Activity | None = None) -> ResourceLink:
    of, activity = of or course(), activity or version().activity
    return ResourceLink.objects.create(
        course=of, lms_id=f"link-{next(_count)}", title=activity.title, activity=activity
    )


def attempt(
    *,
    link: ResourceLink | None = None,
    learner: Person | None = None,
    definition: dict[str, Any] | None = None,
    modality: str = "text",
    **fields: Any,
) -> Attempt:
    """A created attempt whose `launched` event is in its journal; nobody has taken it yet."""
    link = link or resource_link(activity=version(definition).activity)
    learner = learner or person(link.course.tenant)
    fields.setdefault("consent", {"microphone": modality == "voice", "camera": False, "ai_disclosure": "1"})
    with transaction.atomic():
        made = Attempt.objects.create(
            resource_link=link, learner=learner, version=link.activity.latest, modality=modality, **fields
        )
        journal.append(made.pk, "launched", {"modality": modality})
    return made


def say(of: Attempt, speaker: str, text: str, **data: Any) -> AttemptEvent:
    """A turn in the attempt's journal."""
    return journal.append(of.pk, "utterance", {"speaker": speaker, "text": text, "confidence": 1.0, **data})


def finished(
    of: Attempt,
    verdicts: dict[str, str],
    *,
    outcome: str,
    score: float,
    seq: int = 1,
    quote: str = "",
    minutes: float = 4.5,
) -> Attempt:
    """End an attempt with a judgement that is given, not made: its outcomes, then what follows from an end.

    `verdicts` is by objective id. Every met objective is shown by `quote` in utterance `seq`.
    """
    with transaction.atomic():
        Attempt.objects.select_for_update().get(pk=of.pk)
        journal.append(of.pk, "ended", {"reason": "done"})
        of.refresh_from_db()
        of.ended = timezone.now()
        of.started = of.ended - timedelta(minutes=minutes)
        of.state, of.end_reason, of.score, of.outcome = Attempt.State.FINISHED, "done", score, outcome
        of.evaluator = "given 1"
        of.save()
        for objective in of.brief.objectives:
            verdict = verdicts[objective.id]
            shown = [{"seq": seq, "quote": quote, "strength": 0.9}] if verdict == "met" else []
            point = objective.key_points[0].id
            ObjectiveOutcome.objects.create(
                attempt=of,
                objective=objective.id,
                verdict=verdict,
                points=1.0 if verdict == "met" else 0.0,
                key_points=[{"key_point": point, "verdict": verdict, "reason": "", "evidence": shown}],
            )
        signals.attempt_finished.send(Attempt, attempt=of)
    return of
