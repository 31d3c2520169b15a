"""The browser renderer, asked for still pictures: what a persona looks like with given coefficients.

Needs Playwright (requirements-dev.txt) and a Chromium; it draws on the CPU, so any machine gives the same picture.
"""

from __future__ import annotations

import base64
import functools
import http.server
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from coachtool.embedded import browser
from realtime.rendering.frames import COEFFICIENTS, Frame

STATIC = Path(__file__).resolve().parents[2] / "static"
_FLAGS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking")
_BACKDROP = (222, 228, 224)
_PATIENCE_MS = 60_000


class _Static(http.server.SimpleHTTPRequestHandler):
    """static/ at the path at which the pages' modules look for it."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/static"))

    def log_message(self, *_: object) -> None:
        pass


class Mirror:
    """One page that shows one persona at a time."""

    def __init__(self, page: Page, address: str):
        self._page = page
        self._address = address

    def show(self, persona: str) -> None:
        self._page.goto(f"{self._address}/face/still.html?face={persona}")
        self._page.wait_for_selector("body[data-shown]", timeout=_PATIENCE_MS, state="attached")

    def picture(
        self,
        coefficients: Mapping[str, float],
        turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
        shift: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> np.ndarray:
        """uint8 (height, width, 4), R, G, B, alpha; `turn` and `shift` as in a Frame. Raises ValueError for a
        coefficient that there is not."""
        for name in coefficients:
            if name not in COEFFICIENTS:
                raise ValueError(f"{name} is not a face coefficient")
        drawn = self._page.evaluate(
            "wanted => picture(wanted)",
            {
                "coefficients": dict(coefficients),
                "turn": dict(zip(("pitch", "yaw", "roll"), turn, strict=True)),
                "shift": dict(zip("xyz", shift, strict=True)),
            },
        )
        return np.asarray(Image.open(BytesIO(base64.b64decode(drawn.partition(",")[2]))).convert("RGBA"))

    def frame(self, frame: Frame) -> np.ndarray:
        """The picture of a frame, as `picture`."""
        return self.picture(frame.named, frame.turn, frame.shift)


class NoChromium(RuntimeError):
    """The machine has no Chromium; the message says how to get one."""


@contextmanager
def mirror(width: int, height: int) -> Iterator[Mirror]:
    """Raises NoChromium."""
    with opened(width, height) as (page, address):
        yield Mirror(page, address)


@contextmanager
def opened(width: int, height: int, flags: Sequence[str] = ()) -> Iterator[tuple[Page, str]]:
    """An empty page of a Chromium with software GL, and the address at which it finds static/. Raises NoChromium."""
    path = browser.find()
    if path is None:
        raise NoChromium(browser.REMEDY)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Static, directory=str(STATIC)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *flags], chromium_sandbox=False)
            try:
                page = chromium.new_page(viewport={"width": width, "height": height})
                yield page, f"http://127.0.0.1:{server.server_port}/static"
            finally:
                chromium.close()
    finally:
        server.shutdown()
        server.server_close()


def opaque(picture: np.ndarray) -> np.ndarray:
    """A picture on a plain backdrop, uint8 (height, width, 3)."""
    alpha = picture[..., 3:].astype(float) / 255
    return np.round(picture[..., :3] * alpha + np.array(_BACKDROP) * (1 - alpha)).astype(np.uint8)
