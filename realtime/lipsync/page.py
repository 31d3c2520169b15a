"""The page that watches a call: static/face/lipsync.html in a Chromium, and what it noted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import TimeoutError

from realtime.lipsync.call import Call
from realtime.lipsync.offsets import Signal
from realtime.rendering.mirror import opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

log = logging.getLogger(__name__)

STAGE = 640, 360  # px
_FLAGS = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
_READY_MS = 60_000
_TOGETHER_MS = 2.0  # blocks of sound that are taken within this are taken at once
_SMOOTH = 200  # such takings


@dataclass(frozen=True)
class Watched:
    """What a page noted, all times ms of its performance.now(). See static/face/lipsync.js."""

    blocks: list[list[float]]  # of sound: its own clock's time, when it came, its length, and its loudness in parts
    poses: list[list[float]]  # when it was drawn, and its jawOpen
    ticks: list[float]  # of requestAnimationFrame
    pictures: list[list[float]]  # when it is on the screen, and the mouth's pixels
    latency: float  # of the loudspeaker
    buffered: float  # ms of sound in the jitter buffer, on average

    def heard(self) -> Signal:
        """The voice's loudness at the loudspeaker."""
        blocks = np.array(self.blocks)
        taken, came, length, loudness = blocks[:, 0], blocks[:, 1], blocks[:, 2], blocks[:, 3:]
        taken = taken + (came - taken).min()  # the blocks' clock has an origin of its own
        begins = np.concatenate([[0.0], np.cumsum(length)[:-1]])
        # Of blocks that are taken at once the first is heard first; where it lies wavers with the thread that takes it.
        first = np.concatenate([[True], np.diff(taken) > _TOGETHER_MS])
        place, away = begins[first], (taken - begins)[first]
        steady = np.array([np.median(away[max(0, i - _SMOOTH) : i + _SMOOTH]) for i in range(len(away))])
        starts = begins + np.interp(begins, place, steady) + self.latency
        parts = loudness.shape[1]
        times = starts[:, None] + length[:, None] * (np.arange(parts) + 0.5) / parts
        return Signal(times.ravel(), loudness.ravel())

    def drawn(self) -> Signal:
        """The jaw of the poses that were drawn, where they stand on the screen."""
        poses, ticks = np.array(self.poses), np.array(self.ticks)
        shows = ticks[np.minimum(np.searchsorted(ticks, poses[:, 0], side="right"), len(ticks) - 1)]
        return _held(shows, poses[:, 1])

    def video(self) -> Signal:
        """What moves most in the part of the picture where the mouth is."""
        pictures = np.array(self.pictures)
        pixels = pictures[:, 1:] - pictures[:, 1:].mean(axis=0)
        _, _, parts = np.linalg.svd(pixels, full_matrices=False)
        moved = pixels @ parts[0]
        return _held(pictures[:, 0], moved * np.sign(((moved - moved.mean()) ** 3).sum()))


def _held(shows: np.ndarray, values: np.ndarray) -> Signal:
    """Each value in the middle of the time until the next is shown."""
    order = np.argsort(shows, kind="stable")
    shows, values = shows[order], values[order]
    last = np.concatenate([np.diff(shows) > 0, [True]])  # of several for the same moment the last is seen
    shows, values = shows[last], values[last]
    return Signal((shows[:-1] + shows[1:]) / 2, values[:-1])


class Watcher:
    """One call, watched from its page."""

    def __init__(self, page: Page):
        self._page = page

    def wait(self, ms: float) -> None:
        """The page signals meanwhile."""
        self._page.wait_for_timeout(ms)

    def wait_for_film(self) -> None:
        """Until the video is shown. Raises RuntimeError where none comes."""
        try:
            self._page.wait_for_selector("#face.filmed", timeout=_READY_MS)
        except TimeoutError:
            raise RuntimeError("no video came: see the log above") from None

    @property
    def watched(self) -> Watched:
        """What the page has noted. For the end: to fetch it holds up the call, which is in this process."""
        return Watched(**self._page.evaluate("watched()"))


@contextmanager
def watching(call: Call, face: str, filmed: bool) -> Iterator[Watcher]:
    """Raises NoChromium."""
    with opened(*STAGE, flags=_FLAGS) as (page, address):
        page.on("pageerror", lambda problem: log.error("the page: %s", problem))
        page.expose_function("signal", call.signal)
        page.goto(f"{address}/face/lipsync.html?face={face}&picture={'video' if filmed else 'drawn'}")
        page.wait_for_selector("body[data-shown]", timeout=_READY_MS, state="attached")
        yield Watcher(page)
