"""500 grades, a sandbox LMS that fails at random in every way it can, and workers that are killed in between."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from coachtool.attempts import access
from coachtool.attempts.models import Attempt, Person
from lti import ags, delivery, tasks
from lti.models import GradeDelivery, GradeService, Registration
from tests import factories
from tests.lti.sandbox_book import Book

PATIENCE = 150  # seconds; half a minute is enough on a machine that does nothing else
pytestmark = [pytest.mark.whole, pytest.mark.timeout(PATIENCE + 90)]

LEARNERS = 500
FIRST = 460  # their numbers begin where other tests' end
CODES = [401, 403, 404, 409, 422, 429, 500, 503, 0]
WORKERS, THREADS = 3, 4
KILL_AT = [50, 150, 250, 350]  # grades that have arrived when another worker is killed
_ROOT = Path(delivery.__file__).parents[1]
_numbers = itertools.count(1)


class Workers:
    """Real Celery workers for the tool's default queue."""

    def __init__(self, log: Path):
        database = connection.settings_dict
        url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
        self._env = {
            **os.environ,
            "COACHTOOL_DATABASE_URL": url + (f"&port={database['PORT']}" if database["PORT"] else ""),
            "COACHTOOL_LTI_CALL_SECONDS": "1.5",
            "COACHTOOL_GRADE_PACE": "0.002",
        }
        self._log = log.open("w")
        self.running = [self._start() for _ in range(WORKERS)]

    def kill_one(self) -> None:
        """One dies as if its power was cut; another takes its place."""
        victim = self.running.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait(timeout=10)
        self.running.append(self._start())

    def stop(self) -> None:
        for worker in self.running:
            worker.kill()
            worker.wait(timeout=10)
        self._log.close()

    def _start(self) -> subprocess.Popen:
        celery = [sys.executable, "-m", "celery", "-A", "coachtool", "worker", "-Q", "default", "-P", "threads"]
        options = ["-c", str(THREADS), "-n", f"grades{next(_numbers)}@%h", "-l", "WARNING"]
        options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        return subprocess.Popen(celery + options, cwd=_ROOT, env=self._env, stdout=self._log, stderr=self._log)


class Class:
    """500 learners of one course, in the sandbox LMS and in the tool."""

    def __init__(self, sandbox):
        self.book = Book(sandbox)
        self.link = factories.resource_link()
        tenant = self.link.course.tenant
        numbers = range(FIRST, FIRST + LEARNERS)
        for number in numbers:
            names = {"username": f"learner{number}", "given_name": "Learner", "family_name": str(number)}
            self.book.another("sandbox_user", sub=f"u-{100 + number}", instructor=False, **names)
        place = self.book.another("sandbox_resourcelink", slug=f"faults-{self.link.pk}", title="Faults")
        self.item = self.book.another("sandbox_lineitem", link_id=place, made_by_tool=False, maximum=100)
        self.learners = Person.objects.bulk_create(
            Person(tenant=tenant, lms_id=f"u-{100 + number}", name=f"Learner {number}") for number in numbers
        )
        self.lineitem = f"{sandbox.url}/lti/courses/1/lineitems/{self.item}/lineitem?type_id=1"

    def finishes(self, learner: Person, score: float) -> Attempt:
        """A finished attempt; its grade is not settled yet."""
        now = timezone.now()
        return Attempt.objects.create(
            resource_link=self.link,
            learner=learner,
            version=self.link.activity.latest,
            modality="text",
            state=Attempt.State.FINISHED,
            started=now - timedelta(minutes=5),
            ended=now,
            score=score,
            outcome=Attempt.Outcome.PASSED,
        )

    def received(self) -> dict[str, list[float]]:
        """The scores that the sandbox took, in the order of their timestamps, by sub."""
        found: dict[str, list[float]] = {learner.lms_id: [] for learner in self.learners}
        for row in self.book.rows(
            "SELECT u.sub, s.given, s.maximum, s.grading_progress FROM sandbox_score s"
            " JOIN sandbox_user u ON u.id = s.user_id WHERE s.item_id = %s ORDER BY s.timestamp, s.id",
            self.item,
        ):
            assert (row["maximum"], row["grading_progress"]) == (100, "FullyGraded")
            found[row["sub"]].append(row["given"])
        return found

    def instructor(self) -> tuple[Client, str]:
        client = Client()
        session = client.session
        person = factories.person(self.link.course.tenant, "Iris Novak")
        visit = access.admit(session, person=person, resource_link=self.link, role="instructor", graded=False)
        session.save()
        return client, f"/v/{visit.id}/grades/"


