"""`manage.py bench render`: the two renderers of the face, step by step, on this machine.

The worker's renderer is timed on the frames of a spoken sentence, for 1, 4 and 8 faces at once at three sizes: wall
time, which depends on what else the machine does, and processor time, which does not. The browser's renderer is a
Chromium with software GL at 1280 by 720; on a machine with a GPU it draws at the display's rate.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

from realtime.perception.weights import WeightsError
from realtime.rendering import benchmark as face_benchmark
from realtime.rendering.behaviour.events import Floor, Speak
from realtime.rendering.codec_bench import stream
from realtime.rendering.frames import Frame
from realtime.rendering.recordings import performed
from realtime.rendering.voices import USUAL, loaded

if TYPE_CHECKING:
    from playwright.sync_api import Page

FACES = (1, 4, 8)
STEPS = ("deform", "draw", "read", "encode")
WANTED = {"height": 1080, "fps": 40, "faces": 8}
_SENTENCE = "What would you look for in the police report before you decide about the claim?"
_LEAST, _SECONDS = 3, 3.0  # batches of a kind at least, and the time after which no other begins
_WATCHED = 8.0  # seconds that Chromium draws


class Missing(RuntimeError):
    """A package that this machine lacks; the message names it."""


ERRORS = (Missing, WeightsError)


def render() -> dict[str, Any]:
    """{"worker": {"renderer", "device", "rows": […], "encoders": […]}, "browser": {…} or None, "stream": …}.

    A row is one size and number of faces: milliseconds of a batch, step by step, `cpu_ms` of the processor for one
    face's picture, and `fps` that each face could have. Raises Missing and WeightsError.
    """
    speech = loaded()[USUAL].speak(_SENTENCE)
    movement = face_benchmark.movement(speech)
    frames = performed(speech.duration_ms / 1000, [(0.0, Floor("speaking")), (200.0, Speak(movement))])
    return {
        "bench": "render",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "wanted": WANTED,
        "worker": _worker(frames),
        "browser": _browser(),
        "stream": stream([movement] * 4),
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    worker, browser, sent, wanted = (figures[part] for part in ("worker", "browser", "stream", "wanted"))
    lines = [
        f"worker   {worker['renderer']}, torch on {worker['device']}, {figures['cores']} cores, load {figures['load']}",
        f"{'size':>7}{'faces':>6}"
        + "".join(f"{step:>9}" for step in STEPS)
        + f"{'batch ms':>10}{'cpu ms':>8}{'fps':>7}",
    ]
    lines += [
        f"{row['height']:>6}p{row['faces']:>6}"
        + "".join(f"{row[step]:9.1f}" for step in STEPS)
        + f"{row['batch']:10.1f}{row['cpu_ms']:8.1f}{row['fps']:7.1f}"
        for row in worker["rows"]
    ]
    lines += [
        f"encoder  {row['encoder']} at {row['height']}p: {row['cpu_ms']} cpu ms a picture, {row['kbit_s']} kbit/s"
        for row in worker["encoders"]
    ]
    if worker["software"]:
        lines.append("         No GPU was used: its figures are missing here.")
    lines.append(f"         asked of one GPU: {wanted['height']}p at {wanted['fps']} fps for {wanted['faces']} faces")
    drawn = (
        "not measured: no Chromium or Playwright"
        if browser is None
        else (f"{browser['fps']} fps with software GL, {browser['pixels']} pixels for a stage of {browser['stage']}")
    )
    lines.append(f"browser  {drawn}")
    lines.append(f"stream   {sent['kbit_s']} kbit/s of coefficients, envelopes included")
    return "\n".join(lines)


def _worker(frames: Sequence[Frame]) -> dict[str, Any]:
    for package in ("torch", "moderngl"):
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            raise Missing(f"{package} is not installed: pip install -r requirements-video.txt") from None
    from realtime.rendering.video import draw, encode, head
    from realtime.rendering.video.deform import Deformer

    try:
        painter = draw.Painter()
    except draw.NoRenderer as refusal:
        raise Missing(str(refusal)) from None
    deformer = Deformer()
    heads = [head.read(name) for name in head.names()]
    spoken = itertools.cycle(frames)
    rows, pictures = [], {}
    for height, faces in itertools.product(draw.SIZES, FACES):
        shown = list(itertools.islice(itertools.cycle(heads), faces))
        row, pictures[height] = _batches(painter, deformer, shown, spoken, height)
        rows.append(row)
    return {
        "renderer": painter.renderer,
        "software": painter.software,
        "device": str(deformer.device),
        "rows": rows,
        "encoders": [_encoding(codec, height, pictures[height]) for codec in encode.offered() for height in draw.SIZES],
    }


def _batches(painter, deformer, heads: Sequence, spoken: Iterator[Frame], height: int) -> tuple[dict[str, Any], list]:
    """One row, and the pictures of the first face."""
    from concurrent.futures import ThreadPoolExecutor

    from realtime.rendering.video.draw import SIZES, Shot
    from realtime.rendering.video.encode import Encoder

    size, encoders = SIZES[height], [Encoder("H264", SIZES[height], 40) for _ in heads]
    spent, processor, count, kept = dict.fromkeys(STEPS, 0.0), 0.0, 0, []
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1)) as threads:
        until = time.perf_counter() + _SECONDS
        for number in itertools.count(-1):  # the first batch compiles
            if number >= _LEAST and time.perf_counter() > until:
                break
            posed = [next(spoken) for _ in heads]
            began, times = time.process_time(), [time.perf_counter()]
            bent = deformer.deform([(head, frame.coefficients) for head, frame in zip(heads, posed, strict=True)])
            times.append(time.perf_counter())
            shots = [
                Shot(head, vertices, frame, size) for head, vertices, frame in zip(heads, bent, posed, strict=True)
            ]
            painter.draw(shots)
            painter.finish()
            times.append(time.perf_counter())
            pictures = painter.read(shots)
            times.append(time.perf_counter())
            list(threads.map(Encoder.encode, encoders, pictures, itertools.repeat(2250 * (number + 1))))
            times.append(time.perf_counter())
            if number < 0:
                continue
            count += 1
            processor += time.process_time() - began
            for step, (start, end) in zip(STEPS, itertools.pairwise(times), strict=True):
                spent[step] += end - start
            kept.append(pictures[0])
    batch = sum(spent.values()) / count
    row = {step: round(1000 * seconds / count, 2) for step, seconds in spent.items()}
    whole = {"batch": round(1000 * batch, 2), "fps": round(1 / batch, 1)}
    return {
        "height": height,
        "faces": len(heads),
        **row,
        **whole,
        "cpu_ms": round(1000 * processor / count / len(heads), 2),
    }, kept


def _encoding(codec: str, height: int, pictures: Sequence) -> dict[str, Any]:
    """A stream of the pictures, at 25 a second."""
    from realtime.rendering.video.draw import SIZES
    from realtime.rendering.video.encode import Encoder

    encoder, sent = Encoder(codec, SIZES[height], 25), 0
    shown = list(itertools.islice(itertools.cycle([*pictures, *reversed(pictures)]), 50))
    began = time.process_time()
    for number, picture in enumerate(shown):
        sent += len(encoder.encode(picture, 3600 * number).data)
    spent = (time.process_time() - began) / len(shown)
    kbit = sent * 8 * 25 / len(shown) / 1000
    return {"encoder": encoder.name, "height": height, "cpu_ms": round(1000 * spent, 2), "kbit_s": round(kbit)}


def _browser() -> dict[str, Any] | None:
    """The frame rate of a Chromium with software GL; None where there is none, or no Playwright."""
    try:
        from realtime.rendering.mirror import NoChromium, opened
    except ImportError:
        return None
    try:
        with opened(1280, 720) as (page, address):
            page.goto(f"{address}/face/dev.html?face=maya&wide&state=listening")
            return _watched(page)
    except NoChromium:
        return None


def _watched(page: Page) -> dict[str, Any]:
    page.wait_for_selector("body[data-shown]", timeout=60_000, state="attached")
    page.wait_for_timeout(2000)
    first = int(page.evaluate("document.body.dataset.frames"))
    began = time.monotonic()
    page.wait_for_timeout(1000 * _WATCHED)
    drawn = int(page.evaluate("document.body.dataset.frames")) - first
    seconds = time.monotonic() - began
    pixels = page.evaluate("document.body.dataset.pixels")
    version = page.context.browser.version
    return {"fps": round(drawn / seconds, 1), "pixels": pixels, "stage": "1280x720", "chromium": version}
