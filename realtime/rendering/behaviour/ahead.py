"""A face some frames ahead of now, so that its frames are there in time; what happens meanwhile replaces them."""

from __future__ import annotations

from realtime.rendering.behaviour.engine import Engine
from realtime.rendering.behaviour.events import Event
from realtime.rendering.frames import Frame

_KEPT = 80  # frames that can be taken back: a process that was held up learns late what it says


class Ahead:
    """Frames of a face in order; an event takes those back that come after it."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._marks: list[Engine] = []  # the face before each of the last frames

    @property
    def at_ms(self) -> float:
        """The time of the next frame that was never yielded."""
        return self._engine.at_ms

    def until(self, ms: float) -> list[Frame]:
        """The next frames, all before `ms`."""
        frames = []
        while self._engine.at_ms < ms:
            self._marks = [*self._marks[1 - _KEPT :], self._engine.copy()]
            frames.append(self._engine.frame())
        return frames

    def tell(self, event: Event, at_ms: float) -> list[Frame]:
        """The frames from `at_ms` on that were yielded already, as they are with this event."""
        for mark in self._marks:
            mark.tell(event, at_ms)
        self._engine.tell(event, at_ms)
        horizon = self._engine.at_ms
        stale = [mark for mark in self._marks if mark.at_ms >= at_ms]
        if not stale:
            return []
        self._marks = self._marks[: -len(stale)]
        self._engine = stale[0]
        return self.until(horizon)
