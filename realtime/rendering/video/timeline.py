"""Which of a face's frames are drawn, and when: they come in packets somewhat ahead of their time."""

from __future__ import annotations

from collections.abc import Iterable

from realtime.rendering.frames import Frame

_KEPT_MS = 1000.0  # no frame comes further ahead of its time than this
_SLIPS = 0.02  # how fast the clock follows packets that come later than before


class Timeline:
    """The frames of one face that are still to be drawn. Times are ms: `at_ms` on the face clock, `now` on ours.

    A frame for a time that is there already replaces it: something happened meanwhile, a sentence began or was broken
    off. So frames are drawn as late as they may, `hold` ms after their packet, of which the first new frame is sent
    LEAD_MS before its time; packets that come later than others did change the clock slowly only.
    """

    def __init__(self, rate: float, hold: float = 0.0):
        self.rate, self.hold = rate, hold
        self._frames: dict[float, Frame] = {}
        self._offset: float | None = None  # our time less the face clock's
        self._last: float | None = None  # of the newest frame that came
        self._drawn: float | None = None  # the face clock's time of the last frame that was drawn

    def take(self, frames: Iterable[Frame], now: float) -> None:
        """A packet's frames, in order."""
        fresh = {frame.at_ms: frame for frame in frames}
        first, last = min(fresh), self._last
        if last is not None and first < last - _KEPT_MS:  # another process, with a clock of its own
            self._frames, self._drawn, self._offset, last = {}, None, None, None
        self._frames = {at: frame for at, frame in self._frames.items() if at < first} | fresh
        added = [at for at in fresh if last is None or at > last]
        if added:
            self._last = max(added)
            self._set_clock(now - min(added))

    def _set_clock(self, offset: float) -> None:
        if self._offset is None or offset < self._offset or offset > self._offset + _KEPT_MS:
            self._offset = offset
        else:
            self._offset += (offset - self._offset) * _SLIPS

    def due(self) -> float | None:
        """When the next frame is to be drawn, on our clock; None while there is none."""
        at = self._next()
        return None if at is None else at + self._offset + self.hold

    def pop(self, now: float) -> Frame | None:
        """The frame to be drawn now, if any; those before it are past."""
        at, clock = self._next(), now - (self._offset or 0.0) - self.hold
        if at is None or at > clock:
            return None
        # Late: go on with the newest that is due.
        at = max((other for other in self._frames if at <= other <= clock), default=at)
        frame = self._frames[at]
        self._frames = {other: kept for other, kept in self._frames.items() if other > at}
        self._drawn = at
        return frame

    def _next(self) -> float | None:
        if self._drawn is None:
            return min(self._frames, default=None)
        wanted = self._drawn + 1000 / self.rate - 12.5  # half of the stream's 25 ms: the frame that is nearest
        return min((at for at in self._frames if at >= wanted), default=None)
