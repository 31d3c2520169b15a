"""What is noted to be sent, and what becomes of it without an LMS that answers."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import review
from coachtool.attempts import start as starting
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt, GradeOverride
from coachtool.attempts.signals import grade_reviewed
from coachtool.embedded.stores import free_port
from lti import ags, delivery, grades, placement, services, standing
from lti.ags import Result
from lti.claims import SCORE_SCOPE, Endpoint
from lti.grades import Finished, Grade, Own
from lti.models import GradeDelivery
from tests import factories
from tests.lti.lms import Lms

_BOTH = {"specific": "met", "agree": "met"}
_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def link(db):
    """A resource link whose LMS takes grades at an address where nobody answers."""
    registration = Lms(issuer=f"http://127.0.0.1:{free_port()}").register()
    made = factories.resource_link()
    lineitem = f"{registration.issuer}/items/1/lineitem?type_id=1"
    placement.keep_grade_service(made, registration, Endpoint(lineitem, "", (SCORE_SCOPE,)))
    return made


def finish(link, learner=None, score=0.8, outcome="passed", **fields):
    attempt = factories.attempt(link=link, learner=learner, **fields)
    return factories.finished(attempt, _BOTH, score=score, outcome=outcome)


def publish(link, **changes) -> ActivityVersion:
    """A next version of the link's activity."""
    newest = link.activity.newest
    definition = newest.definition | changes
    return ActivityVersion.objects.create(activity=link.activity, number=newest.number + 1, definition=definition)


def ended(number: int, share: float, final: bool = True) -> Finished:
    """The attempt that ended as the `number`th."""
    return Finished(UUID(int=number), share, final, _NOON + timedelta(minutes=number))


ATTEMPTS = [ended(1, 0.5), ended(2, 0.9), ended(3, 0.7), ended(4, 0.9)]


@pytest.mark.parametrize(("counts", "chosen", "points"), [("best", 2, 90), ("last", 4, 90), ("first", 1, 50)])
def test_the_activity_says_which_attempt_counts(counts, chosen, points):
    for order in (ATTEMPTS, ATTEMPTS[::-1]):
        grade = grades.choose(order, None, counts, 100.0)
        assert (grade.attempt_id, grade.score, grade.maximum) == (UUID(int=chosen), points, 100)


@pytest.mark.parametrize("counts", ["best", "last", "first"])
def test_a_provisional_score_counts_only_while_there_is_no_final_one(counts):
    provisional = [ended(1, 1.0, final=False), ended(5, 1.0, final=False)]
    assert grades.choose(provisional, None, counts, 100.0).final is False
    grade = grades.choose([*provisional, ended(3, 0.2)], None, counts, 100.0)
    assert (grade.attempt_id, grade.final) == (UUID(int=3), True)


def test_the_instructors_own_grade_wins_over_every_attempt_on_the_activitys_scale():
    grade = grades.choose(ATTEMPTS, Own(7, 15, 20), "best", 50.0)
    assert (grade.score, grade.maximum, grade.override_id, grade.attempt_id) == (37.5, 50, 7, None)
    assert grades.choose([], Own(7, 0, 20), "best", 50.0).score == 0
    assert grades.choose([], None, "best", 50.0) is None


def test_points_are_rounded_to_what_gradebooks_keep():
    assert grades.choose([ended(1, 2 / 3)], None, "best", 20.0) == Grade(13.33, 20.0, True, UUID(int=1))


@pytest.mark.parametrize(
    ("lineitem", "scores"),
    [
        ("https://lms.example/items/1", "https://lms.example/items/1/scores"),
        ("https://lms.example/items/1/", "https://lms.example/items/1/scores"),
        ("https://lms.example/4/lineitem?type_id=1&b=2", "https://lms.example/4/lineitem/scores?type_id=1&b=2"),
    ],
)
def test_scores_go_before_the_query_of_the_line_item(lineitem, scores):
    assert ags.below(lineitem, "scores") == scores


def test_retry_after_is_read_in_both_forms():
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert services._retry_after("120") == 120
    assert 3590 < services._retry_after(in_an_hour) <= 3600
    assert services._retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0
    assert services._retry_after("") is services._retry_after("soon") is None


def test_timestamps_are_whole_seconds_and_always_advance():
    now = datetime(2026, 11, 22, 10, 0, 0, 900_000, tzinfo=UTC)
    first = grades.later_than(None, now)
    assert first == now.replace(microsecond=0)
    assert grades.later_than(first, now) == first + timedelta(seconds=1)
    assert grades.later_than(first, now + timedelta(hours=1)) == first + timedelta(hours=1)
    assert delivery.stamp(first) == "2026-11-22T10:00:00.000+00:00"


