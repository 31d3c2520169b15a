"""Threads for inference, shared by all leases of a process, so that the leases' event loops never wait for a model."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from realtime.worker import metrics

FINAL, PARTIAL = 0, 1
_CLOSE = -1


class Lane:
    """A few threads that always take the most urgent call next; equally urgent ones in the order they came.

    How long calls wait and take is counted under the lane's name.
    """

    def __init__(self, name: str, threads: int = 1):
        self._name = name
        self._calls: queue.PriorityQueue = queue.PriorityQueue()
        self._order = itertools.count()
        self._busy = 0
        self._counting = threading.Lock()
        self._threads = threads
        self._workers = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for worker in self._workers:
            worker.start()
        atexit.register(self.close)  # a thread inside a native library must not outlive the interpreter

    @property
    def idle(self) -> bool:
        """A call made now would begin now."""
        return self._busy < self._threads

    def close(self) -> None:
        """Finish the calls under way, refuse the others, end the threads."""
        atexit.unregister(self.close)
        for _ in self._workers:
            self._calls.put((_CLOSE, next(self._order), 0.0, None, None, (), {}))
        for worker in self._workers:
            worker.join()

    async def run(self, call: Callable[..., Any], *args: Any, priority: int = FINAL, **kwargs: Any) -> Any:
        """The call's result; a call that has not begun when the awaiting task is cancelled never does."""
        future: Future = Future()
        with self._counting:
            self._busy += 1
        self._calls.put((priority, next(self._order), time.perf_counter(), future, call, args, kwargs))
        return await asyncio.wrap_future(future)

    def _work(self) -> None:
        while True:
            priority, _, since, future, call, args, kwargs = self._calls.get()
            if priority == _CLOSE:
                return
            try:
                if future.set_running_or_notify_cancel():
                    metrics.observe(f"{self._name} wait", time.perf_counter() - since)
                    try:
                        with metrics.timed(self._name):
                            result = call(*args, **kwargs)
                        future.set_result(result)
                    except BaseException as error:  # delivered to whoever awaits it
                        future.set_exception(error)
            finally:
                with self._counting:
                    self._busy -= 1


class Lanes:
    """One lane per kind of model."""

    def __init__(self, cores: int | None = None):
        cores = cores or os.cpu_count() or 1
        self.recognition = Lane("recognition", recognitions_at_once(cores))
        self.turn = Lane("turn", max(1, cores // 2))
        self.voice = Lane("voice", max(1, cores // 2))
        self.prosody = Lane("prosody")


def recognitions_at_once(cores: int | None = None) -> int:
    """How many decodes run side by side, each on two cores."""
    return max(1, (cores or os.cpu_count() or 1) // 2)
