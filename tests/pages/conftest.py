"""A course with two learners, an instructor and a finished attempt; and clients with a visit of each kind."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts import access, journal
from coachtool.attempts.models import Attempt, Course, ObjectiveOutcome, Person, ResourceLink, Tenant
from coachtool.coaching.types import Trigger

DEFINITION = {
    "slug": "claims",
    "title": "When to hand over a claim",
    "field": "Insurance",
    "summary": "Know when to stop.",
    "situation": "You have handled small claims for three weeks.",
    "learner_role": "Claims trainee",
    "persona": {"id": "ruth", "name": "Ruth", "role": "claims team lead"},
    "opening": "Hi, I'm Ruth. When do you bring a claim to me?",
    "closing_passed": "Good.",
    "closing_not_passed": "Not yet.",
    "minutes": 8,
    "objectives": [
        {
            "id": "triggers",
            "name": "Triggers for escalation",
            "criterion": "Names the amount and the injury.",
            "required": 2,
            "key_points": [
                {"id": "amount", "text": "The $10,000 limit", "practise": "Tell me your limit, with the figure."},
                {"id": "injury", "text": "Anyone is injured", "practise": "A passenger is sore. What now?"},
                {"id": "fraud", "text": "The story does not add up", "hints": ["Look at the photos again."]},
            ],
        }
    ],
    "guardrails": [
        {"id": "policy", "name": "Policy interpretation", "rule": "Do not interpret.", "action": "escalate"},
        {"id": "insults", "name": "Insults", "rule": "No insults.", "action": "redirect"},
    ],
}


@dataclass
class World:
    """What the tests ask for by name."""

    link: ResourceLink
    learner: Person
    other: Person
    instructor: Person
    version: ActivityVersion

    def admitted(self, person: Person, role: str, *, link: ResourceLink | None = None, **more):
        """A client with one visit, and the visit's id."""
        client = Client()
        session = client.session
        visit = access.admit(session, person=person, resource_link=link or self.link, role=role, **more)
        session.save()
        return client, visit.id

    def attempt(self, person: Person | None = None, **values) -> Attempt:
        values = {"modality": "text", "state": "live", "started": timezone.now(), **values}
        return Attempt.objects.create(
            resource_link=values.pop("link", self.link),
            learner=person or self.learner,
            version=self.version,
            **values,
        )

    def finished(self, person: Person | None = None, *, outcome: str = "failed", **values) -> Attempt:
        """An attempt with one key point met, one unclear, one not met; misheard once, escalated once."""
        attempt = self.attempt(person, **values)

        def said(speaker: str, text: str, confidence: float = 1.0) -> int:
            return journal.append(
                attempt.pk, "utterance", {"speaker": speaker, "text": text, "confidence": confidence}
            ).seq

        said("persona", "When do you bring a claim to me?")
        limit = said("learner", "Well, when it is above ten thousand dollars I bring it to you.")
        unclear = said("learner", "Or when somebody is hurting the car.", 0.2)
        asked = said("learner", "Does the policy cover floods?")
        trigger = Trigger("policy", "escalate", "high", asked, "Does the policy cover floods?")
        journal.append(
            attempt.pk,
            "guardrail",
            {"guardrail": "insults", "action": "redirect", "severity": "low", "seq": limit, "quote": "ten thousand"},
        )
        journal.escalate(attempt.pk, trigger, "Does the policy cover floods?")
        ObjectiveOutcome.objects.create(
            attempt=attempt,
            objective="triggers",
            verdict="not_met",
            points=0.5,
            key_points=[
                _point("amount", "met", limit, "above ten thousand dollars I bring it to you"),
                _point("injury", "unclear", unclear, "somebody is hurting", "near the line"),
                _point("fraud", "not_met"),
            ],
        )
        attempt.state, attempt.outcome, attempt.score = "finished", outcome, 0.5
        attempt.ended = attempt.started + timedelta(minutes=4)
        attempt.end_reason, attempt.evaluator = "closed", "authored-coach 1.0"
        attempt.save()
        return attempt


def _point(name: str, verdict: str, seq: int = 0, quote: str = "", reason: str = "") -> dict:
    evidence = [{"seq": seq, "quote": quote, "strength": 0.8}] if quote else []
    return {"key_point": name, "verdict": verdict, "reason": reason, "evidence": evidence}


@pytest.fixture
def world(db) -> World:
    tenant = Tenant.objects.create(name="Sandbox", issuer="https://lms.example")
    course = Course.objects.create(tenant=tenant, lms_id="course", title="Claims handling")
    activity = Activity.objects.create(slug="claims", title="When to hand over a claim")
    version = ActivityVersion.objects.create(activity=activity, number=1, definition=DEFINITION)

    def person(name: str) -> Person:
        return Person.objects.create(tenant=tenant, lms_id=name, name=name)

    link = ResourceLink.objects.create(course=course, lms_id="link", activity=activity)
    return World(link, person("Ann Okafor"), person("Ben Larsson"), person("Dana Whitfield"), version)


@pytest.fixture
def elsewhere(world) -> ResourceLink:
    """The same activity in another course of another tenant."""
    tenant = Tenant.objects.create(name="Other", issuer="https://other.example")
    course = Course.objects.create(tenant=tenant, lms_id="course")
    return ResourceLink.objects.create(course=course, lms_id="link", activity=world.link.activity)
