"""From the course page into the tool and back into the gradebook, against the strict sandbox LMS in its own process."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from coachtool.attempts.models import Person, ResourceLink
from lti import ags, delivery
from lti.models import GradeDelivery, GradeService, Registration
from lti.tasks import deliver_grades
from tests import factories

pytestmark = pytest.mark.whole
_numbers = itertools.count(10)


class Learner:
    """A learner of the sandbox, let in to the tool; each test takes another one."""

    def __init__(self, window, username: str):
        self.username, self.window = username, window
        response = window.launch(username)
        assert response.status_code == 303, response.text
        self.person = Person.objects.get(lms_id=f"u-{100 + int(username.removeprefix('learner'))}")
        self.link = ResourceLink.objects.get(activity__slug="claims-escalation")

    def finishes(self, score: float, outcome: str = "passed") -> None:
        verdicts = {"specific": "met", "agree": "met" if outcome == "passed" else "not_met"}
        attempt = factories.attempt(link=self.link, learner=self.person)
        factories.finished(attempt, verdicts, score=score, outcome=outcome)

    @property
    def delivery(self) -> GradeDelivery:
        return GradeDelivery.objects.get(person=self.person)

    @property
    def grade(self) -> dict:
        return self.window.grade(self.username)


@pytest.fixture
def learner(window) -> Learner:
    return Learner(window, f"learner{next(_numbers)}")


@pytest.fixture
def flawless(sandbox):
    """The sandbox must find nothing wrong during the test."""
    before = sandbox.verdicts()
    yield
    assert sandbox.verdicts()[len(before) :] == []


def due_now() -> None:
    GradeDelivery.objects.update(next_try=timezone.now())
    Registration.objects.update(quiet_until=None)


def wait_until(happens) -> None:
    deadline = time.monotonic() + 30
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_finished_attempt_arrives_in_the_gradebook(learner, flawless):
    learner.finishes(0.85)
    deliver_grades()
    assert learner.delivery.state == "sent"
    grade = learner.grade
    assert (grade["score"], grade["maximum"]) == (85, 100)
    assert (grade["activity_progress"], grade["grading_progress"]) == ("Completed", "FullyGraded")
    assert grade["comment"] == "2 of 2 objectives met."
    deliver_grades()
    assert learner.grade["scores_received"] == 1


def test_the_best_attempt_counts(learner, flawless):
    for score, shown, received in ((0.6, 60, 1), (0.4, 60, 1), (0.9, 90, 2)):
        learner.finishes(score)
        deliver_grades()
        assert (learner.grade["score"], learner.grade["scores_received"]) == (shown, received)


def test_an_unclear_attempt_is_provisional_until_a_final_one(learner, flawless):
    learner.finishes(0.9, "unclear")
    deliver_grades()
    assert (learner.grade["score"], learner.grade["grading_progress"]) == (None, "PendingManual")
    assert "reviewer" in learner.grade["comment"]
    learner.finishes(0.5, "failed")
    deliver_grades()
    assert (learner.grade["score"], learner.grade["grading_progress"]) == (50, "FullyGraded")
    learner.finishes(0.95, "unclear")
    deliver_grades()
    assert learner.grade["score"] == 50


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_failure_that_passes_is_retried_until_the_grade_is_there(sandbox, learner, flawless, status):
    sandbox.fault("scores", status, times=2)
    learner.finishes(0.7)
    waits = []
    for _ in range(2):
        deliver_grades()
        held = learner.delivery
        assert held.state == "pending" and f"HTTP {status}" in held.last_error
        waits.append((held.next_try - timezone.now()).total_seconds())
        due_now()
    assert 2 < waits[0] < waits[1]
    deliver_grades()
    assert (learner.delivery.state, learner.delivery.last_error) == ("sent", "")
    assert (learner.grade["score"], learner.grade["scores_received"]) == (70, 1)


def test_retry_after_is_respected(sandbox, learner, flawless):
    sandbox.fault("scores", 429, retry_after=1800)
    learner.finishes(0.7)
    deliver_grades()
    assert 1795 < (learner.delivery.next_try - timezone.now()).total_seconds() < 1802
    deliver_grades()
    assert learner.grade["scores_received"] == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "did not accept"), (403, "permission"), (404, "deleted"), (422, "not a learner"), (418, "HTTP 418")],
)
def test_a_refusal_that_looks_final_gets_a_second_thought_and_then_is_stuck_until_asked_again(
    sandbox, learner, flawless, capsys, status, words
):
    thoughts = len(delivery.SECOND_THOUGHTS)
    sandbox.fault("scores", status, times=thoughts + 1)
    learner.finishes(0.7)
    for wait in delivery.SECOND_THOUGHTS:
        deliver_grades()
        held = learner.delivery
        assert held.state == "pending" and words in held.last_error
        assert abs((held.next_try - timezone.now()).total_seconds() - wait) < 5
        due_now()
    deliver_grades()
    assert learner.delivery.state == "stuck" and words in learner.delivery.last_error
    due_now()
    deliver_grades()
    assert learner.grade["scores_received"] == 0
    call_command("lti_grades", retry=True)
    assert words in capsys.readouterr().out
    deliver_grades()
    assert learner.grade["score"] == 70


def test_a_refused_token_is_replaced_once_at_once(sandbox, learner, flawless):
    sandbox.fault("scores", 401)
    learner.finishes(0.7)
    deliver_grades()
    assert (learner.delivery.state, learner.delivery.tries, learner.grade["score"]) == ("sent", 1, 70)


def test_tokens_refused_again_and_again_wait(sandbox, learner, flawless):
    sandbox.fault("scores", 401, times=2)
    learner.finishes(0.7)
    deliver_grades()
    assert learner.delivery.state == "pending" and "HTTP 401" in learner.delivery.last_error


@pytest.mark.parametrize("status", [400, 401, 503])
def test_without_a_token_the_grade_waits(sandbox, learner, flawless, status):
    from django.core.cache import cache

    cache.clear()
    sandbox.fault("token", status)
    learner.finishes(0.7)
    deliver_grades()
    assert learner.delivery.state == "pending" and "no access to its gradebook" in learner.delivery.last_error
    due_now()
    deliver_grades()
    assert learner.grade["score"] == 70


def test_a_conflict_is_sent_again_with_a_later_time(sandbox, learner, flawless):
    sandbox.fault("scores", 409)
    learner.finishes(0.7)
    before = learner.delivery.timestamp
    deliver_grades()
    assert learner.delivery.state == "sent" and learner.delivery.timestamp > before
    assert learner.grade["scores_received"] == 1


@pytest.mark.parametrize("reads", [True, False], ids=["results can be read", "results cannot be read"])
def test_a_score_whose_answer_was_lost_is_sent_again_without_harm(sandbox, learner, reads):
    if not reads:
        GradeService.objects.update(scopes=[ags.SCORE])
    sandbox.fault("scores", 503, after=True)
    learner.finishes(0.7)
    deliver_grades()
    assert learner.delivery.state == "pending" and learner.grade["score"] == 70
    for _ in range(2):
        due_now()
        deliver_grades()
    assert (learner.delivery.state, learner.grade["score"]) == ("sent", 70)
    assert learner.grade["scores_received"] == (1 if reads else 2)


def test_workers_at_the_same_time_send_each_grade_once(sandbox, learner, flawless):
    sandbox.fault("scores", 503, delay=0.5)
    learner.finishes(0.7)

    def work():
        try:
            delivery.deliver_due()
        finally:
            connection.close()

    for _ in range(2):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        due_now()
    assert (learner.delivery.state, learner.delivery.tries) == ("sent", 2)
    assert learner.grade["scores_received"] == 1


def test_a_better_attempt_during_a_delivery_is_not_lost(sandbox, learner, flawless):
    sandbox.fault("scores", 503, delay=1.0, after=True)
    learner.finishes(0.6)
    thread = threading.Thread(target=lambda: (delivery.deliver_due(), connection.close()))
    thread.start()
    wait_until(lambda: learner.grade["scores_received"] == 1)
    learner.finishes(0.8)
    thread.join(timeout=30)
    deliver_grades()
    assert (learner.delivery.state, learner.grade["score"]) == ("sent", 80)


def test_a_worker_killed_in_mid_delivery_leaves_the_grade_to_the_next(sandbox, learner):
    sandbox.fault("scores", 503, delay=3.0, after=True)
    learner.finishes(0.7)
    database = connection.settings_dict
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "coachtool.settings"}
    env["COACHTOOL_DATABASE_URL"] = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    if database["PORT"]:
        env["COACHTOOL_DATABASE_URL"] += f"&port={database['PORT']}"
    code = "import django; django.setup(); from lti import delivery; delivery.deliver_due()"
    root = Path(delivery.__file__).parents[1]
    worker = subprocess.Popen([sys.executable, "-c", code], env=env, cwd=root)
    wait_until(lambda: learner.grade["scores_received"] == 1)
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=10)
    assert learner.grade["scores_received"] == 1
    held = learner.delivery
    assert held.state == "pending" and held.claimed_until > timezone.now()
    deliver_grades()
    assert learner.delivery.tries == 1
    GradeDelivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    for _ in range(2):
        deliver_grades()
        due_now()
    assert (learner.delivery.state, learner.grade["score"]) == ("sent", 70)


def test_an_instructor_sees_everybodys_grades_and_launches_as_one(window, learner, flawless):
    learner.finishes(0.7)
    deliver_grades()
    course = window.sign_in("instructor")
    shown = window.get(course + "gradebook.json").json()["rows"]
    assert {row["score"] for row in shown if row["learner"] == learner.username} == {70, None}
    assert len({row["learner"] for row in shown}) > 3
    assert "70" in window.get(course + "gradebook/").text
    assert window.launch("instructor").status_code == 303
    assert Person.objects.get(lms_id="u-2").name == "Iris Novak"
