"""This worker process among the others of the pool: its places, its entry in Valkey, and how it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from realtime import pool
from realtime.worker import metrics
from realtime.worker.places import Places

log = logging.getLogger(__name__)

_EVERY = 1.0  # seconds between two entries


class House:
    """Says every second, from a thread of its own, how many places there are and how many are taken."""

    def __init__(self, name: str, places: Places, models: Mapping[str, str]):
        self.name, self.places, self._models = name, places, models
        self._changed = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._keep_signed_in, name="pool", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """A place was taken or given back: say so now."""
        self._changed.set()

    def drain(self, seconds: float) -> None:
        """Let nobody in any more and be empty after `seconds`. Safe in a signal handler."""
        self.places.drain(seconds)

    def close(self) -> None:
        """Sign off."""
        self._closed = True
        self._changed.set()
        self._thread.join(2)
        pool.sign_off(self.name)

    def _keep_signed_in(self) -> None:
        while not self._closed:
            places = self.places
            entry = pool.Worker(
                self.name, places.slots, places.taken, places.draining, self._models, metrics.snapshot()
            )
            try:
                pool.sign_in(entry)
            except Exception as error:  # whatever it is: without its entry a worker gets no conversation any more
                log.warning("Valkey does not take this worker's entry: %s", error)
                time.sleep(_EVERY)
            self._changed.wait(_EVERY)
            self._changed.clear()
