"""What is noted to be sent, and what becomes of it without an LMS that answers."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from coachtool.embedded.stores import free_port
from lti import ags, delivery, grades, placement
from lti.claims import SCORE_SCOPE, Endpoint
from lti.models import GradeDelivery
from tests import factories
from tests.lti.lms import Lms

_BOTH = {"specific": "met", "agree": "met"}


@pytest.fixture
def link(db):
    """A resource link whose LMS takes grades at an address where nobody answers."""
    registration = Lms(issuer=f"http://127.0.0.1:{free_port()}").register()
    made = factories.resource_link()
    lineitem = f"{registration.issuer}/items/1/lineitem?type_id=1"
    placement.keep_grade_service(made, registration, Endpoint(lineitem, (SCORE_SCOPE,)))
    return made


def finish(link, learner=None, score=0.8, outcome="passed", **fields):
    attempt = factories.attempt(link=link, learner=learner, **fields)
    return factories.finished(attempt, _BOTH, score=score, outcome=outcome)


@pytest.mark.parametrize(
    ("lineitem", "scores"),
    [
        ("https://lms.example/items/1", "https://lms.example/items/1/scores"),
        ("https://lms.example/items/1/", "https://lms.example/items/1/scores"),
        ("https://lms.example/4/lineitem?type_id=1&b=2", "https://lms.example/4/lineitem/scores?type_id=1&b=2"),
    ],
)
def test_scores_go_before_the_query_of_the_line_item(lineitem, scores):
    assert ags.scores_url(lineitem) == scores


def test_retry_after_is_read_in_both_forms():
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert ags._retry_after("120") == 120
    assert 3590 < ags._retry_after(in_an_hour) <= 3600
    assert ags._retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0
    assert ags._retry_after("") is ags._retry_after("soon") is None


def test_timestamps_are_whole_seconds_and_always_advance():
    now = datetime(2026, 11, 22, 10, 0, 0, 900_000, tzinfo=UTC)
    first = grades.later_than(None, now)
    assert first == now.replace(microsecond=0)
    assert grades.later_than(first, now) == first + timedelta(seconds=1)
    assert grades.later_than(first, now + timedelta(hours=1)) == first + timedelta(hours=1)
    assert delivery.stamp(first) == "2026-11-22T10:00:00.000+00:00"


def test_points_are_sent_not_fractions(link):
    attempt = finish(link, score=0.8)
    sent = delivery.body(GradeDelivery.objects.get())
    assert (sent["scoreGiven"], sent["scoreMaximum"], sent["userId"]) == (80, 100, attempt.learner.lms_id)
    assert set(sent["submission"]) == {"startedAt", "submittedAt"}


def test_a_practice_attempt_sends_nothing(link):
    finish(link, graded=False)
    assert not GradeDelivery.objects.exists()


@pytest.mark.django_db
def test_where_the_lms_has_no_grade_item_nothing_is_noted():
    finish(factories.resource_link())
    assert not GradeDelivery.objects.exists()


def test_a_grade_stands_or_falls_with_the_end_of_its_attempt(link):
    class Broken(Exception):
        pass

    with pytest.raises(Broken), transaction.atomic():
        finish(link)
        assert GradeDelivery.objects.exists()
        raise Broken
    assert not GradeDelivery.objects.exists()


def test_the_delivery_is_asked_for_once_the_end_holds(link, monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr("lti.tasks.deliver_grades.apply_async", lambda **how: asked.append(how))
    with django_capture_on_commit_callbacks(execute=True):
        finish(link)
        assert not asked
    assert asked == [{"retry": False, "expires": 60}]


def test_a_broker_that_is_down_does_not_undo_the_end(link, monkeypatch, django_capture_on_commit_callbacks):
    def down(**how):
        raise ConnectionError

    monkeypatch.setattr("lti.tasks.deliver_grades.apply_async", down)
    with django_capture_on_commit_callbacks(execute=True):
        finish(link)
    assert GradeDelivery.objects.get().state == "pending"


def test_an_equal_or_lower_score_changes_nothing_a_higher_one_is_sent_again(link):
    learner = finish(link, score=0.8).learner
    GradeDelivery.objects.update(state="sent")
    stamp = GradeDelivery.objects.get().timestamp
    for score in (0.8, 0.2):
        finish(link, learner, score=score)
    assert GradeDelivery.objects.get().state == "sent"
    finish(link, learner, score=0.9)
    held = GradeDelivery.objects.get()
    assert (held.state, held.score) == ("pending", 90) and held.timestamp > stamp


def test_an_lms_that_cannot_be_reached_is_asked_again_later_and_given_up_after_a_week(link):
    finish(link)
    assert delivery.deliver_due() == 1
    held = GradeDelivery.objects.get()
    assert held.state == "pending" and "could not be reached" in held.last_error and held.claimed_until is None
    assert delivery.deliver_due() == 0
    GradeDelivery.objects.update(next_try=held.queued, queued=held.queued - timedelta(days=8))
    assert delivery.deliver_due() == 1
    assert GradeDelivery.objects.get().state == "stuck"


def test_a_new_grade_item_sets_a_stuck_grade_on_its_way_again(link):
    finish(link)
    GradeDelivery.objects.update(state="stuck")
    registration = link.grade_service.registration
    same = Endpoint(link.grade_service.lineitem, (SCORE_SCOPE,))
    placement.keep_grade_service(link, registration, same)
    assert GradeDelivery.objects.get().state == "stuck"
    placement.keep_grade_service(link, registration, Endpoint("https://lms.example/new", (SCORE_SCOPE,)))
    assert GradeDelivery.objects.get().state == "pending"


def test_an_activity_whose_grade_item_was_taken_away_is_stuck_in_plain_words(link):
    finish(link)
    placement.keep_grade_service(link, link.grade_service.registration, None)
    delivery.deliver_due()
    held = GradeDelivery.objects.get()
    assert (held.state, held.last_error) == ("stuck", "The LMS offers no grade item for this activity.")
