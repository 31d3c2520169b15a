"""What the camera's frames of a turn show beside the learner's own first minute in the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from realtime.perception import lids
from realtime.perception.baseline import certainty
from realtime.perception.heard import Noticed
from realtime.perception.sights import Sight

FIRST_MS = 60_000  # in the picture: the learner's own first minute
LEAST_MS = 10_000  # of it before anything is compared
GONE_MS = 2_000  # out of the picture, after which it is said at once
_STALE_MS = 1_000  # a frame stands for what follows, up to the next one, this long at most
_AWAY = 20.0  # degrees from where the learner usually looks
_SMILE, _BROWS = 0.25, 0.05  # of the coefficient above the usual; without a frown, brows read .03 at most
_SPREADS = 3.0  # of the learner's own standard deviation, at least
_CLOSED = 0.5
_BLINK_WINDOW_MS = 30_000
_BLINKS_MS = 20_000  # of frames in the window, at least
_SURE, _STILL_SURE = 0.9, 0.7


@dataclass(frozen=True)
class _Sign:
    """Something that lasts: `least_ms` in one piece, and `more` of the time than usual."""

    kind: str
    least_ms: int
    more: float


_SIGNS = (
    _Sign("looked_away", 1_000, 0.15),
    _Sign("smiled", 500, 0.15),
    _Sign("frowned", 750, 0.2),
)


@dataclass(frozen=True)
class _Rest:
    """Where the learner usually looks, in degrees, and the coefficients above which something shows."""

    yaw: float
    pitch: float
    smile: float
    brows: float
    lids: float  # open

    def shows(self, kind: str, sight: Sight) -> bool:
        """Whether this frame shows the sign."""
        if kind == "frowned":
            return sight.brows_down > self.brows
        if sight.blink > _CLOSED:
            # Where a closed eye looks is anybody's guess, and behind closed lids a grimace reads as a smile.
            return False
        if kind == "smiled":
            return sight.smile > self.smile
        yaw, pitch = _direction(sight)
        return math.hypot(yaw - self.yaw, pitch - self.pitch) > _AWAY


@dataclass
class _Usual:
    """The first minute in the picture."""

    ms: int = 0
    frames: list[Sight] = field(default_factory=list)
    _rest: _Rest | None = None

    def add(self, sight: Sight, ms: int) -> None:
        if self.ms >= FIRST_MS or not sight.present:
            return
        self.ms += ms
        self.frames.append(sight)
        self._rest = None

    @property
    def rest(self) -> _Rest:
        """Of at least one frame."""
        if self._rest is None:
            yaw, pitch = zip(*map(_direction, self.frames), strict=True)
            self._rest = _Rest(
                median(yaw),
                median(pitch),
                _above([sight.smile for sight in self.frames], _SMILE),
                _above([sight.brows_down for sight in self.frames], _BROWS),
                median(sight.blink for sight in self.frames),
            )
        return self._rest

    def share(self, kind: str) -> float:
        """How much of the first minute showed it, with one second of doubt."""
        shown = sum(self.rest.shows(kind, sight) for sight in self.frames)
        return (shown / len(self.frames) * self.ms + 500) / (self.ms + 1_000)

    def blinks(self, frames: Iterable[Sight]) -> lids.Blinks:
        """Those in `frames`, by what open lids are here."""
        return lids.blinks([(sight.at_ms, sight.blink) for sight in frames], self.rest.lids)


class Face:
    """One learner's face, frame by frame."""

    def __init__(self) -> None:
        self._usual = _Usual()
        self._recent: list[tuple[Sight, int]] = []  # with the ms that each stands for; _BLINK_WINDOW_MS of them
        self._last: Sight | None = None
        self._gone_since: int | None = None
        self._told_gone = False
        self._on: set[str] = set()

    def saw(self, sight: Sight) -> tuple[Noticed, ...]:
        """The next frame; what has to be said at once. Frames out of order are passed over."""
        last = self._last
        if last is not None and sight.at_ms <= last.at_ms:
            return ()
        if last is not None:
            ms = min(sight.at_ms - last.at_ms, _STALE_MS)
            self._recent.append((last, ms))
            self._usual.add(last, ms)
        self._last = sight
        oldest = sight.at_ms - _BLINK_WINDOW_MS
        self._recent = [each for each in self._recent if each[0].at_ms >= oldest]
        return self._left(sight)

    @property
    def now(self) -> dict[str, Any] | None:
        """The newest frame and what follows from it, for the learner to see; None before the first.

        `away` is None until it is known where the learner usually looks, `blinks` (a minute) until there were enough
        frames.
        """
        if self._last is None:
            return None
        sight, blinks = self._last, self._blinks_now()
        return {
            **{name: getattr(sight, name) for name in ("present", "turn", "brows_up", "brows_down", "smile")},
            "away": self._usual.rest.shows("looked_away", sight) if sight.present and self._usual.frames else None,
            "blinks": round(blinks.a_minute) if blinks else None,
        }

    def turn(self, began_ms: int, ended_ms: int) -> tuple[Noticed, ...]:
        """What was different while the learner spoke."""
        if self._usual.ms < LEAST_MS:
            return ()
        frames = [(sight, ms) for sight, ms in self._recent if began_ms <= sight.at_ms < ended_ms and sight.present]
        noticed = [*self._signs(frames), *self._blinks()]
        self._on = {each.kind for each in noticed}
        return tuple(noticed)

    def _signs(self, frames: list[tuple[Sight, int]]) -> Iterator[Noticed]:
        total = sum(ms for _, ms in frames)
        for sign in _SIGNS if total else ():
            shown = [(self._usual.rest.shows(sign.kind, sight), ms) for sight, ms in frames]
            longest, share = _longest(shown), sum(ms for shows, ms in shown if shows) / total
            usual = self._usual.share(sign.kind)
            # What a face does lasts about half a second: so much of the time is one independent look.
            error = math.sqrt(usual * (1 - usual) * (500 / max(total, 500) + 500 / self._usual.ms))
            sure = certainty((share - usual) / error) if share > usual else 0.0
            part, least = (0.6, _STILL_SURE) if sign.kind in self._on else (1.0, _SURE)
            if longest >= part * sign.least_ms and share - usual >= part * sign.more and sure >= least:
                yield Noticed(sign.kind, _WORDS[sign.kind].format(f"{longest / 1000:.1f} s"), round(sure, 2))

    def _blinks_now(self) -> lids.Blinks | None:
        """Of the last half minute; None where too little of it is known."""
        frames = [(sight, ms) for sight, ms in self._recent if sight.present]
        if sum(ms for _, ms in frames) < _BLINKS_MS:
            return None
        found = self._usual.blinks(sight for sight, _ in frames)
        return found if found.frames else None

    def _blinks(self) -> Iterator[Noticed]:
        now = self._blinks_now()
        if now is None or self._usual.ms < _BLINKS_MS:
            return
        usual = self._usual.blinks(self._usual.frames)
        ratio = now.a_minute / max(usual.a_minute, 1.0)
        kind = "more_blinks" if ratio > 1 else "fewer_blinks"
        sure = lids.certainty(now, usual)
        if sure >= (_STILL_SURE if kind in self._on else _SURE) and (ratio >= 1.8 or ratio <= 0.4):
            yield Noticed(kind, _WORDS[kind], round(sure, 2))

    def _left(self, sight: Sight) -> tuple[Noticed, ...]:
        if sight.present:
            self._gone_since, self._told_gone = None, False
            return ()
        self._gone_since = sight.at_ms if self._gone_since is None else self._gone_since
        if self._told_gone or self._usual.ms < _STALE_MS or sight.at_ms - self._gone_since < GONE_MS:
            return ()
        self._told_gone = True
        return (Noticed("left_the_picture", _WORDS["left_the_picture"], 0.95),)


def _direction(sight: Sight) -> tuple[float, float]:
    """Where the learner looks, in degrees: the head's direction and the eyes' within it."""
    return sight.turn[1] + sight.gaze[0], sight.turn[0] + sight.gaze[1]


def _above(values: Sequence[float], least: float) -> float:
    """The value that is unlike the others: above the median by `least` and by _SPREADS robust standard deviations."""
    usual = median(values)
    return usual + max(least, _SPREADS * 1.4826 * median(abs(value - usual) for value in values))


def _longest(shown: list[tuple[bool, int]]) -> int:
    """The ms of the longest stretch in one piece."""
    longest = lasting = 0
    for shows, ms in shown:
        lasting = lasting + ms if shows else 0
        longest = max(longest, lasting)
    return longest


_WORDS = {
    "looked_away": "looked away for {}",
    "smiled": "smiled for {}",
    "frowned": "drew the brows together for {}",
    "more_blinks": "blinked more often than before",
    "fewer_blinks": "blinked less often than before",
    "left_the_picture": "left the picture",
}
