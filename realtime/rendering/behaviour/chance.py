"""Repeatable random numbers, and smooth noise, for parts of a face that are copied at any moment."""

from __future__ import annotations

import math
import zlib

_MASK = 2**64 - 1


class Drawn:
    """A part that draws random numbers of its own stream, so that no part's draws disturb another's.

    Whatever a part holds is immutable: `copy.copy` of it is a part that goes its own way from there.
    """

    def __init__(self, seed: int):
        self._stream = key(seed, type(self).__name__)
        self._drawn = 0

    def draw(self, low: float = 0.0, high: float = 1.0) -> float:
        """Uniform between `low` and `high`."""
        self._drawn += 1
        return low + (high - low) * uniform(self._stream, self._drawn)

    def happens(self, probability: float) -> bool:
        return self.draw() < probability

    def around(self, mean: float, spread: float) -> float:
        """Normal (Box and Muller 1958), within two and a half deviations."""
        far = math.sqrt(-2 * math.log(1 - self.draw())) * math.cos(2 * math.pi * self.draw())
        return mean + spread * max(-2.5, min(2.5, far))


def key(seed: int, name: str) -> int:
    return _mixed((seed & _MASK) ^ zlib.crc32(name.encode()) << 17)


def uniform(stream: int, place: int) -> float:
    """Number `place` of a stream, 0 to 1 (SplitMix64; Steele, Lea and Flood 2014)."""
    return (_mixed((stream + place * 0x9E3779B97F4A7C15) & _MASK) >> 11) / 2**53


def drift(stream: int, at: float) -> float:
    """Smooth noise, -1 to 1, with one feature in each unit of `at` (Perlin's value noise)."""
    place = math.floor(at)
    share = at - place
    share *= share * (3 - 2 * share)
    before, after = uniform(stream, place), uniform(stream, place + 1)
    return 2 * (before + (after - before) * share) - 1


def _mixed(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31
