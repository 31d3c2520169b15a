"""The pitch of a voice, by YIN (de Cheveigné and Kawahara, J. Acoust. Soc. Am. 111, 2002)."""

from __future__ import annotations

import numpy as np

from realtime.perception.protocols import RATE

HOP_MS = 10
LOWEST, HIGHEST = 65.0, 420.0  # Hz: from a low man's voice to an excited woman's
_HALF = RATE // 2  # YIN runs at half the rate: a voice's periodicity lies far below 4 kHz
_WINDOW = _HALF * 25 // 1000  # samples that are compared with later ones
_LONGEST = int(_HALF / LOWEST) + 2
_SHORTEST = int(_HALF / HIGHEST)
_PERIODIC = 0.15  # aperiodicity below which the first dip is the period
_VOICED = 0.25  # and above which a frame has none
_SIZE = 512  # FFT: window, longest period and the lags between fit
# A half-band low-pass (Kaiser, 60 dB) before every second sample is dropped.
_TAPS = np.sinc(np.arange(-15, 16) / 2) * np.kaiser(31, 5.65) / 2


def pitch(samples: np.ndarray) -> np.ndarray:
    """The fundamental frequency in Hz every HOP_MS, float32 (frames,); nan where nothing periodic is heard.

    `samples`: 16 kHz mono float. A frame looks at 41 ms from its moment on, so the last few have none. An octave is
    mistaken now and then; `steady` takes such moments out.
    """
    half = np.convolve(samples.astype(np.float32), _TAPS.astype(np.float32), "same")[::2]
    hop, reach = _HALF * HOP_MS // 1000, _WINDOW + _LONGEST
    count = max(0, len(samples) * 1000 // RATE // HOP_MS)
    found = np.full(count, np.nan, np.float32)
    usable = min(count, (len(half) - reach) // hop + 1)
    if usable <= 0:
        return found
    frames = np.lib.stride_tricks.sliding_window_view(half, reach)[: usable * hop : hop]
    found[:usable] = _periods(frames - frames.mean(1, keepdims=True))
    return found


def steady(track: np.ndarray) -> np.ndarray:
    """The track without moments that lie an octave off its median or stand alone among unvoiced ones."""
    voiced = track[~np.isnan(track)]
    if not len(voiced):
        return track
    middle = np.median(voiced)
    kept = np.where((track > middle * 0.55) & (track < middle * 1.85), track, np.nan)
    there = ~np.isnan(kept)
    near = np.convolve(there, np.ones(5), "same")  # in 50 ms
    return np.where(near >= 3, kept, np.nan)


def _periods(frames: np.ndarray) -> np.ndarray:
    """YIN's steps 2 to 5 for each row of `frames`, float (n, window + longest period): Hz or nan."""
    spectrum = np.fft.rfft(frames, _SIZE)
    window = np.fft.rfft(frames[:, :_WINDOW], _SIZE)
    products = np.fft.irfft(np.conj(window) * spectrum, _SIZE)[:, : _LONGEST + 1]
    energy = np.cumsum(np.pad(np.square(frames, dtype=np.float64), ((0, 0), (1, 0))), axis=1)
    lags = np.arange(_LONGEST)
    differences = energy[:, [_WINDOW]] + energy[:, lags + _WINDOW] - energy[:, lags] - 2 * products[:, :_LONGEST]
    differences = np.maximum(differences, 0)
    total = np.cumsum(differences[:, 1:], axis=1)
    normal = np.ones_like(differences)
    normal[:, 1:] = differences[:, 1:] * lags[1:] / np.maximum(total, 1e-12)
    dips = (normal[:, 1:-1] <= normal[:, :-2]) & (normal[:, 1:-1] < normal[:, 2:])
    dips[:, : _SHORTEST - 1] = False
    good = dips & (normal[:, 1:-1] < _PERIODIC)
    deepest = np.where(dips, normal[:, 1:-1], np.inf).argmin(1)
    at = np.where(good.any(1), good.argmax(1), deepest) + 1
    rows = np.arange(len(frames))
    before, here, after = normal[rows, at - 1], normal[rows, at], normal[rows, np.minimum(at + 1, _LONGEST - 1)]
    curve = before - 2 * here + after
    shift = np.where(curve > 1e-9, 0.5 * (before - after) / np.maximum(curve, 1e-9), 0.0)
    voiced = (here < _VOICED) & dips.any(1) & (energy[:, -1] > 1e-7)
    return np.where(voiced, _HALF / (at + np.clip(shift, -1, 1)), np.nan)