@pytest.fixture
def pupils(sandbox):
    made = Class(sandbox)
    yield made
    made.book.run("DELETE FROM sandbox_score WHERE item_id = %s", made.item)
    made.book.close()


@pytest.fixture
def workers(pupils, tmp_path):
    cache.clear()
    running = Workers(tmp_path / "celery.log")
    yield running
    running.stop()


def test_500_grades_arrive_each_once_whatever_fails_and_whoever_is_killed(sandbox, pupils, workers):
    chance = random.Random(7)
    first = {learner: round(chance.uniform(0.2, 0.8), 2) for learner in pupils.learners}
    for learner, score in first.items():
        pupils.finishes(learner, score)
    # Three refusals that ask for a pause first, then by lot: some before the work is done, some after it.
    sandbox.fault("scores", 429, times=3, retry_after=1)
    sandbox.fault("scores", statuses=CODES, share=0.4, seed=7, times=10_000, delay=2, retry_after=0)
    sandbox.fault("results", statuses=CODES, share=0.1, seed=8, times=10_000, delay=2, retry_after=0)
    sandbox.fault("token", statuses=[400, 401, 429, 500, 503], share=0.3, seed=9, times=10_000, retry_after=0)
    registration = Registration.objects.get()
    GradeService.objects.create(
        resource_link=pupils.link,
        registration=registration,
        lineitem=pupils.lineitem,
        scopes=[ags.READ_RESULTS, ags.SCORE],
    )
    assert GradeDelivery.objects.count() == LEARNERS

    # While they are on their way some get better, and some try again for nothing.
    better, worse = pupils.learners[:60], pupils.learners[60:120]
    second = iter([(learner, first[learner] + 0.15) for learner in better] + [(learner, 0.1) for learner in worse])
    kills = list(KILL_AT)
    client, page = pupils.instructor()
    asked_again, tried_again = 0, set()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for learner, score in itertools.islice(second, 6):
            factories.signals.attempt_finished.send(Attempt, attempt=pupils.finishes(learner, score))
            tried_again.add(learner.pk)
        for _ in range(WORKERS * THREADS):
            tasks.deliver_grades.apply_async(expires=2)  # as beat does
        time.sleep(0.5)
        arrived = GradeDelivery.objects.filter(state="sent").count()
        if kills and arrived >= kills[0]:
            workers.kill_one()
            kills.pop(0)
        states = set(GradeDelivery.objects.values_list("state", flat=True))
        if states == {"stuck", "sent"}:
            asked_again += 1
            client.post(f"{page}retry/")
        if states == {"sent"} and not kills and all(learner.pk in tried_again for learner in pupils.learners[:120]):
            break

    expected = {learner.lms_id: [round(first[learner] * 100, 2)] for learner in pupils.learners}
    for learner in better:
        expected[learner.lms_id].append(round((first[learner] + 0.15) * 100, 2))
    received = pupils.received()
    left = list(GradeDelivery.objects.exclude(state="sent").values_list("state", "last_error"))
    assert left == [], f"{len(left)} grades did not arrive"
    assert {sub: scores[-1:] for sub, scores in received.items()} == {
        sub: scores[-1:] for sub, scores in expected.items()
    }, "a grade is missing or stale"
    twice = {sub: scores for sub, scores in received.items() if len(scores) != len(set(scores))}
    assert twice == {}, "a grade was taken twice"
    strange = {sub: scores for sub, scores in received.items() if scores not in (expected[sub], expected[sub][-1:])}
    assert strange == {}, "something else than the learner's grades was taken"
    played = pupils.book.rows("SELECT endpoint, calls, 10000 - times AS played FROM sandbox_fault WHERE times > 0")
    assert sum(row["played"] for row in played) > LEARNERS / 2, "there were not enough failures to speak of"
    assert asked_again <= 3
    assert "All 500 grades are in the gradebook." in client.get(page).text
