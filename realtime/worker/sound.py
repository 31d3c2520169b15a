"""The learner's sound as it grows: appended at the end, forgotten at the beginning."""

from __future__ import annotations

import numpy as np

from realtime.perception.protocols import RATE


class Sound:
    """Mono float32 at 16 kHz; positions are ms since the beginning, whatever has been forgotten."""

    def __init__(self) -> None:
        self._samples = np.zeros(RATE * 8, np.float32)
        self._first = self._length = 0  # the stream position of the oldest kept sample; how many are kept

    @property
    def end_ms(self) -> int:
        return (self._first + self._length) * 1000 // RATE

    def append(self, samples: np.ndarray) -> None:
        needed = self._length + len(samples)
        if needed > len(self._samples):
            self._samples = np.concatenate([self._samples, np.zeros(max(needed, len(self._samples)), np.float32)])
        self._samples[self._length : needed] = samples
        self._length = needed

    def between(self, start_ms: int, end_ms: int) -> np.ndarray:
        """A copy of what is still there of this stretch."""
        start, end = (min(max(ms * RATE // 1000 - self._first, 0), self._length) for ms in (start_ms, end_ms))
        return self._samples[start:end].copy()

    def forget_before(self, ms: int) -> None:
        gone = min(max(ms * RATE // 1000 - self._first, 0), self._length)
        if gone:
            self._samples[: self._length - gone] = self._samples[gone : self._length].copy()
            self._first, self._length = self._first + gone, self._length - gone
