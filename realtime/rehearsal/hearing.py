"""What the learner hears of the persona, frame by frame, and the times that are measured from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

AUDIBLE = 10 ** (-50 / 20) * 32768  # RMS of s16 samples at -50 dBFS; a silent Opus stream stays far below
GAP = 0.3  # seconds of silence after which sound is a new beginning
_BLOCK = 240  # samples in 5 ms at 48 kHz: the grain to which a first sound is known


@dataclass(frozen=True)
class Onset:
    """The persona's voice began at `at` (seconds, monotonic)."""

    at: float


class Ear:
    """Tells sound from silence in the received frames. `on_onset` is called as the persona's voice begins.

    `take_silence` says how long the voice stayed away in the middle of the turn that is over.
    """

    def __init__(self, on_onset: Callable[[Onset], None] = lambda onset: None):
        self._on_onset = on_onset
        self.last_sound: float | None = None
        self._silence = 0.0  # the longest between two sounds of this turn
        self._fresh = True  # the silence before a turn is none of it

    def frame(self, samples: np.ndarray, rate: int, received: float) -> None:
        """Mono s16 samples that arrived at `received`, to be heard from then on."""
        block = max(1, _BLOCK * rate // 48_000)
        for start in range(0, len(samples), block):
            piece = samples[start : start + block].astype(np.float32)
            if np.sqrt(np.mean(np.square(piece))) <= AUDIBLE:
                continue
            at = received + start / rate
            silence = 0.0 if self.last_sound is None else at - self.last_sound
            begins = self.last_sound is None or silence >= GAP
            if begins and self._fresh:
                self._fresh = False
            elif not self._fresh:
                self._silence = max(self._silence, silence)
            self.last_sound = at + len(piece) / rate
            if begins:
                self._on_onset(Onset(at))

    def take_silence(self) -> int:
        """The longest silence in ms between two sounds of the turn that is over."""
        silence, self._silence, self._fresh = self._silence, 0.0, True
        return round(1000 * silence)

    def silent_for(self, now: float) -> float:
        """Seconds since the persona was last heard; infinite before the first sound."""
        return float("inf") if self.last_sound is None else max(0.0, now - self.last_sound)


class Stopwatch:
    """From the end of the learner's speech to the first sound of the answer, and who cut in on whom.

    The learner's line counts as being spoken from its first sample to its last, pauses in it included; a persona
    whose voice begins in between has interrupted the learner. A persona that was already speaking when the learner
    began has not.
    """

    def __init__(self):
        self.interruptions = 0
        self._speaking = False
        self._ended: float | None = None
        self._measured: float | None = None

    def learner_begins(self) -> None:
        self._speaking, self._ended, self._measured = True, None, None

    def learner_ends(self, at: float) -> None:
        """The line's last sample was sent at `at`."""
        self._speaking, self._ended = False, at

    def persona_begins(self, onset: Onset) -> None:
        if self._speaking:
            self.interruptions += 1
        elif self._ended is not None and self._measured is None:
            self._measured = max(0.0, onset.at - self._ended)
            self._ended = None

    @property
    def speaking(self) -> bool:
        """Whether the learner's line is being spoken."""
        return self._speaking

    def take(self) -> int | None:
        """Milliseconds from the learner's last line to the answer's first sound, once; None if there is none."""
        measured, self._measured = self._measured, None
        return None if measured is None else round(1000 * measured)
