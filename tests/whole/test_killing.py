"""Processes die in the middle of a conversation: the learner goes on, nothing is lost and nothing sent twice."""

import time
from collections import Counter

import pytest

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300)]

PER_OBJECTIVE = ("achieved", "failed")


def test_the_learner_goes_on_when_the_conversation_the_worker_and_the_web_are_killed_in_turn(world):
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
