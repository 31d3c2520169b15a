"""The worker's video of the persona's face, where the lease asks for it: coefficients in, encoded pictures out.

docs/architecture.md, "The lease": `render`, `keyframe`, `bitrate` and `F` frames come in, `V` frames go out.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from realtime.rendering import codec
from realtime.rendering.frames import RATE
from realtime.wire import Wire
from realtime.worker import metrics

if TYPE_CHECKING:
    from realtime.rendering.video.packets import Encoded
    from realtime.rendering.video.studio import Film, Steps, Studio

log = logging.getLogger(__name__)

_NEEDED = ("torch", "moderngl")  # requirements-video.txt
_LEAST = 15  # pictures a second from a processor; with fewer, lips no longer follow
_BACKLOG = 512 * 1024  # bytes that wait to be sent: the conversation takes no more at the moment


@functools.cache
def offer() -> dict[str, Any] | None:
    """What this worker can render, as it stands in `ready`: {"codecs": names, the best first, "software": whether a CPU
    draws}; None where something is missing, which the log says. settings.VIDEO: `auto` renders on a GPU only, because a
    processor has to hear and speak; `on` renders anywhere, `off` nowhere."""
    from django.conf import settings

    if settings.VIDEO == "off":
        return None
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        log.info("no video: %s is not installed (requirements-video.txt)", " and ".join(missing))
        return None
    from realtime.rendering.video.draw import NoRenderer, probe
    from realtime.rendering.video.encode import offered

    try:
        renderer, software = probe()
    except NoRenderer as refusal:
        log.info("no video: %s", refusal)
        return None
    if software and settings.VIDEO != "on":
        log.info("no video: %s would draw on the processor, for which COACHTOOL_VIDEO is to be on", renderer)
        return None
    encoders = offered()
    if not encoders:
        log.info("no video: no encoder works here")
        return None
    log.info("video: drawn by %s, encoded by %s", renderer, " or ".join(encoders.values()))
    return {"codecs": list(encoders), "software": software}


_studio: Studio | None = None
_opening = threading.Lock()


def studio() -> Studio:
    """This process's, opened on the first call (some seconds). Raises NoRenderer."""
    global _studio
    with _opening:
        if _studio is None:
            from realtime.rendering.video.studio import Studio

            _studio = Studio(_observe)
        return _studio


def strained() -> bool:
    """Whether there are more faces than are drawn well: one that begins would make all of them poorer.

    A GPU is to draw each at the full rate, a processor at `_LEAST`. With no face at all, the rate is an earlier one's.
    """
    if _studio is None or not _studio.films:
        return False
    return _studio.rate < (_LEAST if _studio.software else RATE)


def _observe(steps: Steps) -> None:
    for step in ("deform", "draw", "read", "encode"):
        metrics.observe(f"video {step}", getattr(steps, step))
    metrics.observe("video frame", steps.deform + steps.draw + steps.read + steps.encode)


class Filming:
    """One face's video. For one event loop."""

    def __init__(self, wire: Wire):
        self._wire = wire
        self._film: Film | None = None
        self._asked = 0  # counts `render` messages: a film that opens after the next one is not wanted any more
        self._tasks: set[asyncio.Task] = set()
        self._loop = asyncio.get_running_loop()
        self.messages = {
            "render": lambda message: self._render(message.get("render")),
            "keyframe": lambda message: self._film and self._film.keyframe(),
            "bitrate": self._aim,
        }
        self.frames = {"F": self._take}

    async def close(self) -> None:
        self._stop()
        for task in tuple(self._tasks):
            task.cancel()

    def _render(self, wanted: Any) -> None:
        self._stop()
        if wanted is None:
            return
        task = asyncio.ensure_future(self._start(self._asked, **_checked(wanted)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self) -> None:
        self._asked += 1
        if self._film is not None:
            self._film.close()
            self._film = None

    async def _start(self, asked: int, **wanted: Any) -> None:
        try:
            film = await asyncio.to_thread(lambda: studio().film(deliver=self._deliver, **wanted))
        except Exception as refusal:
            log.exception("no video of %s", wanted["face"])
            return self._wire.send("failed", stage="video", message=str(refusal))
        if asked != self._asked:
            return film.close()
        self._film = film

    def _take(self, body: bytes) -> None:
        frames = codec.decode(body)
        if self._film is not None and self._wire.backlog < _BACKLOG:
            self._film.take(frames)

    def _aim(self, message: dict[str, Any]) -> None:
        bps = message.get("bps")
        if not isinstance(bps, int) or isinstance(bps, bool) or bps <= 0:
            raise ValueError(f"bps: {bps!r} is not a number of bits a second")
        if self._film is not None:
            self._film.aim(bps)

    def _deliver(self, picture: Encoded) -> None:
        """Called by the studio's threads."""
        from realtime.rendering.video.packets import pack

        with contextlib.suppress(RuntimeError):  # the lease has ended, and its loop with it
            self._loop.call_soon_threadsafe(self._wire.send_pcm, "V", pack(picture))


def _checked(wanted: Any) -> dict[str, Any]:
    """What `render` asks for, as the studio takes it. Raises ValueError, which names the field."""
    from realtime.rendering.video.draw import SIZES
    from realtime.rendering.video.packets import CODECS

    if not isinstance(wanted, Mapping):
        raise ValueError("render: neither null nor an object")
    face, size = wanted.get("face"), (wanted.get("width"), wanted.get("height"))
    if not isinstance(face, str):
        raise ValueError(f"face: {face!r} is not a name")
    if size not in SIZES.values():
        raise ValueError(f"width and height: {size!r} is not one of {list(SIZES.values())}")
    if wanted.get("codec") not in CODECS:
        raise ValueError(f"codec: {wanted.get('codec')!r} is not one of {CODECS}")
    return {"face": face, "height": size[1], "codec": wanted["codec"], "dark": wanted.get("dark") is True}
