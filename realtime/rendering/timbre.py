"""Another person's voice out of one speaker's: the vocal tract made longer or shorter, the pitch made lower or higher.

The tract is changed by resampling, which moves every resonance alike and leaves no trace. The pitch is changed by
pitch-synchronous overlap and add (TD-PSOLA; Moulines and Charpentier 1990), one glottal pulse at a time; where the
pulses are is known from the pitch that the sound was made with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime.rendering.protocols import RATE

_VOICED = 40.0  # Hz: a lower pitch stands for voicelessness
_VOICELESS = 200.0  # pieces a second that voiceless sound is cut into
_OVERLAP = 1.1  # periods to each side of a pulse
_HARDLY = 0.02  # a change of pitch that the tract's is left to make alone
_SPREAD = 1.08  # how much faster is asked for, because sounds are timed in whole frames and hardly get shorter


@dataclass(frozen=True)
class Timbre:
    """How a speaker differs from the recorded one.

    `tract`: the length of the vocal tract; a man's is longer than a woman's by about 1.17 (Fitch and Giedd 1999).
    `pitch`: the mean pitch; a man's is lower by about 0.6.
    """

    tract: float = 1.0
    pitch: float = 1.0

    @property
    def speed(self) -> float:
        """How fast the recorded speaker has to talk, so that the other is not slower."""
        return 1.0 if self == SPEAKER else self.tract * _SPREAD

    def apply(self, samples: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        """`samples`, float32 at 24 kHz, in this voice: longer by `tract`. `pitch`: float32, Hz, in even steps."""
        if self == SPEAKER:
            return samples
        by = self.pitch * self.tract
        if abs(by - 1) > _HARDLY:
            samples = _repitched(samples, _contour(pitch, len(samples)), by)
        return stretched(samples, self.tract)


SPEAKER = Timbre()
"""The recorded speaker as she is."""


def stretched(samples: np.ndarray, by: float) -> np.ndarray:
    """Played slower, float32: `by` times as many samples, everything in it lower by as much (band-limited)."""
    wanted = round(len(samples) * by)
    if not len(samples) or wanted == len(samples):
        return samples
    return (np.fft.irfft(np.fft.rfft(samples), wanted) * (wanted / len(samples))).astype(np.float32)


def _contour(pitch: np.ndarray, length: int) -> np.ndarray:
    """The pitch at each of `length` samples, between the middles of its steps."""
    step = length / len(pitch)
    return np.interp(np.arange(length) + 0.5, (np.arange(len(pitch)) + 0.5) * step, pitch)


def _repitched(samples: np.ndarray, hertz: np.ndarray, by: float) -> np.ndarray:
    """The same sound with its pulses as many times as near to each other as `by` says."""
    voiced = hertz > _VOICED
    period = RATE / np.where(voiced, hertz, _VOICELESS)
    marks = _marks(hertz, voiced)
    if len(marks) < 2:
        return samples
    out = np.zeros(len(samples) + RATE, np.float32)  # with room for the last piece
    louder = by**-0.5  # fewer pulses, each stronger: as loud as before
    pieces = [
        _piece(samples, mark, int(period[mark] * _OVERLAP), louder)
        if voiced[mark]
        else _piece(samples, mark, int(period[mark]), 1.0)
        for mark in marks
    ]
    nearest, at = 0, float(marks[0])
    while at < marks[-1]:
        while nearest + 1 < len(marks) and marks[nearest + 1] - at <= at - marks[nearest]:
            nearest += 1
        piece, before = pieces[nearest]
        begin = max(0, round(at) - before)
        out[begin : begin + len(piece)] += piece[: len(out) - begin]
        here = int(at)
        at += period[here] / (by if voiced[here] else 1.0)
    return out[: len(samples)]


def _marks(hertz: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """The samples at which a pulse begins, and evenly spaced ones where there is no voice."""
    pulses = np.flatnonzero(np.diff(np.floor(np.cumsum(np.maximum(hertz, _VOICED)) / RATE))) + 1
    even = np.arange(0, len(hertz), int(RATE / _VOICELESS))
    return np.union1d(pulses[voiced[pulses]], even[~voiced[even]])


def _piece(samples: np.ndarray, mark: int, reach: int, gain: float) -> tuple[np.ndarray, int]:
    """The sound around a mark, faded in and out over `reach` samples, and how many of them are before the mark."""
    begin, end = max(0, mark - reach), min(len(samples), mark + reach)
    fade = gain * (0.5 + 0.5 * np.cos(np.pi * (np.arange(begin, end) - mark) / reach))
    return (samples[begin:end] * fade).astype(np.float32), mark - begin
