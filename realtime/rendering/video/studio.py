"""The renderer of a process: one thread that owns the GL context and draws the faces of all leases.

Faces that are due at the same time are bent in one batch, drawn, read and encoded; the packets leave from here. When
the thread is too busy, all faces get fewer pictures a second, and more again when it has long been idle.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from realtime.rendering.frames import COEFFICIENTS, LEAD_MS, RATE, Frame
from realtime.rendering.video.deform import Deformer
from realtime.rendering.video.draw import SIZES, Painter, Shot
from realtime.rendering.video.encode import Encoder
from realtime.rendering.video.head import Head, HeadError, names, read
from realtime.rendering.video.packets import CLOCK, Encoded
from realtime.rendering.video.timeline import Timeline

log = logging.getLogger(__name__)

RATES = (RATE, 30, 25, 20, 15, 10)  # pictures a second
_FIRST_MS = 60.0  # that a frame takes from here to the learner's connection, before it was measured
_ON_THE_WAY_MS = 10.0  # of it, between the processes
_MARGIN, _FOLLOWS = 1.5, 0.05  # of what a batch takes; how fast the measure follows it
_TOGETHER = 0.004  # seconds: faces that are due within these are one batch
_LOOK = 1.0  # seconds between two looks at how busy the thread is
_BUSY, _BUSY_IN_SOFTWARE = 0.85, 0.55  # share of the time; a CPU that draws also hears and speaks
_IDLE_LOOKS = 4  # looks in a row that more pictures would have fitted


@dataclass(frozen=True)
class Steps:
    """Seconds that one batch of `faces` took, step by step."""

    faces: int
    deform: float
    draw: float
    read: float
    encode: float


class Film:
    """One face's video, made by the studio that gave it. `deliver` is called with each packet from another thread."""

    def __init__(
        self,
        studio: Studio,
        head: Head,
        size: tuple[int, int],
        encoder: Encoder,
        dark: bool,
        deliver: Callable[[Encoded], None],
    ):
        self.head, self.size, self.dark, self.encoder, self.deliver = head, size, dark, encoder, deliver
        self.timeline = Timeline(studio.rate, studio.hold)
        self._studio = studio

    def take(self, frames: Iterable[Frame]) -> None:
        """Frames of the face, ahead of their time."""
        with self._studio.changed:
            self.timeline.take(frames, time.monotonic() * 1000)
            self._studio.changed.notify()

    def keyframe(self) -> None:
        """Make the next picture one that needs no other."""
        self.encoder.keyframe()

    def aim(self, bps: int) -> None:
        """Aim at this bit rate from the next picture on."""
        with self._studio.changed:
            self._studio.aims[self] = bps

    def close(self) -> None:
        """No more packets are delivered after the one in progress."""
        with self._studio.changed:
            self._studio.films.discard(self)
            self._studio.changed.notify()


