"""`manage.py bench closures`: whether lips are seen to meet where p, b and m sound, in both renderers' pictures.

The frames around each p, b and m of 50 spoken sentences, as the behaviour engine gives them with head and mood, are
drawn and read by the face landmarker. The gap between the inner lips is a share of the mouth's width. Lips count as
closed where it is at most `TOLERANCE` more than on the same persona's still with pressed lips: the landmarker reads up
to 0.013 between lips that touch, and 0.03 between lip and teeth in an f. Between two frames, 25 ms apart, the gap is
taken to change evenly.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.perception.seeing.landmarker import Landmarker
from realtime.perception.weights import WeightsError
from realtime.rendering.benchmark import WITHIN_MS, movement, played, sentences
from realtime.rendering.face_asset.personas import PERSONAS
from realtime.rendering.frames import Frame
from realtime.rendering.lips import LIPS_MEET, SHUT
from realtime.rendering.mirror import Mirror, opaque
from realtime.rendering.readback import CORNERS, INNER_LIPS, SIZE, between, renderers
from realtime.rendering.voices import USUAL, loaded

ERRORS = (WeightsError, RuntimeError, OSError)
TOLERANCE = 0.015
_AROUND_MS = 75.0
_FEWER = 6  # sentences of each persona but the first


@dataclass(frozen=True)
class Meeting:
    """A p, b or m: the frames around it and how far each is from the middle of its sound, ms."""

    away: tuple[float, ...]
    frames: tuple[Frame, ...]

    @property
    def middle(self) -> tuple[int, int]:
        """Places of the last frame before the middle and the first after it."""
        after = int(np.searchsorted(self.away, 0.0))
        return max(after - 1, 0), min(after, len(self.away) - 1)

    @property
    def outer(self) -> tuple[int, int]:
        """Places of the first frame and the last."""
        return 0, len(self.away) - 1


def closures() -> dict[str, Any]:
    """{"personas": {persona and renderer: {"n", "met", "worst_ms", "apart", "closed_gap"}}}: of `n` sounds `met` have
    closed lips within WITHIN_MS, `worst_ms` off at most; `apart` of them have open lips in the same pictures. Raises
    WeightsError and NoChromium."""
    voice = loaded()[USUAL]
    spoken = [voice.speak(text) for text in sentences()]
    said = [meetings(speech.phones, *played(movement(speech), at)) for at, speech in enumerate(spoken)]
    landmarker, personas = Landmarker(), {}
    for renderer, opened in renderers().items():
        with opened(SIZE, SIZE) as camera:
            for recipe in PERSONAS:
                chosen = said if recipe is PERSONAS[0] else said[:_FEWER]
                camera.show(recipe.name)
                found = [meeting for sentence in chosen for meeting in sentence]
                personas[recipe.name + renderer] = _seen(landmarker, camera, found)
    return {
        "bench": "closures",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "limit_ms": WITHIN_MS,
        "personas": personas,
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as lines to read."""
    limit = f"{figures['limit_ms']:.0f} ms"
    return "\n".join(
        f"{name:<16}{each['met']:>4} of {each['n']:>3} p, b and m closed within {limit}, {each['worst_ms']} ms off at "
        f"most; {each['apart']} seen open beside it (closed: a gap of {each['closed_gap']} of the mouth's width)"
        for name, each in figures["personas"].items()
    )


def meetings(phones: Sequence[Any], begins: float, frames: Sequence[Frame]) -> list[Meeting]:
    """One for each p, b and m of a sentence that begins at `begins` ms of `frames`."""
    found = []
    for phone in phones:
        if phone.symbol in LIPS_MEET:
            middle = begins + (phone.start_ms + phone.end_ms) / 2
            near = [frame for frame in frames if abs(frame.at_ms - middle) <= _AROUND_MS]
            found.append(Meeting(tuple(frame.at_ms - middle for frame in near), tuple(near)))
    return found


def closest(away: Sequence[float], gaps: Sequence[float], most: float) -> float | None:
    """How far from 0 the gap is at most `most`, ms; None where that is further than WITHIN_MS."""
    at = np.arange(-WITHIN_MS, WITHIN_MS + 1, 1.0)
    met = np.abs(at[np.interp(at, away, gaps) <= most])
    return float(met.min()) if len(met) else None


def _seen(landmarker: Landmarker, camera: Mirror, found: Sequence[Meeting]) -> dict[str, Any]:
    most = _gap(landmarker, camera.picture(SHUT)) + TOLERANCE
    offs, apart = [], 0
    for meeting in found:
        gaps = _gaps(landmarker, camera, meeting, most)
        offs.append(closest([meeting.away[place] for place in gaps], list(gaps.values()), most))
        apart += max(gaps.values()) > 2 * most
    met = [off for off in offs if off is not None]
    return {
        "n": len(found),
        "met": len(met),
        "worst_ms": max(met, default=None),
        "apart": apart,
        "closed_gap": round(most, 3),
    }


def _gaps(landmarker: Landmarker, camera: Mirror, meeting: Meeting, most: float) -> dict[int, float]:
    """The gap by the frame's place, in order: of those in the middle and the outermost, or of all where lips are not
    closed in the very middle. A picture takes the browser up to a second."""
    places = {*meeting.middle, *meeting.outer}
    gaps = {place: _gap(landmarker, camera.frame(meeting.frames[place])) for place in places}
    if max(gaps[place] for place in meeting.middle) > most:
        rest = set(range(len(meeting.frames))) - places
        gaps |= {place: _gap(landmarker, camera.frame(meeting.frames[place])) for place in rest}
    return dict(sorted(gaps.items()))


def _gap(landmarker: Landmarker, picture: np.ndarray) -> float:
    """Between the inner lips, as a share of the mouth's width. Raises RuntimeError where no face is found."""
    seen = landmarker.look(opaque(picture))
    if seen is None:
        raise RuntimeError("no face was found in the renderer's picture")
    return between(seen, INNER_LIPS) / between(seen, CORNERS)
