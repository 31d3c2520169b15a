"""What is usual for one learner, and how unusual something is beside it.

The spread of a measure has two parts: from turn to turn, which remains however long a turn is, and within one, which
averages out. Their sizes were read from real recordings (see hearing_benchmark.py) and set wider for free speech;
the learner's own spread corrects them as it becomes known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FIRST_SECONDS = 60.0  # of speech: the learner's own first minute
LEAST_SECONDS = 12.0  # of it, in at least LEAST_TURNS turns, before anything is compared
LEAST_TURNS = 3
_PRIOR_TURNS = 8  # what the spread from the recordings weighs beside the learner's own turns


@dataclass(frozen=True)
class Spread:
    """Standard deviations: `between` a speaker's turns, and of a single second `within` one."""

    between: float
    within: float

    def variance(self, seconds: float, turns: float = 1.0) -> float:
        return self.between**2 / turns + self.within**2 / seconds


@dataclass(frozen=True)
class Effect:
    """How far something lies from what is usual (`size`, in the measure's unit) and how sure that is, 0 to 1."""

    size: float
    confidence: float


class Baseline:
    """One measure in the learner's first minute of speech."""

    def __init__(self, spread: Spread):
        self._spread = spread
        self._turns: list[tuple[float, float]] = []  # value, seconds

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self._turns)

    def add(self, value: float, seconds: float) -> None:
        """One more turn; once the minute is full it changes nothing."""
        if self.seconds < FIRST_SECONDS:
            self._turns.append((value, seconds))

    def compare(self, value: float, seconds: float) -> Effect | None:
        """None while too little is known."""
        if len(self._turns) < LEAST_TURNS or self.seconds < LEAST_SECONDS:
            return None
        mean = sum(value * each for value, each in self._turns) / self.seconds
        variance = self._spread.variance(seconds) + self._spread.variance(self.seconds, len(self._turns))
        return Effect(value - mean, certainty((value - mean) / math.sqrt(variance * self._widening(mean))))

    def _widening(self, mean: float) -> float:
        """By how much the learner's own variance is greater than the recordings', or less."""
        own = sum((value - mean) ** 2 / self._spread.variance(seconds) for value, seconds in self._turns)
        return max(0.5, (_PRIOR_TURNS + own) / (_PRIOR_TURNS + len(self._turns) - 1))


def certainty(z: float) -> float:
    """How sure a difference of `z` standard errors is: the share of chance differences below it, .99 at most."""
    return min(math.erf(abs(z) / math.sqrt(2)), 0.99)
