"""The same words said otherwise, made by signal processing: for the benchmark of hearing.

The melody is changed by overlapping single periods of the voice at other distances (TD-PSOLA: Moulines and
Charpentier, Speech Communication 9, 1990). All sound is 16 kHz mono float32 in -1..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from realtime.perception.pitch import HOP_MS, pitch, steady
from realtime.perception.protocols import RATE

_UNVOICED = RATE // 100  # samples between two marks where there is no period
_JOIN = RATE // 100


def intoned(samples: np.ndarray, spread: float) -> np.ndarray:
    """Each moment's pitch `spread` times as far from the median as it was, in semitones; 0 is monotone."""
    track = steady(pitch(samples))
    voiced = track[~np.isnan(track)]
    if not len(voiced):
        return samples
    middle = float(np.exp(np.median(np.log(voiced))))
    marks, periods = _marks(samples, track)
    said, at = np.zeros(len(samples), np.float32), float(marks[0])
    while at < marks[-1]:
        after = int(np.searchsorted(marks, at))
        nearest = after - (after > 0 and at - marks[after - 1] < marks[after] - at)
        mark, period, hz = int(marks[nearest]), int(periods[nearest]), _at(track, int(marks[nearest]))
        wanted = period if np.isnan(hz) else RATE / (middle * (hz / middle) ** spread)
        begin, end = max(0, mark - period, mark - int(at)), min(len(samples), mark + period, len(said) - int(at) + mark)
        window = np.hanning(2 * period + 1)[begin - mark + period : end - mark + period]
        start = int(at) + begin - mark
        said[start : start + end - begin] += samples[begin:end] * window * min(1.0, wanted / period)
        at += wanted
    return said


def paced(samples: np.ndarray, tempo: float) -> np.ndarray:
    """`tempo` times as fast at the same pitch, by overlapping stretches where they are alike (WSOLA: Verhelst and
    Roelands, ICASSP 1993)."""
    size, reach = RATE * 40 // 1000, RATE * 10 // 1000
    hop, window = size // 2, np.hanning(size).astype(np.float32)
    said = np.zeros(int(len(samples) / tempo) + size, np.float32)
    source = np.pad(samples, (reach, size + reach)).astype(np.float32)
    at, follows = 0, source[reach : reach + size]
    for start in range(0, int(len(samples) / tempo) - size, hop):
        near = source[int(start * tempo) : int(start * tempo) + size + 2 * reach]
        at = int(start * tempo) + int(np.correlate(near, follows, "valid").argmax())
        said[start : start + size] += source[at : at + size] * window
        follows = np.pad(source[at + hop : at + hop + size], (0, max(0, at + hop + size - len(source))))
    return said[: int(len(samples) / tempo)]


def hesitant(samples: np.ndarray, every: float = 2.0, pause: float = 0.9) -> np.ndarray:
    """With a pause of about `pause` s at the quietest moment of about every `every` s."""
    chance, parts, start = np.random.default_rng(len(samples)), [], 0
    while len(samples) - start > 1.4 * every * RATE:
        block = samples[start + int(0.6 * every * RATE) : start + int(1.4 * every * RATE)]
        loud = np.convolve(np.square(block), np.ones(_JOIN * 4), "same")
        cut = start + int(0.6 * every * RATE) + int(loud.argmin())
        silence = np.zeros(int(pause * RATE * chance.uniform(0.7, 1.3)), np.float32)
        parts += [_faded(samples[start:cut]), silence]
        start = cut
    return np.concatenate([*parts, _faded(samples[start:])])


def louder(samples: np.ndarray, db: float) -> np.ndarray:
    """By so many dB, clipped as a microphone would."""
    return np.clip(samples * 10 ** (db / 20), -1, 1).astype(np.float32)


VARIANTS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "as recorded": ("", lambda samples: samples),
    "intoned as it was": ("", lambda samples: intoned(samples, 1.0)),
    "paced as it was": ("", lambda samples: paced(samples, 1.0)),
    "flattened": ("flatter", lambda samples: intoned(samples, 0.4)),
    "livelier": ("livelier", lambda samples: intoned(samples, 1.7)),
    "slowed": ("slower", lambda samples: paced(samples, 0.7)),
    "hurried": ("faster", lambda samples: paced(samples, 1.45)),
    "with pauses": ("hesitant", hesitant),
    "8 dB quieter": ("quieter", lambda samples: louder(samples, -8)),
    "8 dB louder": ("louder", lambda samples: louder(samples, 8)),
}
"""{what was done: (the kind of observation that it should make, how)}"""


def _marks(samples: np.ndarray, track: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the periods are (their strongest sample), and how long each is."""
    marks, periods, at = [], [], _UNVOICED
    while at < len(samples) - 1:
        hz = _at(track, at)
        period = _UNVOICED if np.isnan(hz) else round(RATE / hz)
        if not np.isnan(hz):
            reach = max(1, period // 4)
            near = samples[max(0, at - reach) : at + reach]
            at = max(0, at - reach) + int(near.argmax())
        if marks and at <= marks[-1]:
            at = marks[-1] + period
            continue
        marks.append(at)
        periods.append(period)
        at += period
    return np.array(marks), np.array(periods)


def _at(track: np.ndarray, sample: int) -> float:
    return float(track[min(max(sample * 1000 // RATE // HOP_MS - 1, 0), len(track) - 1)])


def _faded(samples: np.ndarray) -> np.ndarray:
    ramp = np.linspace(0, 1, min(_JOIN, max(1, len(samples) // 2)), dtype=np.float32)
    faded = samples.copy()
    faded[: len(ramp)] *= ramp
    faded[-len(ramp) :] *= ramp[::-1]
    return faded