class Studio:
    """Draws until `close`. `on_batch` is told how long each batch took. Raises NoRenderer where nothing can draw."""

    def __init__(self, on_batch: Callable[[Steps], None] = lambda steps: None, device: str | None = None):
        self.changed = threading.Condition()
        self.films: set[Film] = set()
        self.aims: dict[Film, int] = {}
        self.rate: float = RATE
        self.hold = LEAD_MS - _FIRST_MS
        self.renderer = ""
        self.software = True
        self._heads: dict[str, Head] = {}
        self._on_batch, self._device = on_batch, device
        self._spent = self._looked = 0.0
        self._idle = 0
        self._closing = False
        self._encoding = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), "encode")
        self._opened = threading.Event()
        self._refusal: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="studio", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # a thread inside a native library must not outlive the interpreter
        self._opened.wait()
        if self._refusal is not None:
            self.close()
            raise self._refusal

    def film(self, face: str, height: int, codec: str, deliver: Callable[[Encoded], None], dark: bool = False) -> Film:
        """Begin a face's video. Raises HeadError for a face and ValueError for a height that is not in SIZES."""
        if height not in SIZES:
            raise ValueError(f"height: {height} is not one of {', '.join(map(str, SIZES))}")
        if face not in self._heads:
            raise HeadError(f"face: there is no head {face!r}")
        film = Film(self, self._heads[face], SIZES[height], Encoder(codec, SIZES[height], self.rate), dark, deliver)
        with self.changed:
            self.films.add(film)
        return film

    def close(self) -> None:
        atexit.unregister(self.close)
        with self.changed:
            self._closing = True
            self.changed.notify()
        self._thread.join()
        self._encoding.shutdown()

    def _work(self) -> None:
        try:
            self._painter, self._deformer = Painter(), Deformer(self._device)
            self.renderer, self.software = self._painter.renderer, self._painter.software
            self.rate = 25 if self.software else RATE
            self._hold_all()
        except Exception as refusal:  # raised again where the studio is made
            self._refusal = refusal
            return self._opened.set()
        self._opened.set()
        self._looked = time.monotonic()
        while True:
            with self.changed:
                batch = self._wait()
                aims, self.aims = self.aims, {}
            if batch is None:
                return
            for film, bps in aims.items():
                film.encoder.bps = bps
            try:
                self._make(batch)
            except Exception:
                log.exception("a batch of %d faces could not be drawn", len(batch))
            self._adapt()

    def _hold_all(self) -> None:
        """Draw every shipped head once: what it needs is compiled before a learner waits for it."""
        for name in names():
            head = read(name)
            self._deformer.hold(head)
            self._painter.draw([Shot(head, head.rest, Frame(0.0, np.ones(len(COEFFICIENTS))), SIZES[360])])
            self._heads[name] = head

    def _wait(self) -> list[tuple[Film, Frame]] | None:
        """What is due next; None at the end. Holds the lock."""
        while not self._closing:
            now = time.monotonic()
            due = min((at for film in self.films if (at := film.timeline.due()) is not None), default=None)
            if due is not None and due / 1000 <= now:
                horizon = (now + _TOGETHER) * 1000
                found = [(film, film.timeline.pop(horizon)) for film in self.films]
                return [(film, frame) for film, frame in found if frame is not None]
            self.changed.wait(None if due is None else due / 1000 - now)
        return None

    def _make(self, batch: list[tuple[Film, Frame]]) -> None:
        times = [time.perf_counter()]
        bent = self._deformer.deform([(film.head, frame.coefficients) for film, frame in batch])
        times.append(time.perf_counter())
        shots = [
            Shot(film.head, vertices, frame, film.size, film.dark)
            for (film, frame), vertices in zip(batch, bent, strict=True)
        ]
        self._painter.draw(shots)
        times.append(time.perf_counter())
        pictures = self._painter.read(shots)
        times.append(time.perf_counter())
        list(self._encoding.map(_encode, batch, pictures))
        times.append(time.perf_counter())
        steps = Steps(len(batch), *np.diff(times).tolist())
        self._spent += times[-1] - times[0]
        self._hold_for(times[-1] - times[0])
        self._on_batch(steps)

    def _hold_for(self, seconds: float) -> None:
        """Begin with each frame just early enough, by how long the last ones took."""
        needed = min(1000 * seconds * _MARGIN + _ON_THE_WAY_MS, LEAD_MS)
        self.hold += (LEAD_MS - needed - self.hold) * _FOLLOWS
        with self.changed:
            for film in self.films:
                film.timeline.hold = self.hold

    def _adapt(self) -> None:
        passed = time.monotonic() - self._looked
        if passed < _LOOK:
            return
        share, limit = self._spent / passed, _BUSY_IN_SOFTWARE if self.software else _BUSY
        self._spent, self._looked = 0.0, time.monotonic()
        place = RATES.index(self.rate)
        if share > limit and place + 1 < len(RATES):
            self._set(RATES[place + 1])
        elif place and share * RATES[place - 1] / self.rate < 0.8 * limit:
            self._idle += 1
            if self._idle >= _IDLE_LOOKS:
                self._set(RATES[place - 1])
        else:
            self._idle = 0

    def _set(self, rate: float) -> None:
        log.info("%s pictures a second instead of %s", rate, self.rate)
        self.rate, self._idle = rate, 0
        with self.changed:
            for film in self.films:
                film.timeline.rate = rate


def _encode(drawn: tuple[Film, Frame], picture: np.ndarray) -> None:
    film, frame = drawn
    encoded = film.encoder.encode(picture, round(frame.at_ms * CLOCK / 1000))
    if encoded is not None:
        film.deliver(encoded)
