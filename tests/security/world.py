"""One attempt and everything that hangs on it, and everybody who might ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from coachtool.attempts import access, journal
from coachtool.attempts.models import Attempt, Course, Dispute, Escalation, Person, ResourceLink, Tenant
from coachtool.authoring.models import CourseActivity, Draft
from knowledge.models import Collection, Crawl, Document
from lti.models import DeepLinkingRequest, Deployment, GradeDelivery, Registration
from lti.registering import invitations
from tests import factories

PLATFORM = "https://lms.example.edu"

# Who asks. A thief has a session of their own and asks with the owner's visit id; `address` is the owner in a browser
# that keeps no cookies; `picker` an instructor in a Deep Linking visit.
WHO = (
    "nobody",
    "thief",
    "owner",
    "address",
    "fellow",  # another learner at the same link
    "elsewhere",  # a learner at another link of the course
    "instructor",  # of the link
    "neighbour",  # an instructor at another link of the course
    "other course",  # its instructor; the same tenant
    "other tenant",  # its instructor
    "picker",
)
LEARNERS = ("owner", "address", "fellow", "elsewhere")
INSTRUCTORS = ("instructor", "neighbour", "other course", "other tenant")


@dataclass(frozen=True)
class Asker:
    """A browser, the id of the visit that it asks with, and its session's key; '' where it has none."""

    client: Client
    visit: access.Visit
    session_key: str = ""

    @property
    def visit_id(self) -> str:
        return self.visit.id


@dataclass
class World:
    tenant: Tenant
    course: Course
    link: ResourceLink
    beside: ResourceLink  # another link of the course
    far: ResourceLink  # in another course
    foreign: ResourceLink  # in another tenant
    owner: Person
    fellow: Person
    teacher: Person
    finished: Attempt
    live: Attempt
    escalation: Escalation
    dispute: Dispute
    delivery: GradeDelivery
    placing: DeepLinkingRequest
    invitation: str
    library: str  # an activity of the library that is placed nowhere
    mine: str  # the course's own activity, which is at `link`
    documents: Document  # a page of the course's own collection, found by a crawl
    shared: Collection  # of all courses of the tenant
    point: str = "step"
    askers: dict[str, Asker] = field(default_factory=dict)

    def asker(self, who: str, *, strict: bool = False) -> Asker:
        """A browser of `who`; a `strict` one has its CSRF checks on."""
        client = Client(enforce_csrf_checks=strict)
        owner = {"person": self.owner, "role": "learner", "resource_link": self.link, "frame_origin": PLATFORM}
        if who == "address":
            return Asker(client, access.admit(None, **owner))
        if who == "nobody":
            return Asker(client, _visit(SessionStore(), **owner))
        if who == "thief":
            own = _admitted(client, **{**owner, "person": self.fellow, "resource_link": self.beside})
            return Asker(client, _visit(SessionStore(), **owner), own.session_key)
        return _admitted(client, **self._as(who, owner))

    def _as(self, who: str, owner: dict) -> dict[str, Any]:
        teacher = {**owner, "person": self.teacher, "role": "instructor"}
        return {
            "owner": owner,
            "fellow": {**owner, "person": self.fellow},
            "elsewhere": {**owner, "person": self.fellow, "resource_link": self.beside},
            "instructor": teacher,
            "neighbour": {**teacher, "resource_link": self.beside},
            "other course": {**teacher, "resource_link": self.far},
            "other tenant": {
                **teacher,
                "person": factories.person(self.foreign.course.tenant, "Omar"),
                "resource_link": self.foreign,
            },
            "picker": {**teacher, "resource_link": None, "course": self.course, "placing": self.placing.key},
        }[who]


def _visit(session: SessionStore, **grants) -> access.Visit:
    visit = access.admit(session, **grants)
    session.create()
    return visit


def _admitted(client: Client, **grants) -> Asker:
    session = SessionStore()
    visit = _visit(session, **grants)
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return Asker(client, visit, session.session_key)


def build() -> World:
    """Two tenants, three courses, four links; at one of them a judged attempt, a live one, and what they lead to."""
    tenant = factories.tenant(PLATFORM)
    course = factories.course(tenant, "Leading people")
    teacher, owner = factories.person(tenant, "Tara Teacher"), factories.person(tenant, "Olga Owner")
    mine, library = factories.version().activity, factories.version()
    CourseActivity.objects.create(activity=mine, course=course, author=teacher)
    changed = {**mine.latest.definition, "summary": "Said anew."}
    Draft.objects.create(activity=mine, definition=changed, revision=1, editor=teacher)
    link = factories.resource_link(course, mine)
    finished = factories.attempt(link=link, learner=owner, started=timezone.now())
    line = factories.say(finished, "learner", "The report came in two days late.")
    verdicts = {"specific": "met", "agree": "not_met"}
    factories.finished(finished, verdicts, outcome="failed", score=0.5, seq=line.seq, quote="two days late")
    live = factories.attempt(link=link, learner=owner, state="live", started=timezone.now())
    journal.append(live.pk, "utterance", {"speaker": "persona", "text": "You wanted to see me?"})
    registration = Registration.objects.create(
        issuer=PLATFORM, client_id="client", auth_login_url=f"{PLATFORM}/auth", auth_token_url=f"{PLATFORM}/token"
    )
    deployment = Deployment.objects.create(registration=registration, deployment_id="1", tenant=tenant)
    return World(
        tenant=tenant,
        course=course,
        link=link,
        beside=factories.resource_link(course),
        far=factories.resource_link(factories.course(tenant, "Selling")),
        foreign=factories.resource_link(factories.course(factories.tenant("https://other.example"))),
        owner=owner,
        fellow=factories.person(tenant, "Finn Fellow"),
        teacher=teacher,
        finished=finished,
        live=live,
        escalation=Escalation.objects.create(attempt=finished, guardrail="scope", question="And my bonus?"),
        dispute=Dispute.objects.create(outcome=finished.outcomes.get(objective="agree"), reason="I did say so."),
        delivery=_stuck(link, owner, finished),
        placing=DeepLinkingRequest.objects.create(
            key="placing-key",
            deployment=deployment,
            course=course,
            person=teacher,
            settings={
                "deep_link_return_url": f"{PLATFORM}/return",
                "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["iframe"],
            },
            expires=timezone.now() + timedelta(hours=1),
        ),
        invitation=invitations.invite().rstrip("/").rsplit("/", 1)[1],
        library=library.activity.slug,
        mine=mine.slug,
        documents=_documents(course),
        shared=Collection.objects.create(tenant=tenant, name="Rules for everybody"),
    )


def _documents(course: Course) -> Document:
    collection = Collection.objects.create(tenant=course.tenant, course=course, name="Handbook")
    crawl = Crawl.objects.create(collection=collection, url="https://example.edu/", state="done")
    return Document.objects.create(
        collection=collection, kind="page", name="Start", url=crawl.url, crawl=crawl, state="read"
    )


def _stuck(link: ResourceLink, owner: Person, attempt: Attempt) -> GradeDelivery:
    now = timezone.now()
    values = {
        "attempt": attempt,
        "score": 50,
        "maximum": 100,
        "final": True,
        "timestamp": now,
        "state": GradeDelivery.State.STUCK,
        "next_try": now,
        "queued": now,
    }
    return GradeDelivery.objects.update_or_create(resource_link=link, person=owner, defaults=values)[0]


Changes = Callable[[World], dict[str, Any]]
