"""Film strips of the personas, from the real engine through the browser renderer: `docs/pictures/strip-<name>-*.webp`.

    python -m realtime.rendering.strips --out docs/pictures

`speaking`: a sentence with the mood it is meant in, lips from its own sounds. `listening`: a learner speaks, pauses and
goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from realtime.rendering.behaviour.events import Floor, LearnerPauses, LearnerSpeaks, Mood, Speak
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.face_asset.personas import PERSONAS
from realtime.rendering.frames import Frame
from realtime.rendering.lips import lips
from realtime.rendering.mirror import Mirror, mirror, opaque
from realtime.rendering.protocols import Phone
from realtime.rendering.recordings import performed

SIZE = 420, 480  # px, of which the middle is kept
KEPT = 240, 320
FRAMES = 9
# "Before you pay, show me the invoice." One sound, its length in ms, and whether it is stressed.
SENTENCE = (
    *(("b", 70, False), ("ɪ", 60, False), ("f", 90, False), ("ɔ", 140, True), ("ɹ", 60, False)),
    *(("j", 50, False), ("u", 90, False), ("p", 100, False), ("eɪ", 220, True), ("", 180, False)),
    *(("ʃ", 120, False), ("oʊ", 170, True), ("m", 70, False), ("i", 110, False)),
    *(("ð", 40, False), ("ɪ", 60, False), ("ɪ", 80, True), ("n", 60, False), ("v", 70, False)),
    *(("ɔɪ", 180, False), ("s", 150, False)),
)
MOODS = {"ruth": "firm", "maya": "doubtful", "daniel": "concerned", "samuel": "encouraging"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--only", choices=[recipe.name for recipe in PERSONAS])
    chosen = arguments.parse_args()
    with mirror(*SIZE) as camera:
        for recipe in PERSONAS:
            if chosen.only in (None, recipe.name):
                camera.show(recipe.name)
                for name, frames in (("speaking", _speaking(recipe.name)), ("listening", _listening(recipe.name))):
                    path = chosen.out / f"strip-{recipe.name}-{name}.webp"
                    Image.fromarray(_strip(camera, frames)).save(path, quality=84, method=6)


def _speaking(persona: str) -> list[Frame]:
    phones, at = [], 0.0
    for symbol, length, stressed in SENTENCE:
        phones.append(Phone(symbol, at, at + length, stressed))
        at += length
    made = lips(phones, at)
    said = Movement.read(made.names, made.times, made.values, made.beats)
    events = [(0.0, Mood(MOODS[persona])), (0.0, Floor("speaking")), (1500.0, Speak(said))]
    frames = performed((1500 + at) / 1000, events, seed=len(persona))
    # The middles of sounds that look different: b, f, o, p, ay, sh, oh, v, s.
    return [_at(frames, 1500 + (phones[i].start_ms + phones[i].end_ms) / 2) for i in (0, 2, 3, 7, 8, 10, 11, 18, 20)]


def _listening(persona: str) -> list[Frame]:
    events = [
        (0.0, Floor("listening")),
        (0.0, Mood("neutral")),
        (1000.0, Floor("hearing")),
        (1000.0, LearnerSpeaks()),
        (3600.0, LearnerPauses()),
        (4600.0, LearnerSpeaks()),
        (5200.0, Mood(MOODS[persona])),
        (7400.0, LearnerPauses()),
    ]
    frames = performed(8.6, events, seed=40 + len(persona))
    return [_at(frames, at) for at in np.linspace(900, 8500, FRAMES)]


def _at(frames: Sequence[Frame], ms: float) -> Frame:
    return min(frames, key=lambda frame: abs(frame.at_ms - ms))


def _strip(camera: Mirror, frames: Sequence[Frame]) -> np.ndarray:
    left, top = (SIZE[0] - KEPT[0]) // 2, 20
    pictures = [opaque(camera.frame(frame))[top : top + KEPT[1], left : left + KEPT[0]] for frame in frames]
    return np.hstack(pictures)


if __name__ == "__main__":
    main()
