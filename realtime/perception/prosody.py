"""How a turn was said, in numbers: pace, pauses, pitch and loudness. No words, no feelings, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from realtime.perception.pitch import HOP_MS, pitch, steady
from realtime.perception.protocols import RATE
from realtime.perception.syllables import levels, nuclei

PAUSE_MS = 250  # shorter gaps belong to articulation (Goldman-Eisler, Psycholinguistics, 1968)
LONG_PAUSE_MS = 700


@dataclass(frozen=True)
class Prosody:
    """One turn, or what there is of it so far, from `started_ms` to `ended_ms` of the learner's sound.

    `talk_ms` is the time without its pauses (of PAUSE_MS and more), which together last `pause_ms`. `pitch_hz` is the
    median, `pitch_range` the semitones between the tenth and the ninetieth percentile, both over `voiced_ms`;
    `level_db` the mean level of voiced sound, dB of full scale.
    """

    started_ms: int
    ended_ms: int
    talk_ms: int
    pause_ms: int
    long_pauses: int
    syllables: int
    voiced_ms: int
    pitch_hz: float
    pitch_range: float
    level_db: float

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> Prosody:
        """From a message of the worker's. Raises ValueError that names the field."""
        values = {}
        for field in fields(cls):
            value = message.get(field.name)
            whole = field.type == "int"
            if not isinstance(value, int if whole else int | float) or isinstance(value, bool):
                raise ValueError(f"prosody.{field.name}: expected {'a whole number' if whole else 'a number'}")
            if not -1e9 < value < 1e9:
                raise ValueError(f"prosody.{field.name}: out of range")
            values[field.name] = value
        return cls(**values)


@dataclass(frozen=True)
class Contour:
    """A stretch of speech every HOP_MS, three arrays of one length.

    `hz`: float32, nan where unvoiced. `db`: float32. `talking`: bool, what voice activity says.
    """

    hz: np.ndarray
    db: np.ndarray
    talking: np.ndarray

    def then(self, other: Contour) -> Contour:
        """The two, one after another."""
        both = zip((self.hz, self.db, self.talking), (other.hz, other.db, other.talking), strict=True)
        return Contour(*(np.concatenate(pair) for pair in both))


def contour(samples: np.ndarray, activity: np.ndarray, frame: int) -> Contour:
    """Of `samples` (16 kHz mono float) with voice activity `activity`, bool, one for every `frame` samples."""
    hz, db = pitch(samples), levels(samples)
    at = np.minimum(np.arange(len(hz)) * (RATE * HOP_MS // 1000) // frame, max(len(activity) - 1, 0))
    talking = activity[at] if len(activity) else np.zeros(len(hz), bool)
    return Contour(hz, db, talking)


def prosody(found: Contour, started_ms: int) -> Prosody:
    """What the contour, which begins at `started_ms`, comes to."""
    hz = steady(np.where(found.talking, found.hz, np.nan))
    voiced = ~np.isnan(hz)
    spoken = np.flatnonzero(found.talking)
    span = int(spoken[-1] - spoken[0] + 1) * HOP_MS if len(spoken) else 0
    gaps = (np.diff(spoken) - 1) * HOP_MS
    pauses = gaps[gaps >= PAUSE_MS]
    semitones = 12 * np.log2(hz[voiced]) if voiced.any() else np.zeros(1)
    low, high = np.percentile(semitones, [10, 90])
    return Prosody(
        started_ms=started_ms,
        ended_ms=started_ms + len(hz) * HOP_MS,
        talk_ms=span - int(pauses.sum()),
        pause_ms=int(pauses.sum()),
        long_pauses=int((pauses >= LONG_PAUSE_MS).sum()),
        syllables=nuclei(found.db, found.talking),
        voiced_ms=int(voiced.sum()) * HOP_MS,
        pitch_hz=round(float(np.median(hz[voiced])), 1) if voiced.any() else 0.0,
        pitch_range=round(float(high - low), 2),
        level_db=round(float(found.db[voiced].mean()), 2) if voiced.any() else -96.0,
    )
