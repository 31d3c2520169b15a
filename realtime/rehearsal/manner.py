"""How the synthetic learner says a line: the recording, changed by signal processing."""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np

from realtime.perception.protocols import RATE
from realtime.perception.variants import hesitant, intoned

MICROPHONE_RATE = 48_000
MANNERS = {"flat": lambda samples: intoned(samples, 0.3), "hesitant": hesitant}


def said(samples: np.ndarray, manner: Iterable[str]) -> np.ndarray:
    """Mono s16 at 48 kHz, and so again."""
    sound = _resampled(samples.astype(np.float32) / 32768, MICROPHONE_RATE, RATE)
    for name in manner:
        sound = MANNERS[name](sound)
    return (np.clip(_resampled(sound, RATE, MICROPHONE_RATE), -1, 1) * 32767).astype(np.int16)


def _resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="flt", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=wanted)
    return np.concatenate([part.to_ndarray()[0] for part in [*resampler.resample(frame), *resampler.resample(None)]])
