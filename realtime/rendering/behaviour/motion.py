"""How things of flesh move: smooth steps, pulses, and values that follow their target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_SETTLED = 5.83  # a critically damped follower is within 2 % of its target after this many time constants


def smooth(share: float) -> float:
    """From 0 to 1 without a jump of speed."""
    return 0.0 if share <= 0 else 1.0 if share >= 1 else share * share * (3 - 2 * share)


def pulse(share: float) -> float:
    """0 at 0 and 1, 1 in the middle, without a jump of speed."""
    return math.sin(math.pi * share) ** 2 if 0 < share < 1 else 0.0


@dataclass(frozen=True, eq=False)
class Follower:
    """A value, or an array of values, that follows a target without overshoot (critically damped)."""

    value: Any = 0.0
    speed: Any = 0.0

    def towards(self, target: Any, settle: float, seconds: float) -> Follower:
        """After `seconds`; `settle` is the time that it takes to come within 2 % of a target, s. Exact for any step."""
        rate = _SETTLED / settle
        away = self.value - target
        push = self.speed + rate * away
        decay = math.exp(-rate * seconds)
        return Follower(target + (away + push * seconds) * decay, (self.speed - rate * push * seconds) * decay)
