"""The persona's face as video, from a worker to the learner, over WebRTC."""

import time

import pytest

from tests.whole.waiting import until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

NEVER = 20_000  # ms: the conversation goes on for longer than that after its worker is gone


def test_the_face_comes_as_video_and_comes_back_from_another_worker_when_its_own_is_killed(filmed):
    rehearsal = filmed.rehearse("claims-pass", "--video")
    first = until(lambda: rehearsal.poll() is not None or filmed.serving(), 60)
    time.sleep(12)
    assert rehearsal.poll() is None, filmed.result(rehearsal)
    first.kill()
    second = until(lambda: (now := filmed.serving()) and now.pid != first.pid and now, 60)
    result = filmed.result(rehearsal)
    assert result["outcome"] == "passed", result
    assert result["pictures"] > 0 and result["longest_without_picture_ms"] < NEVER, result
    assert second.is_running()
