"""Breathing: about 14 times a minute at rest; before speech a quick, deeper breath, then a long way out."""

from __future__ import annotations

import math

from realtime.rendering.behaviour.chance import drift, key
from realtime.rendering.behaviour.motion import Follower

RISE = 0.0012
"""Metres by which the head rises and sinks with the breath: the y of a frame's shift, and nothing else is in it."""

_IN = 0.4  # share of a breath that goes in
_RATES = {"listening": 14.0, "hearing": 14.0, "thinking": 15.0, "speaking": 11.0}  # a minute


class Breath:
    """-1 breathed out, 1 breathed in."""

    def __init__(self, seed: int):
        self._stream = key(seed, "breath")
        self._phase = 0.0
        self._hurry = Follower()
        self._hurries = False

    def gasp(self) -> None:
        """She is about to speak: breathe in soon."""
        self._hurries = True

    def at(self, t: float, state: str, seconds: float) -> float:
        inward = self._phase % 1 < _IN
        if self._hurries and inward and self._phase % 1 > _IN * 0.8:
            self._hurries = False
        self._hurry = self._hurry.towards(2.2 if self._hurries else 0.0, 0.5, seconds)
        uneven = 1 + 0.25 * drift(self._stream, t / 5000)
        self._phase += seconds * _RATES[state] / 60 * uneven * (1 + self._hurry.value)
        share = self._phase % 1
        turn = share / _IN * 0.5 if share < _IN else 0.5 + (share - _IN) / (1 - _IN) * 0.5
        return -math.cos(2 * math.pi * turn)
