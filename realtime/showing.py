"""Whether the learner gets the persona's face as video, and what the worker is told for it.

Three have to agree: the page wants it (`picture`), the connection stands and has a video codec, and the worker has said
in `ready` that it can render. Whatever of that changes, the worker is told what to render now.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from realtime.rendering.video.packets import PacketError, unpack
from realtime.transport.video import VideoTrack

log = logging.getLogger(__name__)

_SIZES = {360: (640, 360), 720: (1280, 720), 1080: (1920, 1080)}
_IN_SOFTWARE = 360  # the height that a CPU draws


class Worker(Protocol):
    """The lease, seen from here."""

    def send(self, t: str, **fields: Any) -> None: ...
    def send_frame(self, kind: str, body: bytes) -> None: ...


class Showing:
    """For one conversation. `publish(message, to)` reaches its pages. Tells of changes by itself."""

    def __init__(self, worker: Worker, face: str, publish: Callable[[dict, str | None], Awaitable[None]]):
        self._worker, self._face, self._publish = worker, face, publish
        self._offer: dict[str, Any] | None = None  # the worker's
        self._choice: dict[str, Any] | None = None  # the page's: {"height", "dark"}
        self._codec: str | None = None
        self._track: VideoTrack | None = None
        self._watched = False
        self._rendering: dict[str, Any] | None = None
        self._telling: set[asyncio.Task] = set()

    def heard_from_worker(self, message: dict[str, Any]) -> None:
        """What the lease says of its worker: `ready` and `lost` change the offer, a failure of its video ends it."""
        offer = message.get("video") if message["t"] == "ready" else None
        known = isinstance(offer, dict) and isinstance(offer.get("codecs"), list)
        self._offer = offer if known else None
        self._rendering = None
        self._settle()
        self._tell(None)

    def heard_from_page(self, message: dict[str, Any]) -> None:
        """A page's `hello`, and its `picture {video, height, dark}`."""
        if message["type"] == "hello":
            return self._tell(message.get("reply"))
        wanted, height = message.get("video") is True, message.get("height", _IN_SOFTWARE)
        if not isinstance(height, int):
            return log.warning("a picture message is refused: its height is no number")
        height = height if height in _SIZES else _IN_SOFTWARE
        self._choice = {"height": height, "dark": message.get("dark") is True} if wanted else None
        self._settle()

    def offered(self, track: VideoTrack | None, codec: str | None) -> None:
        """The page's newest connection, with the codec that it takes; without one it takes no video."""
        self._track, self._codec, self._watched = track, codec, False
        self._settle()

    def watched(self, connected: bool) -> None:
        """Whether that connection stands: nothing is drawn for nobody."""
        self._watched = connected
        self._settle()

    def want_key(self) -> None:
        """The receiver can go on with a key picture only."""
        self._worker.send("keyframe")

    def aim(self, bps: int) -> None:
        """What the network bears, in bits a second."""
        self._worker.send("bitrate", bps=bps)

    def follow(self, packet: bytes) -> None:
        """Frames of the face, as the browser gets them."""
        if self._rendering is not None:
            self._worker.send_frame("F", packet)

    def take(self, body: bytes) -> None:
        """A `V` frame of the worker."""
        if self._track is None or self._rendering is None:
            return
        try:
            picture = unpack(body)
        except PacketError as refusal:
            return log.warning("a picture of the worker's is refused: %s", refusal)
        if picture.codec == self._codec:
            self._track.put(picture)

    def _tell(self, to: str | None) -> None:
        """Say to a page, or to all, whether there is video to be had."""
        telling = asyncio.ensure_future(self._publish({"type": "picture", "video": self._offer is not None}, to))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    def _settle(self) -> None:
        wanted = self._wanted()
        if wanted == self._rendering:
            return
        self._rendering = wanted
        if self._track is not None:
            self._track.clear()
        self._worker.send("render", render=wanted)

    def _wanted(self) -> dict[str, Any] | None:
        if self._offer is None or self._choice is None or not self._watched:
            return None
        if self._codec not in self._offer["codecs"]:
            return None
        height = _IN_SOFTWARE if self._offer.get("software") else self._choice["height"]
        width, height = _SIZES[height]
        size = {"width": width, "height": height}
        return {"face": self._face, **size, "codec": self._codec, "dark": self._choice["dark"]}
