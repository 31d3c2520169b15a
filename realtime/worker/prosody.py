"""How a learner speaks, measured while they pause, so that it is there before the floor is theirs no more."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from realtime.perception.prosody import Contour, contour, prosody
from realtime.perception.protocols import RATE
from realtime.worker.lanes import Lane
from realtime.worker.sound import Sound

log = logging.getLogger(__name__)

_SPEECH = 0.35  # probability below which a frame is silent, as for the floor
_LONGEST_MS = 60_000  # of a turn: what goes on longer is said like its first minute


class ProsodyMeter:
    """Measures the turns of one learner while it is `on`, and sends each `prosody` message of docs/architecture.md.

    The message after each pause covers the whole turn so far. `frame`: samples of a frame. For one event loop.
    """

    def __init__(self, sound: Sound, lane: Lane, send: Callable[..., None], frame: int):
        self._sound, self._lane, self._send, self._frame = sound, lane, send, frame
        self._frame_ms = frame * 1000 // RATE
        self._talking: deque[bool] = deque(maxlen=_LONGEST_MS // self._frame_ms)  # of the newest frames
        self._turn: _Turn | None = None
        self._tasks: set[asyncio.Task] = set()
        self.on = False

    def heard(self, probability: float) -> None:
        """The speech probability of the frame that was appended to the sound."""
        self._talking.append(probability >= _SPEECH)

    def started(self, at_ms: int) -> None:
        """A turn began."""
        self._turn = _Turn(at_ms)

    def paused(self, ended_ms: int) -> None:
        """The learner has not spoken since `ended_ms`: measure what is new up to there."""
        turn = self._turn
        if not self.on or turn is None or not turn.upto_ms < ended_ms <= turn.started_ms + _LONGEST_MS:
            return
        start, turn.upto_ms = turn.upto_ms, ended_ms
        samples, frames = self._sound.between(start, ended_ms), np.array(self._talking)
        first = max(0, len(frames) - (self._sound.end_ms - start) // self._frame_ms)
        task = asyncio.ensure_future(self._measure(turn, samples, frames[first:]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _measure(self, turn: _Turn, samples: np.ndarray, talking: np.ndarray) -> None:
        try:
            async with turn.one_at_a_time:
                turn.contour = await self._lane.run(_extended, turn.contour, samples, talking, self._frame)
                found = await self._lane.run(prosody, turn.contour, turn.started_ms)
        except Exception:
            return log.exception("the prosody of a turn could not be measured")
        if self.on:
            self._send("prosody", **asdict(found))


class _Turn:
    """One turn, measured from `started_ms` to `upto_ms`."""

    def __init__(self, started_ms: int):
        self.started_ms = self.upto_ms = started_ms
        self.contour: Contour | None = None
        self.one_at_a_time = asyncio.Lock()


def _extended(before: Contour | None, samples: np.ndarray, talking: np.ndarray, frame: int) -> Contour:
    new = contour(samples, talking, frame)
    return new if before is None else before.then(new)
