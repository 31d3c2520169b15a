"""Who may read an attempt's statements, and what the profile explains."""

import json
import re

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from coachtool.attempts import access, journal
from coachtool.records import profile
from coachtool.records import vocabulary as v
from tests import factories

pytestmark = pytest.mark.django_db


def browser(link, person, role):
    """A client that was admitted, and its visit."""
    session = SessionStore()
    visit = access.admit(session, person=person, resource_link=link, role=role)
    session.create()
    client = Client()
    client.cookies["coachtool_session"] = session.session_key
    return client, visit


@pytest.fixture
def attempt():
    attempt = factories.attempt()
    journal.take(attempt.pk)
    return factories.finished(attempt, {"specific": "met", "agree": "not_met"}, outcome="failed", score=0.5)


@pytest.mark.parametrize("role", ["learner", "instructor"])
def test_the_owner_and_the_instructor_read_the_statements_in_order(attempt, role):
    reader = attempt.learner if role == "learner" else factories.person(attempt.learner.tenant)
    client, visit = browser(attempt.resource_link, reader, role)
    answer = client.get(f"/v/{visit.id}/attempts/{attempt.pk}/statements/")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    told = [statement["verb"]["display"]["en"] for statement in answer.json()["statements"]]
    assert told[0] == "launched" and told[-1] == "terminated" and len(told) == 8
    assert answer.json()["delivery"] == {"pending": 0, "sent": 0, "dead": 0, "kept": 8}
    assert "no-store" in answer["Cache-Control"]


def test_another_learner_does_not(attempt):
    client, visit = browser(attempt.resource_link, factories.person(attempt.learner.tenant), "learner")
    assert client.get(f"/v/{visit.id}/attempts/{attempt.pk}/statements/").status_code == 403


def test_an_instructor_of_another_course_does_not(attempt):
    elsewhere = factories.resource_link(factories.course(attempt.learner.tenant))
    client, visit = browser(elsewhere, factories.person(attempt.learner.tenant), "instructor")
    assert client.get(f"/v/{visit.id}/attempts/{attempt.pk}/statements/").status_code == 403


def test_a_browser_without_a_launch_does_not(attempt):
    assert Client().get(f"/v/anything/attempts/{attempt.pk}/statements/").status_code == 403


def test_the_profile_is_public_and_json_ld():
    answer = Client().get("/xapi/profile/")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/ld+json"
    assert json.loads(answer.content)["id"] == v.PROFILE


def test_every_term_of_ours_is_explained_by_the_profile_and_no_other():
    ours = {
        value if isinstance(value, str) else value.id
        for name, value in vars(v).items()
        if name.isupper() and name not in ("PROFILE", "PROFILE_VERSION", "CATEGORY")
    }
    ours = {iri for iri in ours if iri.startswith(v.PROFILE)}
    assert ours == {concept["id"] for concept in profile.DOCUMENT["concepts"]}


def test_every_concept_is_complete_and_of_this_version():
    for concept in profile.DOCUMENT["concepts"] + profile.DOCUMENT["templates"]:
        assert concept["inScheme"] == v.PROFILE_VERSION
        assert concept["prefLabel"]["en"] and concept["definition"]["en"].endswith(".")
        if concept["type"].endswith("Extension"):
            assert json.loads(concept["inlineSchema"]) and concept["recommendedVerbs"]


def test_our_statements_fit_the_profiles_templates(attempt):
    bodies = [row.body for row in attempt.statements.all()]
    fitting = 0
    for template in profile.DOCUMENT["templates"]:
        for body in bodies:
            kind = body["object"]["definition"]["type"]
            if (body["verb"]["id"], kind) != (template["verb"], template["objectActivityType"]):
                continue
            fitting += 1
            for rule in template["rules"]:
                assert _found(body, rule["location"]), (template["id"], rule["location"])
    assert fitting == 2  # one objective met, one not


def _found(body, path):
    """The values at a path of the few forms that our templates use."""
    values = [body]
    for name, quoted, every in re.findall(r"\.(\w+)|\['([^']+)'\]|(\[\*\])", path):
        if every:
            values = [item for value in values for item in value]
        else:
            values = [value[name or quoted] for value in values if (name or quoted) in value]
    return values
