"""Blinks, at the rates and with the shape that people have.

Rates a minute by what one does: Bentivoglio et al. 1997 (17 at rest, 26 in conversation). A lid shuts in about
75 ms and opens in about twice that (VanderWerf et al. 2003).
"""

from __future__ import annotations

import math

from realtime.rendering.behaviour.chance import Drawn
from realtime.rendering.behaviour.motion import smooth

_RATES = {"listening": 16.0, "hearing": 15.0, "thinking": 19.0, "speaking": 21.0}  # a minute
_SHUTS, _HOLDS, _OPENS = 75.0, 25.0, 180.0  # ms
_WHOLE = _SHUTS + _HOLDS + _OPENS
_REFRACTORY = 700.0  # ms
_LONGEST = 11_000.0  # ms without a blink
_DOUBLE = 0.1  # share of blinks that come in pairs


class Blinks(Drawn):
    """When the lids shut."""

    def __init__(self, seed: int, at: float):
        super().__init__(seed)
        self._began = -math.inf
        self._next = at + self.draw(600, 2100)

    def invite(self, t: float, probability: float) -> None:
        """Something that often brings a blink: a gaze that leaves, the end of a phrase, a change of the floor."""
        if self.happens(probability) and t - self._began > 900:
            self._next = min(self._next, t + self.draw(0, 160))

    def at(self, t: float, state: str) -> float:
        """How far the lids are shut, 0 to 1."""
        if t >= self._next:
            self._began = t
            self._next = t + (_WHOLE + 40 if self.happens(_DOUBLE) else self._gap(state))
        return lid(t - self._began)

    def _gap(self, state: str) -> float:
        mean = 60_000 / _RATES[state] * 1.1
        skewed = -(math.log(1 - self.draw()) + math.log(1 - self.draw())) / 2  # Erlang, mean 1
        return min(_REFRACTORY + (mean - _REFRACTORY) * skewed, _LONGEST)


def lid(ms: float) -> float:
    """How far a lid is shut, 0 to 1, `ms` after a blink began."""
    if not 0 <= ms <= _WHOLE:
        return 0.0
    return smooth(ms / _SHUTS) if ms < _SHUTS else 1 - smooth((ms - _SHUTS - _HOLDS) / _OPENS)
