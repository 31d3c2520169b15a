"""A process dies in the middle of a conversation: the learner goes on, nothing is lost and nothing sent twice."""

import time
from collections import Counter

import pytest

pytestmark = [pytest.mark.whole, pytest.mark.timeout(300)]

PER_OBJECTIVE = ("achieved", "failed")


@pytest.mark.parametrize("name", ["conversation", "gpu", "web"])
def test_the_learner_goes_on_when_a_process_is_killed(world, name):
    rehearsal = world.rehearse("claims-pass")
    time.sleep(25)
    assert rehearsal.poll() is None, "the rehearsal was over before the process was killed"
    assert world.kill(name)
    result = world.result(rehearsal)
    assert result["outcome"] == "passed", result
    assert result["grade_in_lms"] == result["score"]
    sent = Counter(verb for verb in result["statements"] if verb not in PER_OBJECTIVE)
    assert set(sent.values()) == {1}, sent
    world.product.wait_until_ready()
