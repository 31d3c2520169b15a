"""How far what is seen lies from what is heard, from two recordings of which the events are known.

Signs as in ITU-R BT.1359-1: positive where the sound comes before the picture, negative where it comes after. All times
are ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_STEP = 2.0  # ms between two places that are tried
_AROUND = 350.0  # ms to either side of an event in which it is looked for


@dataclass(frozen=True, eq=False)
class Signal:
    """Something that was sent or came out: `values` (n,) at `times` (n,), ascending; straight between them."""

    times: np.ndarray
    values: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """(n,) float."""
        return np.interp(times, self.times, self.values)


def lag(came: Signal, sent: Signal, least: float, most: float) -> tuple[float, float]:
    """By how much `came` lies after `sent`, between `least` and `most`, and their correlation there."""
    grid = np.arange(sent.times[0], sent.times[-1], _STEP)
    wanted = _unit(sent.at(grid))
    lags = np.arange(least, most, _STEP)
    line = came.at(np.arange(grid[0] + least, grid[-1] + most + _STEP, _STEP))
    windows = np.lib.stride_tricks.sliding_window_view(line, len(grid))[: len(lags)]
    likeness = np.array([float(_unit(window) @ wanted) for window in windows])
    best = int(likeness.argmax())
    return float(lags[best]), float(likeness[best])


def moments(came: Signal, events: Sequence[float], shift: float) -> np.ndarray:
    """(events,) float: when each event's pulse was there, NaN where none was; `shift` is about how late they come.

    A pulse's moment is the middle between its two flanks at half of its height, so that it depends neither on how high
    it is nor on how the renderer bends the scale.
    """
    return np.array([_middle(came, event + shift) for event in events])


def _middle(came: Signal, about: float) -> float:
    grid = np.arange(about - _AROUND, about + _AROUND, 1.0)
    if grid[0] < came.times[0] or grid[-1] > came.times[-1]:
        return float("nan")
    values = came.at(grid)
    near = np.abs(grid - about) < 0.5 * _AROUND
    top = int(np.flatnonzero(near)[values[near].argmax()])
    low = float(np.quantile(values, 0.2))
    above = values >= (values[top] + low) / 2
    if above.all() or values[top] - low < 1e-9:
        return float("nan")
    first = top - int((~above[top::-1]).argmax())
    last = top + int((~above[top:]).argmax())
    if above[first] or above[last]:
        return float("nan")
    return float(grid[first] + grid[last]) / 2


def _unit(values: np.ndarray) -> np.ndarray:
    away = values - values.mean()
    length = float(np.linalg.norm(away))
    return away / length if length > 1e-9 else away
