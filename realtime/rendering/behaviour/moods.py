"""What a face feels: moods with onset and decay, what each state of the conversation adds, and micro-expressions.

The shapes follow the action units of each expression (Ekman, Friesen and Hager 2002); a micro-expression lasts 40 to
500 ms (Ekman 1985).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from realtime.rendering.behaviour.chance import Drawn
from realtime.rendering.behaviour.motion import Follower, pulse
from realtime.rendering.behaviour.units import MOUTH, units

_NEUTRAL = units(mouthSmile=0.16, cheekSquint=0.06, browOuterUp=0.08)
_MOODS = {
    "neutral": _NEUTRAL,
    "encouraging": units(
        mouthSmileLeft=0.62,
        mouthSmileRight=0.56,
        cheekSquint=0.4,
        eyeSquint=0.2,
        mouthDimple=0.1,
        browInnerUp=0.12,
        browOuterUp=0.26,
    ),
    "concerned": units(
        browInnerUp=0.85, browDown=0.22, mouthFrown=0.24, eyeSquint=0.14, mouthShrugLower=0.12, mouthPress=0.08
    ),
    "firm": units(browDown=0.62, eyeSquint=0.26, mouthPress=0.3, mouthFrown=0.06, noseSneer=0.06, jawForward=0.06),
    "doubtful": units(
        browOuterUpLeft=0.9,
        browInnerUp=0.12,
        browDownRight=0.58,
        eyeSquintRight=0.3,
        eyeSquintLeft=0.06,
        mouthPress=0.2,
        mouthDimpleRight=0.25,
        mouthLeft=0.06,
        mouthFrownLeft=0.12,
    ),
}
_STATES = {
    "listening": units(),
    "hearing": units(browInnerUp=0.08, browOuterUp=0.12),
    "thinking": units(browDown=0.16, eyeSquint=0.08, mouthPress=0.14, mouthPucker=0.05),
    "speaking": units(),
}
_FLASHES = (
    units(browInnerUp=0.22, browOuterUp=0.2),
    units(mouthPress=0.28, mouthRollLower=0.1),
    units(mouthDimpleLeft=0.24, cheekSquintLeft=0.12),
    units(mouthDimpleRight=0.24, cheekSquintRight=0.12),
    units(eyeSquint=0.24, cheekSquint=0.1),
    units(browDown=0.2),
    units(mouthSmileLeft=0.18, mouthSmileRight=0.12, cheekSquint=0.1),
    units(noseSneer=0.12, mouthShrugLower=0.12),
)
_SETTLES = 1.1  # s
_ONSET = 0.9  # s: a new mood is strongest at first
_REMAINS = {"listening": 0.45, "hearing": 0.35, "thinking": 0.5, "speaking": 0.8}  # what is left of a mood with time
_FADES = 5.0  # s
_ROLL = {"doubtful": 3.0, "concerned": -1.6, "encouraging": 0.8}


@dataclass(frozen=True, eq=False)
class _Flash:
    at: float
    length: float
    shape: np.ndarray


class Moods(Drawn):
    """The mood that the coach asked for, and how much of it shows."""

    def __init__(self, seed: int, at: float):
        super().__init__(seed)
        self.emotion = "neutral"
        self._since = -math.inf
        self._strength = 1.0
        self._face = Follower(_NEUTRAL, np.zeros(len(_NEUTRAL)))
        self._roll = Follower()
        self._voice = Follower()
        self._flashes: tuple[_Flash, ...] = ()
        self._next = at + self.draw(4_000, 11_000)

    def feel(self, emotion: str, t: float) -> None:
        if emotion != self.emotion and emotion != "neutral":
            self._flash(t + self.draw(40, 160), 0.25 * (_MOODS[emotion] - _NEUTRAL).clip(0))
        self.emotion, self._since, self._strength = emotion, t, 1.0

    def at(self, t: float, state: str, speaks: bool, seconds: float) -> np.ndarray:
        """(52,) float; while she speaks, the mouth is left to what she says."""
        left = _REMAINS[state]
        self._strength = left + (self._strength - left) * math.exp(-seconds / _FADES)
        strength = self._strength + 0.3 * math.exp(-(t - self._since) / 1000 / _ONSET)
        target = _NEUTRAL + strength * (_MOODS[self.emotion] - _NEUTRAL) + _STATES[state]
        self._face = self._face.towards(target, _SETTLES, seconds)
        self._roll = self._roll.towards(_ROLL.get(self.emotion, 0.0) * self._strength, 1.4, seconds)
        self._voice = self._voice.towards(1.0 if speaks else 0.0, 0.22, seconds)
        self._tire(t)
        face = self._face.value.clip(0)
        for flash in self._flashes:
            face = face + flash.shape * pulse((t - flash.at) / flash.length)
        return face * np.where(MOUTH, 1 - 0.65 * self._voice.value, 1.0)

    @property
    def roll(self) -> float:
        """How the head leans with the mood, degrees."""
        return self._roll.value

    def _tire(self, t: float) -> None:
        """Nobody's face is quite still."""
        self._flashes = tuple(flash for flash in self._flashes if flash.at + flash.length > t)
        if t >= self._next:
            self._next = t + self.draw(5_000, 14_000)
            self._flash(t, _FLASHES[int(self.draw(0, len(_FLASHES)))] * self.draw(0.5, 1))

    def _flash(self, t: float, shape: np.ndarray) -> None:
        self._flashes += (_Flash(t, self.draw(220, 480), shape),)
