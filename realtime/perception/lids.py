"""Blinks, as a camera sees them that looks now and then: counted one by one, and compared as counts.

Of blinks that are shorter than the time between two frames, a frame meets one now and then; how many it meets is a
count among frames, whatever the frames' rate. Two counts are compared by the exact conditional test for rates
(Przyborowski & Wilenski, Biometrika 31, 1940) with half of the observed count's own chance (mid-p; Lancaster, JASA 56,
1961), so that few frames and few blinks make little sure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BLINK_MS = 150  # that the lids are at least half closed (Kwon et al., J. R. Soc. Interface 10, 2013)
_LONGEST_MS = 500  # lids that stay down are closed, or look down; they do not blink
_SHUT = 0.65  # what the landmarker reads of shut lids, 0.6 to 0.7 from face to face
_OPEN = 0.3  # a learner's lids that rest above it never read as open


@dataclass(frozen=True)
class Blinks:
    """How many were `seen`, in how many `frames` that could have met one."""

    seen: int
    frames: int

    @property
    def a_minute(self) -> float:
        """The rate that this many speak for."""
        return 60_000 / BLINK_MS * self.seen / max(self.frames, 1)


def blinks(lids: Sequence[tuple[int, float]], rest: float) -> Blinks:
    """Those in `lids`: ms and the coefficient of closed lids, 0 to 1, of each frame, the oldest first.

    `rest` is this learner's coefficient with open lids; lids count as down from halfway between it and shut ones.
    Lids that are down for half a second or more are left out, with their frames.
    """
    if rest > _OPEN:
        return Blinks(0, 0)
    down = (rest + _SHUT) / 2
    seen, frames, run = 0, 0, []
    for at_ms, lid in [*lids, (0, 0.0)]:
        if lid > down:
            run.append(at_ms)
            continue
        if run and run[-1] - run[0] < _LONGEST_MS:
            seen, frames = seen + 1, frames + len(run)
        frames, run = frames + 1, []
    return Blinks(seen, frames - 1)


def certainty(now: Blinks, usual: Blinks) -> float:
    """How sure the two rates differ, 0 to .99, two-sided."""
    if not now.frames or not usual.frames:
        return 0.0
    count, share = now.seen + usual.seen, now.frames / (now.frames + usual.frames)

    def chance(seen: int) -> float:
        return math.comb(count, seen) * share**seen * (1 - share) ** (count - seen)

    below = sum(chance(seen) for seen in range(now.seen)) + chance(now.seen) / 2
    return min(max(1 - 2 * min(below, 1 - below), 0.0), 0.99)
