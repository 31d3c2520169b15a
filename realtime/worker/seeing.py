"""Looks at the learner's camera pictures, where the lease asks for it: the newest picture only, and nothing is kept."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from realtime.perception.seeing import measure, message, pictures
from realtime.perception.seeing.landmarker import Landmarker
from realtime.perception.sights import Sight
from realtime.perception.weights import WeightsError
from realtime.wire import Wire
from realtime.worker.lanes import Lane

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Eyes:
    """The landmarker and the one thread that all leases of this process look on."""

    landmarker: Landmarker
    lane: Lane

    def look(self, jpeg: bytes) -> Sight:
        """Raises PictureError. The time is left to the conversation."""
        return measure.sight(self.landmarker.look(pictures.decode(jpeg)), 0)


_eyes: Eyes | None = None
_loading = threading.Lock()


def eyes() -> Eyes:
    """This process's, loaded on the first call (0.1 s). Raises WeightsError."""
    global _eyes
    with _loading:
        if _eyes is None:
            _eyes = Eyes(Landmarker(), Lane("seeing"))
        return _eyes


class Seeing:
    """One learner's pictures. For one event loop."""

    def __init__(self, wire: Wire, begin: Mapping[str, Any], eyes: Callable[[], Eyes] = eyes):
        self._wire, self._eyes = wire, eyes
        self._picture: bytes | None = None  # the newest that was not looked at yet
        self._looking: asyncio.Task | None = None
        self._sense(begin.get("sense"))
        self.messages = {"sense": self._sense}
        self.frames = {"C": self._show}

    async def close(self) -> None:
        self._on = False
        if self._looking is not None:
            self._looking.cancel()

    def _sense(self, wanted: Any) -> None:
        self._on = isinstance(wanted, Mapping) and wanted.get("face") is True
        if not self._on:
            self._picture = None

    def _show(self, jpeg: bytes) -> None:
        if not self._on:
            return
        self._picture = jpeg
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        try:
            eyes = await asyncio.to_thread(self._eyes)
        except WeightsError as missing:
            log.error("nothing can be seen: %s", missing)
            return self._sense(None)
        while self._picture is not None:
            jpeg, self._picture = self._picture, None
            try:
                sight = await eyes.lane.run(eyes.look, jpeg)
            except pictures.PictureError as refusal:
                log.warning("a camera picture is refused: %s", refusal)
            else:
                if self._on:
                    self._wire.send("sight", **message.fields(sight))
