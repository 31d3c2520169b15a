"""Nods and lifts of the brows: as feedback where the learner pauses, as emphasis on stressed syllables.

Listeners nod at the boundaries of what they hear (Dittmann and Llewellyn 1968); who speaks moves head and brows with
some of the pitch accents, nearly always the last of a phrase (Graf et al. 2002; Cave et al. 1996).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from realtime.rendering.behaviour.chance import Drawn
from realtime.rendering.behaviour.motion import pulse, smooth
from realtime.rendering.behaviour.mouth import Movement

_APART = 2200.0  # ms between two nods as feedback
_SPOKEN = 900.0  # ms of speech before a pause is worth a nod
_PATIENCE = 1300.0  # ms that a pause is held open before a sign to go on
_BEATS_APART = 500.0  # ms


@dataclass(frozen=True)
class Gesture:
    """`depth` of the head's nod in degrees, positive down; `brows` 0 to 1, negative frowns."""

    at: float
    length: float
    depth: float = 0.0
    brows: float = 0.0
    tilt: float = 0.0


class Nods(Drawn):
    """Which gestures are going on, and which are to come."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self._gestures: tuple[Gesture, ...] = ()
        self._spoken_since: float | None = None
        self._paused_at: float | None = None
        self._nodded = -math.inf
        self._patient = True

    def heard(self, t: float) -> None:
        """The learner speaks."""
        if self._spoken_since is None:
            self._spoken_since = t
        self._paused_at = None

    def paused(self, t: float) -> None:
        """The learner pauses: a nod, if there was something to nod at."""
        self._paused_at, self._patient = t, False
        spoken = 0.0 if self._spoken_since is None else t - self._spoken_since
        self._spoken_since = None
        if spoken < _SPOKEN or t - self._nodded < _APART or not self.happens(0.75):
            return
        self._nodded = t
        depth = self.draw(2.0, 3.8)
        self._add(Gesture(t + 60, 620, depth, brows=0.12 if self.happens(0.3) else 0.0))
        if self.happens(0.45):
            self._add(Gesture(t + 580, 560, depth * 0.6))

    def turn_over(self) -> None:
        self._spoken_since = self._paused_at = None

    def stress(self, movement: Movement, start: float, since: float, emotion: str, asks: bool) -> None:
        """Emphasis for a sentence whose first sample is at `start`, as far as it is heard after `since`."""
        last = -math.inf
        for ms, weight in movement.beats:
            at = start + ms
            nods, lifts = self.happens(0.2 + 0.6 * weight), self.happens(0.12 + 0.3 * weight)
            depth = self.draw(0.8, 2.2) * (0.6 + 0.6 * weight) * (1.35 if emotion == "firm" else 1.0)
            height = self.draw(0.22, 0.42) * (-0.6 if emotion == "firm" else 1.0)
            if at < since or at - last < _BEATS_APART or not (nods or lifts):
                continue
            last = at
            self._add(Gesture(max(at - 170, since), 460, depth if nods else 0.0, height if lifts else 0.0))
        if asks and start + movement.length > since:
            end = start + movement.length
            self._add(Gesture(max(end - 650, since), 1100, -1.2, 0.34, self.draw(-1.5, 1.5)))

    def begin(self, t: float) -> None:
        """The head comes up as she begins a turn."""
        self._add(Gesture(t, 700, -self.draw(0.8, 1.8), self.draw(0.05, 0.2)))

    def cut(self, t: float) -> None:
        """Speech stops: what was to come with it does not."""
        self._gestures = tuple(gesture for gesture in self._gestures if gesture.at < t)

    def at(self, t: float) -> tuple[float, float, float]:
        """Pitch and roll of the head in degrees, and the brows' lift, -1 to 1."""
        if self._paused_at is not None and not self._patient and t - self._paused_at > _PATIENCE:
            self._patient = True  # once for each pause: go on, there is time
            self._add(Gesture(t, 1500, 1.4, 0.22, self.draw(1, 2)))
        self._gestures = tuple(gesture for gesture in self._gestures if gesture.at + gesture.length + 300 > t)
        pitch = roll = brows = 0.0
        for gesture in self._gestures:
            share = (t - gesture.at) / gesture.length
            pitch += gesture.depth * pulse(share)
            roll += gesture.tilt * pulse(share)
            # Brows rise quickly and sink slowly.
            late = (t - gesture.at - 0.55 * gesture.length) / (0.45 * gesture.length + 260)
            brows += gesture.brows * smooth((t - gesture.at) / min(220, 0.5 * gesture.length)) * (1 - smooth(late))
        return pitch, roll, brows

    def _add(self, gesture: Gesture) -> None:
        self._gestures += (gesture,)
