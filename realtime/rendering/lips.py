"""From the sounds of a sentence to the movement of lips and jaw, as ARKit coefficients.

openfacefx blends the mouth shapes of neighbouring sounds (dominance functions,
Cohen and Massaro 1993). Where lips meet, for p, b and m, no blend may hold them
apart, and they stay shut long enough to be seen at 40 frames a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from openfacefx.alignment import PhonemeSegment
from openfacefx.coarticulation import CoartParams, build_viseme_curves
from openfacefx.ipa import IPA_MAPPING

from realtime.rendering.protocols import Phone

FPS = 60
_PAIRS = ("mouthPress", "mouthUpperUp", "mouthLowerDown", "mouthStretch", "mouthSmile", "mouthDimple")
# What each mouth shape asks of the face; both sides alike. A shut mouth has the jaw up and the lips pressed.
_SHAPES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {"mouthClose": 0.08, "mouthPress": 0.5, "mouthRollLower": 0.25, "mouthRollUpper": 0.2},
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.45, "mouthShrugLower": 0.3, "mouthUpperUp": 0.25},
    "TH": {"jawOpen": 0.14, "tongueOut": 0.5, "mouthUpperUp": 0.12, "mouthLowerDown": 0.15},
    "DD": {"jawOpen": 0.2, "mouthUpperUp": 0.1, "mouthLowerDown": 0.1},
    "kk": {"jawOpen": 0.26, "mouthLowerDown": 0.12},
    "CH": {"jawOpen": 0.14, "mouthFunnel": 0.55, "mouthPucker": 0.3},
    "SS": {"jawOpen": 0.07, "mouthStretch": 0.25, "mouthUpperUp": 0.2, "mouthLowerDown": 0.25},
    "nn": {"jawOpen": 0.18, "mouthLowerDown": 0.1},
    "RR": {"jawOpen": 0.18, "mouthFunnel": 0.3, "mouthPucker": 0.35},
    "aa": {"jawOpen": 0.6, "mouthLowerDown": 0.15, "mouthUpperUp": 0.08},
    "E": {"jawOpen": 0.4, "mouthStretch": 0.25, "mouthLowerDown": 0.12, "mouthDimple": 0.1},
    "I": {"jawOpen": 0.16, "mouthStretch": 0.35, "mouthSmile": 0.25, "mouthUpperUp": 0.12, "mouthLowerDown": 0.15},
    "O": {"jawOpen": 0.4, "mouthFunnel": 0.6, "mouthPucker": 0.35},
    "U": {"jawOpen": 0.14, "mouthFunnel": 0.4, "mouthPucker": 0.75},
}


def _names(coefficient: str) -> tuple[str, ...]:
    return (f"{coefficient}Left", f"{coefficient}Right") if coefficient in _PAIRS else (coefficient,)


NAMES = tuple(sorted({name for shape in _SHAPES.values() for part in shape for name in _names(part)}))
_WEIGHTS = np.zeros((len(IPA_MAPPING.target_names), len(NAMES)))
for _row, _viseme in enumerate(IPA_MAPPING.target_names):
    for _part, _weight in _SHAPES[_viseme].items():
        for _name in _names(_part):
            _WEIGHTS[_row, NAMES.index(_name)] = _weight
LIPS_MEET = ("p", "b", "m")
SHUT = {name: weight for part, weight in _SHAPES["PP"].items() for name in _names(part)}
"""The coefficients of lips that meet."""
_PARAMS = CoartParams(short_silence=0.08, closure_floor=0.95)


_LONG_VOWEL_MS = 200.0
_PAUSE = 0.1  # s: in silence shorter than this the mouth does not come to rest
_SHUT, _SHUTS = 0.03, 0.035  # s: lips are shut by so much around the middle of p, b and m, and so long on their way
_CLOSES, _OPENS = 0.07, 0.05  # s: how fast the mouth comes to rest after a sound, and leaves it before the next


@dataclass(frozen=True)
class Lips:
    """Key frames: `values[i]` are the coefficients, in the order of `names`, `times[i]` ms after the first sample.

    `beats`: when each stressed syllable is heard, ms, and how weighty it is, 0 to 1.
    """

    names: tuple[str, ...]
    times: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]
    beats: tuple[tuple[int, float], ...] = ()


def lips(phones: Sequence[Phone], duration_ms: float) -> Lips:
    """At most 60 key frames a second, the first and the last a mouth at rest, without coefficients that stay 0."""
    if not phones or duration_ms <= 0:
        return Lips((), (), ())
    segments, at = [], 0.0
    for phone in phones:
        start, end = phone.start_ms / 1000, phone.end_ms / 1000
        if start > at + 1e-6:
            segments.append(PhonemeSegment("sil", at, start))
        if end > max(at, start):
            segments.append(PhonemeSegment(phone.symbol or "sil", max(at, start), end))
        at = max(at, end)
    if at < duration_ms / 1000:
        segments.append(PhonemeSegment("sil", at, duration_ms / 1000))
    times, shapes = build_viseme_curves(segments, fps=FPS, mapping=IPA_MAPPING, params=_PARAMS)
    values = np.clip(shapes @ _WEIGHTS, 0, 1) * _open(segments, times)[:, None]
    shut = _shut(segments, times)[:, None]
    values = values * (1 - shut) + _WEIGHTS[IPA_MAPPING.target_names.index("PP")] * shut
    stamps = np.round(times * 1000).astype(int)
    inside = (stamps > 0) & (stamps < duration_ms)
    stamps = np.concatenate([[0], stamps[inside], [round(duration_ms)]])
    rest = np.zeros((1, len(NAMES)))
    values = np.round(np.concatenate([rest, values[inside], rest]), 2)
    if len(stamps) > 2 and stamps[-1] - stamps[-2] < 1000 // FPS:  # two key frames closer than a frame: keep the last
        stamps, values = np.delete(stamps, -2), np.delete(values, -2, axis=0)
    moves = values.any(axis=0)
    return Lips(
        tuple(np.array(NAMES)[moves].tolist()),
        tuple(stamps.tolist()),
        tuple(tuple(row) for row in values[:, moves].tolist()),
        beats(phones),
    )


def beats(phones: Sequence[Phone]) -> tuple[tuple[int, float], ...]:
    """The stressed vowels; the last before a pause weighs most (the nucleus of its phrase), then the longer ones."""
    found: list[tuple[int, float]] = []
    nucleus = True
    for phone in reversed(phones):
        if not phone.symbol and phone.end_ms - phone.start_ms >= _PAUSE * 1000:
            nucleus = True
        elif phone.stressed:
            length = min((phone.end_ms - phone.start_ms) / _LONG_VOWEL_MS, 1)
            found.append((round(phone.start_ms), 1.0 if nucleus else round(0.3 + 0.4 * length, 2)))
            nucleus = False
    return tuple(reversed(found))


def _shut(segments: Sequence[PhonemeSegment], times: np.ndarray) -> np.ndarray:
    """1 while the lips meet, 0 while they may be apart."""
    share = np.zeros(len(times))
    for segment in segments:
        if segment.phoneme in LIPS_MEET:
            away = np.abs(times - (segment.start + segment.end) / 2)
            near = np.clip(1 - (away - _SHUT) / _SHUTS, 0, 1)
            share = np.maximum(share, near * near * (3 - 2 * near))
    return share


def _open(segments: Sequence[PhonemeSegment], times: np.ndarray) -> np.ndarray:
    """1 in speech, towards 0 in the middle of a pause: the blend alone leaves the mouth half open."""
    share = np.ones(len(times))
    for segment in segments:
        if segment.phoneme == "sil" and segment.end - segment.start >= _PAUSE:
            inside = (times > segment.start) & (times < segment.end)
            after, before = times[inside] - segment.start, segment.end - times[inside]
            share[inside] = np.maximum(np.exp(-after / _CLOSES), np.exp(-before / _OPENS))
    return share
