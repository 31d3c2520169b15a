"""Reads personas' expressions and mouth shapes back from both renderers' own pictures, with a face landmarker.

`manage.py bench readback`: whether what the behaviour engine and the lips ask for can be seen by somebody who has only
the picture. Every score is the change against the same persona at rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.perception.seeing.landmarker import Landmarker, Seen
from realtime.rendering.behaviour.events import Floor, Mood
from realtime.rendering.face_asset.personas import PERSONAS
from realtime.rendering.frames import COEFFICIENTS
from realtime.rendering.lips import lips
from realtime.rendering.mirror import Mirror, mirror, opaque
from realtime.rendering.protocols import Phone
from realtime.rendering.recordings import performed

ERRORS = (RuntimeError, OSError)
SIZE = 420  # px
INNER_LIPS, CORNERS, EYES = (13, 14), (61, 291), (33, 263)  # of the landmarker's 478 points
_CONSONANT_MS, _VOWEL_MS = 110.0, 260.0


@dataclass(frozen=True)
class Sign:
    """What is to be seen: the sum of the changes of `scores` is at least `least`, or at most `most`. A score's name
    without Left or Right is the mean of both sides; `gap` (between the lips) and `width` (of the mouth) are shares of
    the distance between the eyes' outer corners."""

    scores: tuple[str, ...]
    least: float = -np.inf
    most: float = np.inf


EXPRESSIONS: dict[str, tuple[Sign, ...]] = {
    "encouraging": (Sign(("mouthSmile",), 0.2),),
    "concerned": (Sign(("browInnerUp",), 0.2),),
    "firm": (Sign(("browDown",), 0.2),),
    "doubtful": (Sign(("browOuterUpLeft", "browDownRight"), 0.2),),
    "blink": (Sign(("eyeBlink",), 0.5),),
}
_ROUND = ("mouthPucker", "mouthFunnel")
VISEMES: dict[str, tuple[str, tuple[Sign, ...]]] = {
    "PP": ("p", (Sign(("gap",), most=0.012), Sign(("jawOpen",), most=0.08))),
    "FF": (
        "f",
        (Sign(("gap",), most=0.08), Sign(("mouthUpperUp", "mouthShrugUpper", "mouthRollLower", "mouthPress"), 0.04)),
    ),
    "TH": ("θ", (Sign(("gap",), 0.02),)),
    "DD": ("d", (Sign(("gap",), 0.02),)),
    "kk": ("k", (Sign(("gap",), 0.02),)),
    "CH": ("tʃ", (Sign(("width",), most=-0.015), Sign(_ROUND))),
    "SS": ("s", (Sign(("gap",), 0.01), Sign(("jawOpen",), most=0.35))),
    "nn": ("n", (Sign(("gap",), 0.02),)),
    "RR": ("ɹ", (Sign(("width",), most=-0.008), Sign(_ROUND))),
    "aa": ("ɑ", (Sign(("gap",), 0.15), Sign(("jawOpen",), 0.12))),
    "E": ("ɛ", (Sign(("gap",), 0.08), Sign(("jawOpen",), 0.05))),
    "I": ("ɪ", (Sign(("gap",), 0.02), Sign(("width",), -0.01))),
    "O": ("oʊ", (Sign(("jawOpen", *_ROUND), 0.3), Sign(("width",), most=-0.01))),
    "U": ("u", (Sign(_ROUND, 0.15), Sign(("width",), most=-0.02))),
}


def readback() -> dict[str, Any]:
    """For each persona each expression and viseme: whether all its signs were seen, and how strong they were."""
    landmarker = Landmarker()
    asked = {**{name: _expression(name) for name in EXPRESSIONS}, **{name: _viseme(name) for name in VISEMES}}
    signs = {**EXPRESSIONS, **{name: seen for name, (_, seen) in VISEMES.items()}}
    personas: dict[str, Any] = {}
    for renderer, opened in renderers().items():
        with opened(SIZE, SIZE) as camera:
            for persona in (recipe.name for recipe in PERSONAS):
                camera.show(persona)
                personas[persona + renderer] = _recognised(landmarker, camera, asked, signs)
    every = [each["seen"] for scores in personas.values() for each in scores.values()]
    return {"personas": personas, "seen": sum(every), "asked": len(every)}


