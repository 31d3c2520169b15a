"""How the head is carried: it leans in to hear, tilts, and is never quite still."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.rendering.behaviour.chance import drift, key
from realtime.rendering.behaviour.motion import Follower


@dataclass(frozen=True)
class _Carriage:
    """`lean` towards the learner, metres; `pitch` and `roll`, degrees."""

    lean: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


_STATES = {
    "listening": _Carriage(0.003),
    "hearing": _Carriage(0.014, 0.6, 2.2),
    "thinking": _Carriage(-0.003, -0.8, -1.8),
    "speaking": _Carriage(0.006),
}
_CLOSER, _CLOSEST = 0.0010, 0.008  # metres nearer for each second of listening, and at most


class Posture:
    """Turn and shift of the head without its gestures."""

    def __init__(self, seed: int, at: float):
        self._stream = key(seed, "posture")
        self._state, self._since = "listening", at
        self._lean, self._pitch, self._roll, self._energy = Follower(), Follower(), Follower(), Follower()

    def enter(self, state: str, t: float) -> None:
        self._state, self._since = state, t

    def at(self, t: float, seconds: float) -> tuple[tuple[float, float, float], tuple[float, float]]:
        """Pitch, yaw and roll in degrees; x and z of the shift in metres."""
        carriage = _STATES[self._state]
        nearer = min(_CLOSER * (t - self._since) / 1000, _CLOSEST) if self._state == "hearing" else 0.0
        self._lean = self._lean.towards(carriage.lean + nearer, 1.3, seconds)
        self._pitch = self._pitch.towards(carriage.pitch, 0.9, seconds)
        self._roll = self._roll.towards(carriage.roll, 1.4, seconds)
        self._energy = self._energy.towards(1.0 if self._state == "speaking" else 0.0, 0.8, seconds)
        lively, s = 1 + 0.9 * self._energy.value, t / 1000
        pitch = self._pitch.value + lively * (0.7 * self._wander(0, 0.37 * s) + 0.35 * self._wander(1, 1.1 * s))
        yaw = lively * (1.1 * self._wander(2, 0.29 * s) + 0.45 * self._wander(3, 0.9 * s))
        roll = self._roll.value + lively * 0.8 * self._wander(4, 0.23 * s)
        return (pitch, yaw, roll), (0.004 * self._wander(5, 0.11 * s), self._lean.value)

    def _wander(self, which: int, at: float) -> float:
        return drift(self._stream + which, at)
