"""Processes die in the middle of a conversation: the learner goes on, nothing is lost and nothing sent twice."""

import signal
import time
from collections import Counter

import pytest

from realtime.rehearsal import script
from tests.realtime.speech import word_errors
from tests.whole.waiting import until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

PER_OBJECTIVE = ("achieved", "failed")


def test_the_learner_goes_on_when_the_conversation_the_workers_and_the_web_are_killed_in_turn(world):
    rehearsal = world.rehearse("claims-pass")
    for name in ("conversation", "gpu", "web"):
        time.sleep(18)
        assert rehearsal.poll() is None, f"the rehearsal was over before the {name} process was killed"
        assert world.kill(name)
    result = world.result(rehearsal)
    assert result["outcome"] == "passed", result
    assert result["grade_in_lms"] == result["score"]
    sent = Counter(verb for verb in result["statements"] if verb not in PER_OBJECTIVE)
    assert set(sent.values()) == {1}, sent
    world.product.wait_until_ready()


def ready_workers(world) -> int:
    return sum(name.startswith("coachtool_slots{") for name in world.metrics())


def lines(result: dict, speaker: str) -> list[str]:
    return [turn["text"] for turn in result["turns"] if turn["speaker"] == speaker]


# Killed by the system, standing still, and asked to end: the conversation finds itself another worker each time.
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda how: how.name)
def test_a_worker_that_goes_in_the_middle_is_followed_by_another_and_no_word_is_lost(world, how):
    until(lambda: ready_workers(world) == 2 and world.serving() is None, 120)  # an earlier conversation's is given back
    lost_before = world.metrics()["coachtool_failover_seconds_count"]
    rehearsal = world.rehearse("claims-pass")
    first = until(lambda: rehearsal.poll() is not None or world.serving(), 60)
    time.sleep(12)
    assert rehearsal.poll() is None, world.result(rehearsal)
    first.send_signal(how)
    second = until(lambda: (now := world.serving()) and now.pid != first.pid and now, 60)
    if how == signal.SIGSTOP:
        first.kill()
    result = world.result(rehearsal)
    assert result["outcome"] == "passed", result
    said = [line.text for line in script.load("claims-pass").lines]
    heard = lines(result, "learner")
    which = [min(range(len(said)), key=lambda at: word_errors(text, said[at])) for text in heard]
    assert which == sorted(set(which)) and len(which) >= 4
    assert all(word_errors(text, said[at]) <= 0.3 for text, at in zip(heard, which, strict=True)), heard
    assert len(lines(result, "persona")) == len(heard) + 1
    assert not any(turn["interrupted"] for turn in result["turns"])
    assert second.is_running()
    if how != signal.SIGTERM:
        assert world.metrics()["coachtool_failover_seconds_count"] > lost_before