@pytest.mark.parametrize(
    ("held", "maximum", "tried", "ours"),
    [
        (80, 100, [[80, 100]], True),
        (40, 50, [[80, 100]], True),
        (13.33333, 20, [[13.33, 20]], True),
        (0.8, 1, [[80, 100]], True),
        (72, 100, [[80, 100]], False),
        (79.5, 100, [[80, 100]], False),
        (60, 100, [[80, 100], [60, 100]], True),
        (80, 100, [], False),
    ],
)
def test_a_grade_is_ours_if_we_ever_sent_it_on_whatever_scale(held, maximum, tried, ours):
    assert delivery.is_ours(Result("u", held, maximum), tried) is ours


def test_points_are_sent_not_fractions(link):
    attempt = finish(link, score=0.8)
    sent = delivery.body(GradeDelivery.objects.get(), link.grade_service.registration)
    assert (sent["scoreGiven"], sent["scoreMaximum"], sent["userId"]) == (80, 100, attempt.learner.lms_id)
    assert set(sent["submission"]) == {"startedAt", "submittedAt"}
    assert delivery.SUBMISSION not in sent


@pytest.mark.parametrize("canvas", [{"product": "canvas"}, {"issuer": "https://canvas.instructure.com"}])
def test_canvas_gets_a_submission_with_a_way_back_to_the_report(link, canvas, settings):
    attempt = finish(link)
    registration = link.grade_service.registration
    for name, value in canvas.items():
        setattr(registration, name, value)
    held = GradeDelivery.objects.get()
    submission = delivery.body(held, registration)[delivery.SUBMISSION]
    assert submission == {
        "new_submission": True,
        "prioritize_non_tool_grade": True,
        "submission_type": "basic_lti_launch",
        "submission_data": f"{settings.URL}/lti/launch/?attempt={attempt.pk}",
        "submitted_at": delivery.stamp(attempt.ended),
    }
    held.submitted, held.overrules = attempt.pk, True
    again = delivery.body(held, registration)[delivery.SUBMISSION]
    assert (again["new_submission"], again["prioritize_non_tool_grade"]) == (False, False)


def test_canvas_would_show_a_provisional_score_as_final_so_it_is_held_back(link):
    link.grade_service.registration.product = "canvas"
    link.grade_service.registration.save()
    attempt = finish(link, score=0.8, outcome="unclear")
    delivery.deliver_due()
    held = GradeDelivery.objects.get()
    assert (held.state, held.tried) == ("waiting", []) and "person still has to look" in held.last_error
    review.review(attempt.outcomes.first(), attempt.learner, "met")
    held.refresh_from_db()
    assert (held.state, held.final) == ("pending", True)


def test_a_practice_attempt_sends_nothing(link):
    finish(link, graded=False)
    assert not GradeDelivery.objects.exists()


@pytest.mark.django_db
def test_where_the_lms_has_no_grade_item_nothing_is_noted_until_it_has_one():
    link = factories.resource_link()
    learner = finish(link).learner
    assert not GradeDelivery.objects.exists()
    registration = Lms().register()
    placement.keep_grade_service(link, registration, Endpoint("https://lms.example/1", "", (SCORE_SCOPE,)))
    held = GradeDelivery.objects.get()
    assert (held.person, held.score, held.state) == (learner, 80, "pending")


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


def test_asking_again_changes_nothing(link):
    learner = finish(link).learner
    before = GradeDelivery.objects.values().get()
    assert grades.settle(link.pk, learner.pk) is None
    assert grades.settle_link(link) == 0
    assert GradeDelivery.objects.values().get() == before


def test_a_reviewers_verdict_changes_the_grade(link):
    attempt = finish(link, score=1.0)
    GradeDelivery.objects.update(state="sent")
    review.review(attempt.outcomes.get(objective="agree"), attempt.learner, "not_met")
    attempt.refresh_from_db()
    held = GradeDelivery.objects.get()
    assert held.state == "pending" and held.score == attempt.points < 100
    assert held.comment == "1 of 2 objectives met."


def test_an_instructors_own_grade_overrules_and_gives_way_when_it_is_withdrawn(link):
    attempt = finish(link, score=0.4)
    own = GradeOverride.objects.create(resource_link=link, learner=attempt.learner, points=9, maximum=10)
    grade_reviewed.send(Attempt, resource_link=link, learner=attempt.learner)
    held = GradeDelivery.objects.get()
    assert (held.score, held.maximum, held.override, held.attempt, held.overrules) == (90, 100, own, None, True)
    finish(link, attempt.learner, score=1.0)
    assert GradeDelivery.objects.get().score == 90
    own.withdrawn = timezone.now()
    own.save()
    grade_reviewed.send(Attempt, resource_link=link, learner=attempt.learner)
    held = GradeDelivery.objects.get()
    assert (held.score, held.override, held.overrules) == (100, None, False)


