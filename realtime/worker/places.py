"""The places of this worker process: how many leases it may serve, how many it serves, and whether it is about to end.

Thread-safe: every lease runs in a thread of its own.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

_OVER = 2  # times the slots: how far a conversation that lost its worker may crowd this one


class Places:
    """`slots` are for conversations that begin. One that lost its worker in its middle is let in beyond them.

    While `strained()`, which only running shows, there are no more places than are taken.
    """

    def __init__(self, slots: int, strained: Callable[[], bool] = lambda: False):
        self._slots, self._strained = slots, strained
        self._taken = 0
        self._lock = threading.Lock()
        self._drained_at: float | None = None

    @property
    def slots(self) -> int:
        return min(self._slots, self._taken) if self._strained() else self._slots

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def draining(self) -> bool:
        """No conversation is let in any more, and those that are here are to move on."""
        return self._drained_at is not None

    @property
    def over(self) -> bool:
        """The time to move on has passed."""
        return self._drained_at is not None and time.monotonic() >= self._drained_at

    def drain(self, seconds: float) -> None:
        """Let nobody in any more; who is still here after `seconds` is sent away. Safe in a signal handler."""
        until = time.monotonic() + seconds
        self._drained_at = until if self._drained_at is None else min(until, self._drained_at)

    @contextlib.contextmanager
    def place(self, urgent: bool) -> Iterator[bool]:
        """Whether there is a place, held during the block."""
        with self._lock:
            found = not self.draining and self._taken < (_OVER * self._slots if urgent else self.slots)
            self._taken += found
        try:
            yield found
        finally:
            with self._lock:
                self._taken -= found
