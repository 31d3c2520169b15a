"""One face, frame by frame: the parts of its behaviour, told what happens, put together and kept from jumping."""

from __future__ import annotations

import copy
import re

import numpy as np

from realtime.rendering.behaviour.blinks import Blinks
from realtime.rendering.behaviour.breath import RISE, Breath
from realtime.rendering.behaviour.events import (
    Event,
    Floor,
    Hush,
    LearnerPauses,
    LearnerSpeaks,
    Mood,
    Speak,
)
from realtime.rendering.behaviour.gaze import Gaze
from realtime.rendering.behaviour.moods import Moods
from realtime.rendering.behaviour.mouth import Mouth
from realtime.rendering.behaviour.nods import Nods
from realtime.rendering.behaviour.posture import Posture
from realtime.rendering.behaviour.units import PLACE, units
from realtime.rendering.frames import COEFFICIENTS, RATE, Frame

STEP_MS = 1000 / RATE
EYE_DEGREES = 30.0
"""What 1 of a coefficient of eyeLook* turns an eye by."""

_SPEEDS = (("eyeBlink", 18.0), ("eyeLook", 16.0), ("mouth|jaw|tongue", 14.0), ("eye|cheek|nose", 5.0), ("brow", 4.5))
FASTEST = np.array([next(speed for part, speed in _SPEEDS if re.match(part, name)) for name in COEFFICIENTS])
"""(52,) float: how fast each coefficient may change, 1/s. A saccade of 15 degrees peaks at about 450 degrees/s."""

FASTEST_TURN = 60.0
"""Degrees a second about each of the head's axes."""

FASTEST_SHIFT = 0.04
"""Metres a second along each axis."""

_PARTS = ("_mouth", "_moods", "_blinks", "_gaze", "_breath", "_nods", "_posture")
_LIFT = units(browInnerUp=1, browOuterUp=1)
_FROWN = units(browDown=1)
_SIDES = ("Left", "Right")


class Engine:
    """Yields frames at 40 Hz from `at_ms` on. Events are told with their time, in any order, ahead of their frame."""

    def __init__(self, seed: int, at_ms: float = 0.0):
        self._at = at_ms
        self._state = "listening"
        self._due: tuple[tuple[float, Event], ...] = ()
        self._mouth = Mouth()
        self._moods = Moods(seed, at_ms)
        self._blinks = Blinks(seed, at_ms)
        self._gaze = Gaze(seed, at_ms)
        self._breath = Breath(seed)
        self._nods = Nods(seed)
        self._posture = Posture(seed, at_ms)
        self._last: Frame | None = None

    @property
    def at_ms(self) -> float:
        """The time of the next frame."""
        return self._at

    def copy(self) -> Engine:
        """A face that goes its own way from here."""
        twin = copy.copy(self)
        for part in _PARTS:
            setattr(twin, part, copy.copy(getattr(self, part)))
        return twin

    def tell(self, event: Event, at_ms: float) -> None:
        """`event` has effect from the first frame at or after `at_ms`; at once where that is past."""
        self._due = tuple(sorted((*self._due, (at_ms, event)), key=lambda due: due[0]))

    def frame(self) -> Frame:
        """The next frame."""
        t, seconds = self._at, STEP_MS / 1000
        while self._due and self._due[0][0] <= t:
            (at, event), *rest = self._due
            self._due = tuple(rest)
            self._take(event, at, t)
        said = self._mouth.at(t)
        face = self._moods.at(t, self._state, self._mouth.speaking, seconds) + said
        breath = self._breath.at(t, self._state, seconds)
        nod, tilt, brows = self._nods.at(t)
        face += _LIFT * max(brows, 0) + _FROWN * max(-brows, 0)
        (pitch, yaw, roll), (x, z) = self._posture.at(t, seconds)
        was_away = self._gaze.away
        look_yaw, look_pitch = self._gaze.at(t, self._state)
        if self._gaze.away != was_away:
            self._blinks.invite(t, 0.35)
        along_yaw, along_pitch = self._gaze.head(seconds)
        turn = (pitch + nod + along_pitch + 0.15 * breath, yaw + along_yaw, roll + tilt + self._moods.roll)
        shift = (x, RISE * breath, z)
        if self._last is not None:
            turn = _bounded(turn, self._last.turn, FASTEST_TURN * seconds)
            shift = _bounded(shift, self._last.shift, FASTEST_SHIFT * seconds)
        face += _eyes(look_yaw - turn[1], look_pitch - turn[0])  # they hold their aim while the head moves under them
        _shut(face, self._blinks.at(t, self._state))
        face = face.clip(0, 1)
        if self._last is not None:
            before = self._last.coefficients
            face = face.clip(before - FASTEST * seconds, before + FASTEST * seconds)
        self._last = Frame(t, face.astype(np.float32), turn, shift)
        self._at += STEP_MS
        return self._last

    def _take(self, event: Event, at: float, t: float) -> None:
        """What happened at `at`, which is past where it is told late, shows from `t` on."""
        match event:
            case Floor(state):
                if state != self._state:
                    self._enter(state, t)
            case Mood(emotion):
                self._moods.feel(emotion, t)
                if self._state == "thinking":
                    self._breath.gasp()  # what she feels is known just before she speaks
            case Speak(movement, asks, since):
                if self._state == "thinking":
                    self._nods.begin(t)
                self._mouth.speak(movement, at, since)
                self._nods.stress(movement, at - since, t, self._moods.emotion, asks)
                if asks:
                    self._gaze.expect(at - since + movement.length * 0.6)
                self._blinks.invite(t, 0.25)
            case Hush():
                self._mouth.hush(at)
                self._nods.cut(t)
            case LearnerSpeaks():
                self._nods.heard(t)
            case LearnerPauses():
                self._nods.paused(t)

    def _enter(self, state: str, t: float) -> None:
        self._state = state
        self._gaze.enter(state, t)
        self._posture.enter(state, t)
        self._blinks.invite(t, 0.5)
        if state != "hearing":
            self._nods.turn_over()


def _eyes(yaw: float, pitch: float) -> np.ndarray:
    """Both eyes turned by the same angles, degrees."""
    left, down = yaw / EYE_DEGREES, pitch / EYE_DEGREES
    return units(
        eyeLookUp=max(-down, 0),
        eyeLookDown=max(down, 0),
        eyeLookOutLeft=max(left, 0),
        eyeLookInRight=max(left, 0),
        eyeLookInLeft=max(-left, 0),
        eyeLookOutRight=max(-left, 0),
    )


def _shut(face: np.ndarray, lid: float) -> None:
    """A lid that follows the gaze down, or squints, has less way to go; and what is shut neither squints nor stares."""
    for side in _SIDES:
        down, squint = face[PLACE[f"eyeLookDown{side}"]], face[PLACE[f"eyeSquint{side}"]]
        face[PLACE[f"eyeBlink{side}"]] = lid * (1 - min(0.35 * down + 0.3 * squint, 0.4))
        face[PLACE[f"eyeSquint{side}"]] *= 1 - 0.6 * lid
        face[PLACE[f"eyeWide{side}"]] *= 1 - 0.6 * lid


def _bounded(values: tuple[float, ...], before: tuple[float, ...], step: float) -> tuple[float, ...]:
    return tuple(float(min(max(value, last - step), last + step)) for value, last in zip(values, before, strict=True))