def test_a_withdrawn_grade_with_nothing_behind_it_is_taken_back(link):
    learner = factories.person(link.course.tenant)
    own = GradeOverride.objects.create(resource_link=link, learner=learner, points=9, maximum=10)
    assert grades.settle(link.pk, learner.pk).score == 90
    GradeDelivery.objects.update(tried=[[90, 100]], state="sent")
    GradeOverride.objects.filter(pk=own.pk).update(withdrawn=timezone.now())
    held = grades.settle(link.pk, learner.pk)
    sent = delivery.body(held, link.grade_service.registration)
    assert "scoreGiven" not in sent and sent["activityProgress"] == "Initialized"
    assert grades.settle(link.pk, learner.pk) is None


def test_another_maximum_keeps_every_share_and_another_rule_chooses_again(link):
    learner = finish(link, score=0.5).learner
    finish(link, learner, score=0.4)
    GradeDelivery.objects.update(state="sent")
    publish(link, max_score=20)
    held = GradeDelivery.objects.get()
    assert (held.score, held.maximum, held.state) == (10, 20, "pending")
    publish(link, max_score=20, counts="last")
    assert GradeDelivery.objects.get().score == 8
    GradeDelivery.objects.update(state="sent")
    publish(link, max_score=20, counts="last", title="Another title")
    assert GradeDelivery.objects.get().state == "sent"


def test_a_link_with_another_activity_keeps_its_grades_until_somebody_finishes_that_one(link):
    learner = finish(link, score=0.9).learner
    link.activity = factories.version().activity
    link.save()
    assert grades.settle(link.pk, learner.pk) is None and GradeDelivery.objects.get().score == 90
    finish(link, learner, score=0.3)
    assert GradeDelivery.objects.get().score == 30


