"""How loud a voice is, and its syllables by their nuclei (de Jong and Wempe, Behavior Research Methods 41, 2009)."""

from __future__ import annotations

import numpy as np

from realtime.perception.pitch import HOP_MS
from realtime.perception.protocols import RATE

_HOP = RATE * HOP_MS // 1000
_WINDOW = np.hanning(RATE * 50 // 1000).astype(np.float32)  # two periods of a low voice
_FLOOR = -96.0  # dB, digital silence
_DIP = 2.0  # dB between two nuclei, as published
_BELOW_PEAK = 25.0  # dB under the turn's loudest speech, where a nucleus is none any more, as published


def levels(samples: np.ndarray) -> np.ndarray:
    """The level in dB of full scale every 10 ms, float32 (frames,). `samples`: 16 kHz mono float in -1..1."""
    count = len(samples) * 1000 // RATE // HOP_MS
    if not count:
        return np.zeros(0, np.float32)
    padded = np.pad(np.square(samples, dtype=np.float32), (len(_WINDOW) // 2, len(_WINDOW)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(_WINDOW))[: count * _HOP : _HOP]
    power = frames @ (_WINDOW / _WINDOW.sum())
    return np.maximum(10 * np.log10(power + 1e-10), _FLOOR).astype(np.float32)


def nuclei(level: np.ndarray, talking: np.ndarray) -> int:
    """How many syllables were said: peaks of `level` (dB, every 10 ms) in speech, with a dip between each two.

    Published for voiced peaks; voice activity in its place (`talking`, bool) is steadier, since a pitch may be missed.
    """
    if not len(level):
        return 0
    least = np.percentile(level, 99) - _BELOW_PEAK
    inner = level[1:-1]
    peaks = np.flatnonzero((inner >= level[:-2]) & (inner > level[2:]) & (inner > least)) + 1
    count, last = 0, -1
    for at, peak in enumerate(peaks):
        following = peaks[at + 1] if at + 1 < len(peaks) else len(level)
        valley_before = level[last + 1 : peak].min() if peak > last + 1 else level[peak]
        valley_after = level[peak:following].min()
        if last >= 0 and level[peak] - valley_before < _DIP:
            if level[peak] > level[last]:
                last = peak  # one nucleus with two humps: its higher one
            continue
        if level[peak] - valley_after < _DIP and at + 1 < len(peaks) and level[following] >= level[peak]:
            continue  # on the way up to the next
        if talking[peak]:
            count, last = count + 1, peak
    return count
