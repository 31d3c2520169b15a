"""Where the eyes look: at the learner's face, and away from it, in saccades.

Who listens looks nearly always, who speaks less, and who thinks or begins to speak looks away and back at the end
(Kendon 1967; Argyle and Cook 1976). How long and how often: after Andrist, Mutlu and Gleicher 2013 and Andrist et al.
2014. A saccade takes 21 ms and 2.2 ms for each degree (Carpenter 1988).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from realtime.rendering.behaviour.chance import Drawn, drift, key
from realtime.rendering.behaviour.motion import Follower


@dataclass(frozen=True)
class _Manner:
    """`meets`, `leaves`: seconds on the learner and away, each mean and deviation; `up`: probability that a look away
    goes up or level, which is where people look who think, rather than down."""

    meets: tuple[float, float]
    leaves: tuple[float, float]
    up: float


_MANNERS = {
    "listening": _Manner((6.5, 1.9), (1.1, 0.3), 0.2),
    "hearing": _Manner((7.2, 1.9), (1.1, 0.3), 0.2),
    "thinking": _Manner((0.7, 0.25), (2.2, 0.7), 0.75),
    "speaking": _Manner((4.7, 1.4), (1.6, 0.35), 0.4),
}
_HEAD_YAW, _HEAD_PITCH = 0.3, 0.25  # share of a look that the head goes along with
_HEAD_SETTLES = 0.9  # s
_ASKS = 4000.0  # ms for which who asks looks at whom she asks


class Gaze(Drawn):
    """The direction of the gaze in the room, yaw (positive to her left) and pitch (positive down), degrees."""

    def __init__(self, seed: int, at: float):
        super().__init__(seed)
        self._tremor = key(seed, "tremor")
        self._away = False
        self._look = (0.0, 0.0)  # the middle of what is looked at
        self._until = at + 1000 * self.draw(1, 3)
        self._hold_until = at
        self._wanted = math.inf  # when the learner is to be looked at, whatever the eyes do by then
        self._from = self._to = (0.0, 0.0)  # the saccade, and when
        self._left_at, self._takes = at, 1.0
        self._head = (Follower(), Follower())

    @property
    def away(self) -> bool:
        return self._away

    def enter(self, state: str, t: float) -> None:
        """The floor has changed."""
        if state == "thinking":
            self._until = t + self.draw(120, 380)
            self._away = False
        elif state == "speaking" and (self._away or self.happens(0.5)):
            if not self._away:
                self._avert(state, t)
            self._until = t + 1000 * self.draw(0.5, 1.1)
        elif self._away:
            self._until = min(self._until, t + self.draw(80, 300))

    def expect(self, t: float) -> None:
        """At `t` an answer is asked for: the learner is looked at from there."""
        self._wanted = t

    def at(self, t: float, state: str) -> tuple[float, float]:
        if t >= self._wanted:
            self._wanted = math.inf
            self._meet(t, _ASKS)
        if t >= self._until:
            if self._away:
                self._meet(t, 1000 * self._span(_MANNERS[state].meets))
            else:
                self._avert(state, t)
        if t >= self._hold_until:
            self._hold_until = t + self.draw(280, 1180)
            # On a face the gaze goes between eyes and mouth, each time with a small error of its own.
            reach = 0.9 if self._away else 0.75
            self._jump((self._look[0] + self.draw(-reach, reach), self._look[1] + self.draw(-reach, reach) * 0.7), t)
        share = self._travelled(t)
        yaw, pitch = (a + (b - a) * share for a, b in zip(self._from, self._to, strict=True))
        return (
            yaw + 0.12 * drift(self._tremor, t / 430),
            pitch + 0.12 * drift(self._tremor + 1, t / 430),
        )

    def head(self, seconds: float) -> tuple[float, float]:
        """Yaw and pitch that the head adds, degrees; once for each frame."""
        yaw, pitch = self._head
        self._head = (
            yaw.towards(self._look[0] * _HEAD_YAW, _HEAD_SETTLES, seconds),
            pitch.towards(self._look[1] * _HEAD_PITCH, _HEAD_SETTLES, seconds),
        )
        return self._head[0].value, self._head[1].value

    def _meet(self, t: float, hold: float) -> None:
        self._away, self._look = False, (0.0, 0.0)
        self._until, self._hold_until = t + hold, t

    def _avert(self, state: str, t: float) -> None:
        manner = _MANNERS[state]
        side = math.copysign(1, self._look[0]) if abs(self._look[0]) > 3 else (1.0 if self.happens(0.5) else -1.0)
        pitch = self.draw(-8, -2) if self.happens(manner.up) else self.draw(2, 8)
        self._away, self._look = True, (side * self.draw(6, 13), pitch)
        self._until = t + 1000 * self._span(manner.leaves)
        self._hold_until = t

    def _span(self, seconds: tuple[float, float]) -> float:
        return max(self.around(*seconds), 0.35)

    def _jump(self, to: tuple[float, float], t: float) -> None:
        share = self._travelled(t)
        self._from = tuple(a + (b - a) * share for a, b in zip(self._from, self._to, strict=True))
        self._to, self._left_at = to, t
        self._takes = 21 + 2.2 * math.dist(self._from, to)

    def _travelled(self, t: float) -> float:
        share = min(max((t - self._left_at) / self._takes, 0), 1)
        return share**3 * (10 - 15 * share + 6 * share**2)  # minimum jerk