@pytest.mark.django_db(transaction=True)
def test_two_attempts_that_end_at_the_same_time_leave_the_better_one():
    link = factories.resource_link()
    registration = Lms().register()
    placement.keep_grade_service(link, registration, Endpoint("https://lms.example/1", "", (SCORE_SCOPE,)))
    learner = factories.person(link.course.tenant)
    together = threading.Barrier(2)

    def end(score: float) -> None:
        attempt = factories.attempt(link=link, learner=learner)
        together.wait(timeout=10)
        factories.finished(attempt, _BOTH, score=score, outcome="passed")
        connection.close()

    threads = [threading.Thread(target=end, args=(score,)) for score in (0.9, 0.3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert GradeDelivery.objects.get().score == 90


def test_an_lms_that_cannot_be_reached_is_asked_again_later_and_given_up_after_a_week(link):
    finish(link)
    assert delivery.deliver_due() == 1
    held = GradeDelivery.objects.get()
    assert held.state == "pending" and "could not be reached" in held.last_error and held.claimed_until is None
    assert delivery.deliver_due() == 0
    GradeDelivery.objects.update(next_try=held.queued, queued=held.queued - timedelta(days=8))
    assert delivery.deliver_due() == 1
    assert GradeDelivery.objects.get().state == "stuck"


def test_what_goes_wrong_on_our_side_stops_nobody_elses_grade(link, monkeypatch):
    finish(link)
    finish(link)
    monkeypatch.setattr("lti.ags.post_score", lambda *_: 1 / 0)
    assert delivery.deliver_due() == 2
    assert {held.state for held in GradeDelivery.objects.all()} == {"pending"}


def test_a_new_grade_item_gets_every_grade_and_the_same_one_sets_nothing_on_its_way(link):
    for state in ("stuck", "sent"):
        finish(link)
        GradeDelivery.objects.filter(state="pending").update(state=state)
    registration = link.grade_service.registration
    same = Endpoint(link.grade_service.lineitem, "", (SCORE_SCOPE,))
    placement.keep_grade_service(link, registration, same)
    assert {held.state for held in GradeDelivery.objects.all()} == {"stuck", "sent"}
    placement.keep_grade_service(link, registration, Endpoint("https://lms.example/new", "", (SCORE_SCOPE,)))
    assert {held.state for held in GradeDelivery.objects.all()} == {"pending"}


def test_a_grade_that_was_on_its_way_to_the_old_column_goes_to_the_new_one_too(link, monkeypatch):
    finish(link)
    old, new, sent = link.grade_service.lineitem, "https://lms.example/new", []

    def post(http, registration, lineitem, body):
        if not sent:
            placement.keep_grade_service(link, registration, Endpoint(new, "", (SCORE_SCOPE,)))
        sent.append((lineitem, body["scoreGiven"]))

    monkeypatch.setattr("lti.ags.post_score", post)
    assert delivery.deliver_due() == 2
    assert sent == [(old, 80), (new, 80)]
    held = GradeDelivery.objects.get()
    assert (held.state, held.claimed_until) == ("sent", None)


@pytest.mark.django_db(transaction=True)
def test_no_worker_takes_a_grade_while_its_column_changes(link, monkeypatch):
    finish(link)
    claimed, overtake = [], grades.overtake

    def claim() -> None:
        claimed.append(delivery.claim())
        connection.close()

    def meanwhile(deliveries) -> None:
        overtake(deliveries)
        thread = threading.Thread(target=claim)
        thread.start()
        thread.join(timeout=10)

    monkeypatch.setattr(grades, "overtake", meanwhile)
    registration = link.grade_service.registration
    placement.keep_grade_service(link, registration, Endpoint("https://lms.example/new", "", (SCORE_SCOPE,)))
    assert claimed == [None] and delivery.claim() is not None


def test_an_activity_whose_grade_item_was_taken_away_is_stuck_in_plain_words(link):
    finish(link)
    placement.keep_grade_service(link, link.grade_service.registration, None)
    delivery.deliver_due()
    held = GradeDelivery.objects.get()
    assert (held.state, held.last_error) == ("stuck", "The LMS offers no gradebook for this activity any more.")


def test_an_lms_that_asks_for_quiet_gets_it_from_everybody(link, monkeypatch):
    first, second = finish(link), finish(link)
    other = factories.resource_link()
    placement.keep_grade_service(other, link.grade_service.registration, Endpoint("https://x.y/2", "", (SCORE_SCOPE,)))
    finish(other)

    def too_many(*_):
        raise services.Failed(services.Answer(429, retry_after=120.0))

    monkeypatch.setattr("lti.ags.post_score", too_many)
    assert delivery.deliver_due() == 1
    registration = link.grade_service.registration
    registration.refresh_from_db()
    assert 118 < (registration.quiet_until - timezone.now()).total_seconds() < 122
    registration.quiet_until = timezone.now()
    registration.save()
    monkeypatch.setattr("lti.ags.post_score", lambda *_: None)
    assert delivery.deliver_due() == 2
    assert {first.learner_id, second.learner_id} & {
        held.person_id for held in GradeDelivery.objects.filter(state="sent")
    }


SENTENCES = [
    ([], ""),
    (["sent"], "The grade is in the gradebook."),
    (["sent"] * 25, "All 25 grades are in the gradebook."),
    (["sent"] * 23 + ["way", "delayed"], "23 of 25 grades are in the gradebook; 2 wait."),
    (["way"], "0 of 1 grade is in the gradebook; 1 waits."),
    (
        ["sent", "held", "stuck", "review", "kept"],
        "1 of 5 grades are in the gradebook; 2 need you, 1 waits for your review, 1 stays as the gradebook has it.",
    ),
]


@pytest.mark.parametrize(("keys", "sentence"), SENTENCES)
def test_one_sentence_says_where_the_grades_are(keys, sentence):
    assert standing.summary(keys) == sentence


def visit(link, learner, role="learner", graded=True) -> Visit:
    return Visit("v", learner.pk, link.course_id, link.pk, role, graded)


def test_attempts_beyond_the_limit_are_practice_without_a_grade(link):
    publish(link, attempts=2)
    learner = factories.person(link.course.tenant)
    for number in (1, 2):
        assert (starting.allowance(visit(link, learner)).number, starting.counts(visit(link, learner))) == (
            number,
            True,
        )
        begun = starting.start(visit(link, learner), "text", {})
        assert begun.graded
        Attempt.objects.filter(pk=begun.pk).update(state="live", started=timezone.now())
        assert starting.open_attempt(visit(link, learner)) == begun, "the last one that counts can be gone back into"
        assert starting.start(visit(link, learner), "text", {}) == begun
        begun.refresh_from_db()
        factories.finished(begun, _BOTH, score=0.5, outcome="passed")
    allowed = starting.allowance(visit(link, learner))
    assert (allowed.used_up, allowed.counts, allowed.limit) == (True, False, 2)
    practice = starting.start(visit(link, learner), "text", {})
    assert not practice.graded and starting.start(visit(link, learner), "text", {}) == practice
    factories.finished(practice, _BOTH, score=1.0, outcome="passed")
    assert GradeDelivery.objects.get().score == 50


def test_the_limit_is_not_for_instructors_or_anonymous_learners_and_not_there_by_itself(link):
    learner = factories.person(link.course.tenant)
    assert starting.allowance(visit(link, learner)).limit == 0
    publish(link, attempts=1)
    for other in (visit(link, learner, role="instructor"), visit(link, learner, graded=False)):
        assert not starting.start(other, "text", {}).graded
    assert starting.start(visit(link, learner), "text", {}).graded


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_time_never_use_more_attempts_than_count():
    link = factories.resource_link()
    publish(link, attempts=1)
    learner = factories.person(link.course.tenant)

    def click() -> None:
        starting.start(visit(link, learner), "text", {})
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert [attempt.graded for attempt in Attempt.objects.all()] == [True]
