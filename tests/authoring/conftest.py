"""A course with two instructors and a learner, a library activity, and clients with a visit of each kind."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from coachtool.activities.models import Activity
from coachtool.attempts import access
from coachtool.attempts.models import Course, Person, ResourceLink
from coachtool.authoring.models import CourseActivity, Draft
from tests import factories

BEGIN = {
    "title": "A refund that is not possible",
    "face": "maya",
    "name": "Maya",
    "role": "upset customer",
    "situation": "A customer wants her money back after 45 days. The refund period is 30 days.",
    "learner_role": "Service agent",
    "heard": "Acknowledges that the customer is upset\r\nSays that the refund period is 30 days.\r\nOffers a voucher",
    "opening": "",
}


@dataclass
class Author:
    """An instructor's browser in one visit."""

    client: Client
    visit: str
    person: Person
    link: ResourceLink | None

    def url(self, name: str, *args) -> str:
        return reverse(f"authoring:{name}", args=[self.visit, *args])

    def get(self, name: str, /, *args, **query):
        return self.client.get(self.url(name, *args), query)

    def post(self, name: str, /, *args, **data):
        return self.client.post(self.url(name, *args), data)

    def begun(self, **changed: str) -> CourseActivity:
        """A new activity whose guided form was filled in."""
        self.post("new")
        mine = CourseActivity.objects.latest("pk")
        answer = self.post("begin", mine.activity.slug, **{**BEGIN, **changed})
        assert answer.status_code == 303, answer.context["form"].errors
        mine.activity.refresh_from_db()
        return mine

    def published(self, **changed: str) -> CourseActivity:
        mine = self.begun(**changed)
        revision = Draft.objects.get(activity=mine.activity).revision
        answer = self.post("publish", mine.activity.slug, revision=revision, looked="yes")
        assert answer.status_code == 303
        return mine


@dataclass
class World:
    course: Course
    link: ResourceLink
    library: Activity

    def author(
        self, name: str = "Grace Teacher", *, course: Course | None = None, link=None, role="instructor", **more
    ):
        """A browser with one visit of a person in the course; `link=False` for a Deep Linking visit."""
        course = course or self.course
        link = None if link is False else link or (self.link if course == self.course else None)
        client, person = Client(), factories.person(course.tenant, name)
        session = client.session
        visit = access.admit(session, person=person, role=role, resource_link=link, course=course, **more)
        session.save()
        return Author(client, visit.id, person, link)


@pytest.fixture
def world(db) -> World:
    course = factories.course()
    library = factories.version().activity
    return World(course, factories.resource_link(course, library), library)


@pytest.fixture
def author(world) -> Author:
    return world.author()
