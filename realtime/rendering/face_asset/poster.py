"""Takes the still pictures of the heads: `<persona>.webp` (600 px, transparent) and `<persona>-small.webp` (160 px).

    python -m realtime.rendering.face_asset.poster --out static/personas

Needs Playwright (requirements-dev.txt), a Chromium and OpenCV; draws on the CPU, so any machine gives the same picture.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import threading
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

from .personas import PERSONAS

STATIC = Path(__file__).resolve().parents[3] / "static"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
POSE = "mouthSmileLeft:0.1,mouthSmileRight:0.1"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    out = arguments.parse_args().out
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(STATIC)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1200})
        for persona in PERSONAS:
            address = (
                f"http://127.0.0.1:{server.server_port}/face/dev.html?wide&bare&calm&sharp&fine&face={persona.name}"
            )
            page.goto(f"{address}&pose={POSE}")
            page.wait_for_selector("body[data-shown]", timeout=60_000, state="attached")
            page.wait_for_selector("body[data-eyes=open]", timeout=60_000, state="attached")
            shot = page.screenshot(omit_background=True)
            image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_UNCHANGED)
            for size, name in ((600, persona.name), (160, f"{persona.name}-small")):
                small = _reduced(image, size)
                (out / f"{name}.webp").write_bytes(cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, 92])[1])
        browser.close()
    server.shutdown()


def _reduced(image: np.ndarray, size: int) -> np.ndarray:
    """Averaged with colours weighted by alpha, so that the edge keeps the colour of what it is the edge of."""
    alpha = image[..., 3:].astype(float) / 255
    weighted = cv2.resize(image[..., :3] * alpha, (size, size), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)[..., None]
    colour = weighted / np.maximum(cover, 1e-4)
    return np.clip(np.dstack([colour, cover * 255]).round(), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
