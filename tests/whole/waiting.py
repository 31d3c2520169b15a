"""Waiting for what a running product does by itself."""

import time


def until(condition, seconds):
    """What `condition` gives as soon as it is true; fails the test when it was not in so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.2)
    return found
