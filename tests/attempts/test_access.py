"""Visits: one browser, many launches, nothing shared between them."""

import pytest

from coachtool.attempts import access
from tests import factories


def test_two_launches_in_one_browser_stay_apart(db):
    attempt, session = factories.attempt(), {}
    link = attempt.resource_link
    learner = access.admit(session, person=attempt.learner, resource_link=link, role="learner")
    instructor = access.admit(session, person=attempt.learner, resource_link=link, role="instructor")
    assert access.find(session, learner.id).role == "learner"
    assert access.find(session, instructor.id).role == "instructor"


def test_a_visit_that_the_session_does_not_hold_is_refused():
    with pytest.raises(access.NotAdmitted):
        access.find({"visits": {}}, "guess")


def test_the_oldest_visits_are_forgotten(db):
    attempt, session = factories.attempt(), {}
    link = attempt.resource_link
    visits = [access.admit(session, person=attempt.learner, resource_link=link, role="learner") for _ in range(25)]
    assert len(session["visits"]) == 20
    with pytest.raises(access.NotAdmitted):
        access.find(session, visits[0].id)


def test_without_a_session_a_visit_is_known_by_its_address_alone(db):
    attempt = factories.attempt()
    visit = access.admit(None, person=attempt.learner, resource_link=attempt.resource_link, role="learner")
    assert visit.id.startswith("~") and len(visit.id) > 40
    assert access.find({}, visit.id) == visit
    assert access.attempt_for(access.find({}, visit.id), attempt.pk) == attempt
    with pytest.raises(access.NotAdmitted):
        access.find({"visits": {visit.id: vars(visit)}}, visit.id[:-1])


def test_a_session_cannot_make_an_address_of_its_own(db):
    with pytest.raises(access.NotAdmitted):
        access.find({"visits": {"~guess": {"id": "~guess"}}}, "~guess")


def test_what_a_visit_grants_is_told_without_its_id(db):
    attempt = factories.attempt()
    visit = access.admit({}, person=attempt.learner, resource_link=attempt.resource_link, role="learner")
    assert visit.id not in str(access.without_id(visit)) and access.Visit(id="x", **access.without_id(visit))
