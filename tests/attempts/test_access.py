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