def renderers() -> dict[str, Any]:
    """{what stands behind a persona's name: mirror}: the browser's, and the worker's where torch and EGL are there."""
    try:
        from realtime.rendering.video.draw import NoRenderer, probe
        from realtime.rendering.video.mirror import mirror as video_mirror

        probe()
    except (ImportError, NoRenderer):
        return {"": mirror}
    return {"": mirror, " video": video_mirror}


def _recognised(
    landmarker: Landmarker, camera: Mirror, asked: Mapping[str, Any], signs: Mapping[str, tuple[Sign, ...]]
) -> dict[str, Any]:
    """What is seen of the persona that the camera shows."""
    rest = _looked(landmarker, camera, {})
    shown = {}
    for name, coefficients in asked.items():
        change = {key: value - rest[key] for key, value in _looked(landmarker, camera, coefficients).items()}
        found = [sum(change[score] for score in sign.scores) for sign in signs[name]]
        seen = all(sign.least <= much <= sign.most for sign, much in zip(signs[name], found, strict=True))
        shown[name] = {"seen": seen, "change": [round(much, 2) for much in found]}
    return shown


def report(figures: dict[str, Any]) -> str:
    """The figures as a table; what was not seen has a cross."""
    personas = figures["personas"]
    lines = [" " * 14 + "".join(f"{name:>18}" for name in personas)]
    for pose in next(iter(personas.values())):
        cells = (
            f"{'' if p[pose]['seen'] else '✗ '}{' '.join(f'{c:+.2f}' for c in p[pose]['change'])}"
            for p in personas.values()
        )
        lines.append(f"{pose:<14}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join([*lines, f"{figures['seen']} of {figures['asked']} recognised"])


def _expression(name: str) -> dict[str, float]:
    """As the behaviour engine shows it after some seconds, between two blinks."""
    if name == "blink":
        return {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
    frames = performed(5.0, [(0.0, Floor("listening")), (0.0, Mood(name))])[120:]
    values = np.stack([frame.coefficients for frame in frames])
    shown = values[np.argmin(values[:, COEFFICIENTS.index("eyeBlinkLeft")])]
    return {
        coefficient: float(value)
        for coefficient, value in zip(COEFFICIENTS, shown, strict=True)
        if not coefficient.startswith("eyeLook")
    }


def _viseme(name: str) -> dict[str, float]:
    """The middle of the sound: a vowel by itself, a consonant between two."""
    symbol, _ = VISEMES[name]
    vowel = symbol in ("ɑ", "ɛ", "ɪ", "oʊ", "u")
    sounds = [(symbol, _VOWEL_MS)] if vowel else [("ɛ", 120.0), (symbol, _CONSONANT_MS), ("ɛ", 120.0)]
    phones, at = [], 200.0
    for each, length in sounds:
        phones.append(Phone(each, at, at + length))
        at += length
    said = phones[len(phones) // 2]
    made = lips(phones, at + 200.0)
    middle = (said.start_ms + said.end_ms) / 2
    return {
        coefficient: float(np.interp(middle, made.times, [row[place] for row in made.values]))
        for place, coefficient in enumerate(made.names)
    }


def _looked(landmarker: Landmarker, camera: Mirror, coefficients: Mapping[str, float]) -> dict[str, float]:
    seen = landmarker.look(opaque(camera.picture(coefficients)))
    if seen is None:
        raise RuntimeError("no face was found in the renderer's picture")
    return _scores(seen)


def _scores(seen: Seen) -> dict[str, float]:
    scores = dict(seen.blendshapes)
    for name in list(scores):
        if name.endswith("Left"):
            both = name.removesuffix("Left")
            scores[both] = (scores[name] + scores[f"{both}Right"]) / 2
    eyes = between(seen, EYES)
    return {**scores, "gap": between(seen, INNER_LIPS) / eyes, "width": between(seen, CORNERS) / eyes}


def between(seen: Seen, pair: tuple[int, int]) -> float:
    """How far two of the landmarker's points are from each other in the picture, px."""
    return float(np.linalg.norm(seen.landmarks[pair[0], :2] - seen.landmarks[pair[1], :2]))
