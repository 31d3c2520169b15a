"""What the mouth says: key frames of sentences, begun, broken off, and taken up in their middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.rendering.behaviour.motion import smooth
from realtime.rendering.behaviour.units import PLACE

_RELEASE = 120.0  # ms: how long the mouth takes to close where speech is broken off
_HANDOVER = 50.0  # ms: the same where the next sentence has begun
_ATTACK = 40.0  # ms: how long it takes to open where a sentence is taken up in its middle
_LONGEST = 120_000  # ms of one sentence
_MOST_KEYS = 6_000


@dataclass(frozen=True, eq=False)
class Movement:
    """A sentence's lips and jaw.

    `times` (k,) float, ms from its first sample, ascending; `values` (k, 52) float, 0 to 1, between which one goes
    straight; `beats`: (ms, weight 0 to 1) of each stressed syllable.
    """

    times: np.ndarray
    values: np.ndarray
    beats: tuple[tuple[float, float], ...] = ()

    @classmethod
    def read(
        cls,
        names: Sequence[str] = (),
        times: Sequence[float] = (),
        values: Sequence[Sequence[float]] = (),
        beats: Sequence[Sequence[float]] = (),
    ) -> Movement:
        """From what a worker sent: `values[i]` are the coefficients named `names` at `times[i]`. Raises ValueError,
        which names the field."""
        if not all(isinstance(name, str) and name in PLACE for name in names) or len(set(names)) != len(names):
            raise ValueError("names: not coefficients of a face, each once")
        at = _numbers(times, "times", (len(times),))
        if len(at) > _MOST_KEYS or (len(at) and (at[0] < 0 or at[-1] > _LONGEST or (np.diff(at) <= 0).any())):
            raise ValueError("times: not ascending, or too many")
        keys = np.zeros((len(at), len(PLACE)))
        if names:
            keys[:, [PLACE[name] for name in names]] = _numbers(values, "values", (len(at), len(names)))
        marks = _numbers(beats, "beats", (len(beats), 2)) if len(beats) else np.zeros((0, 2))
        if len(marks) > _MOST_KEYS or (marks < 0).any() or (marks[:, 0] > _LONGEST).any():
            raise ValueError("beats: not times and weights within the sentence")
        return cls(at, np.clip(keys, 0, 1), tuple((float(ms), min(float(weight), 1.0)) for ms, weight in marks))

    @property
    def length(self) -> float:
        """ms"""
        return float(self.times[-1]) if len(self.times) else 0.0

    def at(self, ms: float) -> np.ndarray:
        """(52,) float."""
        after = int(np.searchsorted(self.times, ms, side="right"))
        if after == 0 or after == len(self.times):
            return self.values[min(after, len(self.times) - 1)]
        start, end = self.times[after - 1], self.times[after]
        share = (ms - start) / (end - start)
        return self.values[after - 1] * (1 - share) + self.values[after] * share


class Mouth:
    """The sentence being said, and the mouth's way out of the one before."""

    def __init__(self) -> None:
        self._said: Movement | None = None
        self._origin = self._since = 0.0  # where the sentence's first sample lies; from when it is heard
        self._left: np.ndarray | None = None  # the mouth as it was when a sentence was broken off
        self._left_at = 0.0

    @property
    def speaking(self) -> bool:
        return self._said is not None

    def speak(self, movement: Movement, at: float, since: float = 0.0) -> None:
        """A sentence is heard from `at`, beginning `since` ms into it."""
        self.hush(at)
        if movement.length:
            self._said, self._origin, self._since = movement, at - since, at

    def hush(self, at: float) -> None:
        if self._said is not None:
            self._left, self._left_at, self._said = self._heard(at), at, None

    def at(self, t: float) -> np.ndarray:
        """(52,) float: what speech asks of the face."""
        if self._said is not None and t >= self._origin + self._said.length:
            self._said = None
        shown = self._heard(t)
        if self._left is not None:
            share = 1 - smooth((t - self._left_at) / (_HANDOVER if self._said is not None else _RELEASE))
            shown = np.maximum(shown, self._left * share)
            if share <= 0:
                self._left = None
        return shown

    def _heard(self, t: float) -> np.ndarray:
        if self._said is None:
            return np.zeros(len(PLACE))
        attack = smooth((t - self._since) / _ATTACK) if self._since > self._origin else 1.0
        return self._said.at(t - self._origin) * attack


def _numbers(given: Any, field: str, shape: tuple[int, ...]) -> np.ndarray:
    try:
        made = np.asarray(given, float)
    except (TypeError, ValueError):
        raise ValueError(f"{field}: not numbers") from None
    if made.shape != shape or not np.isfinite(made).all():
        raise ValueError(f"{field}: not {' by '.join(map(str, shape))} numbers")
    return made
