"""The learner's microphone: silence, and the lines as they are spoken, in real time."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from realtime.rehearsal.voice import RATE

FRAME = RATE // 50  # samples in 20 ms


class Microphone(MediaStreamTrack):
    """An audio track at 48 kHz. A line is sent as a microphone would capture it, never faster."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self._began: float | None = None
        self._sent = 0
        self._line: np.ndarray = np.zeros(0, np.int16)
        self._finished: asyncio.Future[float] | None = None

    async def say(self, samples: np.ndarray) -> float:
        """Speak mono s16 samples; the loop time at which the last of them was sent.

        Raises MediaStreamError when the microphone is taken away before the line is over.
        """
        self._line = samples
        self._finished = asyncio.get_running_loop().create_future()
        return await self._finished

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        wait = self._began + self._sent / RATE - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self._next().tobytes())
        frame.pts, frame.sample_rate, frame.time_base = self._sent, RATE, Fraction(1, RATE)
        self._sent += FRAME
        return frame

    def stop(self) -> None:
        super().stop()
        if self._finished is not None and not self._finished.done():
            self._finished.set_exception(MediaStreamError())

    def _next(self) -> np.ndarray:
        block, self._line = self._line[:FRAME], self._line[FRAME:]
        if len(block) and not len(self._line) and self._finished is not None and not self._finished.done():
            self._finished.set_result(asyncio.get_running_loop().time())
        return np.pad(block, (0, FRAME - len(block)))
