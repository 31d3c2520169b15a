"""The persona's face in the conversation's process: what happens goes in, frames a little ahead of now come out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from realtime.rendering.behaviour.ahead import Ahead
from realtime.rendering.behaviour.engine import Engine
from realtime.rendering.behaviour.events import Event
from realtime.rendering.codec import MOST
from realtime.rendering.frames import LEAD_MS, Frame

PACKET_MS = 100
_PLAUSIBLE = 5.0  # s that an event lies from now, at most


class Face:
    """Calls `on_frames` about ten times a second with the next frames, and at once with those that an event replaces.

    Frames that come later replace earlier ones for the same time.
    """

    def __init__(self, seed: int, on_frames: Callable[[Sequence[Frame]], None]):
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._ahead = Ahead(Engine(seed))
        self._on_frames = on_frames
        self._running = asyncio.ensure_future(self._run())

    def show(self, event: Event, when: float | None = None) -> None:
        """`event` happens at `when` (the loop's time), or now."""
        now = self._loop.time()
        if when is None or abs(when - now) > _PLAUSIBLE:
            when = now
        self._send(self._ahead.tell(event, (when - self._began) * 1000))

    def when(self, at_ms: float) -> float:
        """The loop's time of a frame."""
        return self._began + at_ms / 1000

    def close(self) -> None:
        self._running.cancel()

    async def _run(self) -> None:
        while True:
            now_ms = (self._loop.time() - self._began) * 1000
            self._send(self._ahead.until(now_ms + LEAD_MS + PACKET_MS))
            await asyncio.sleep(max(0.0, self._ahead.at_ms - LEAD_MS - now_ms) / 1000)

    def _send(self, frames: list[Frame]) -> None:
        for first in range(0, len(frames), MOST):
            self._on_frames(frames[first : first + MOST])
