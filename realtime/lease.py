"""The conversation's side of a leased worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from realtime.wire import BEAT_SECONDS, LISTEN_RATE, Wire, WireError

log = logging.getLogger(__name__)

QUIET_BEATS = 4  # of ours, 0.5 s apart, without a frame of the worker's: it is lost, whatever TCP says (1.5 to 2 s)
_MOST_BEATS = 16  # after workers that were silent for long: the machine is too busy for more haste
_KEPT_SECONDS = 60.0  # of the turn in progress, for a worker that takes over in its middle
_LEAD_SECONDS = 5.0  # of the sound before a turn, in which its beginning is found
_FAREWELL_SECONDS = 5.0
_AGAIN_SECONDS = 2.0  # between askings while no worker has come yet
_HURRY_SECONDS = 0.5  # and while one is to be replaced


@dataclass(eq=False)
class _Link:
    """One worker that has dialled."""

    wire: Wire
    ready: dict[str, Any] | None = None  # what it said when its models were
    draining: bool = False
    in_turn: bool = False  # it has heard the learner begin, and not yet yield
    quiet: int = 0  # our beats since its last frame
    heard_at: float = 0.0  # the event loop's time of that frame
    voice: dict[str, Any] | None = None  # the sentence that its `D` frames belong to


class Lease:
    """Keeps one worker for the whole conversation, and finds another when it is lost or about to end.

    `ask(host, port, token, urgent)` queues the lease task; urgent where a worker
    is to be replaced. `on_event(message, pcm)` gets every message of the worker,
    besides `{"t": "lost"}` when it went away. A worker that drains goes on until
    its successor is ready and `between_turns()` holds. `on_replaced(seconds)` is
    told how long there was none, from the lost one's last sign of life. `begin`
    is what each worker begins with and `frames` gets the bytes of further frames
    by their kind; both may be changed at any time.

    The learner's audio of the turn in progress is kept and given to the next
    worker, so that a worker's death in mid-sentence loses no words. The first
    worker gets none: what was said before anybody listened is no turn. `serving`
    counts the workers that heard and spoke.
    """

    def __init__(
        self,
        host: str,
        ask: Callable[[str, int, str, bool], Awaitable[None]],
        on_event: Callable[[dict, bytes | None], None],
        begin: dict[str, Any],
        between_turns: Callable[[], bool] = lambda: True,
        on_replaced: Callable[[float], None] = lambda seconds: None,
    ):
        self._host, self._ask, self._on_event, self.begin = host, ask, on_event, begin
        self._between_turns, self._on_replaced = between_turns, on_replaced
        self.frames: dict[str, Callable[[bytes], None]] = {}
        self._token = secrets.token_urlsafe(24)
        self._link: _Link | None = None
        self._next: _Link | None = None  # where the conversation moves to while its worker drains
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task] = []
        self._hurry = asyncio.Event()
        self._lost_at: float | None = None
        self._patience = QUIET_BEATS
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self.serving = 0

    @property
    def ready(self) -> bool:
        """Whether a worker hears and speaks."""
        return self._link is not None and self._link.ready is not None

    async def open(self) -> None:
        """Listen for a worker and ask for one."""
        self._server = await asyncio.start_server(self._dialled, self._host, 0)
        self._tasks = [asyncio.ensure_future(self._keep_asking()), asyncio.ensure_future(self._watch())]

    async def close(self) -> None:
        """Give the worker back."""
        for task in self._tasks:
            task.cancel()
        links, self._link, self._next = (self._link, self._next), None, None
        for link in filter(None, links):
            link.wire.send("end")
            with contextlib.suppress(WireError, TimeoutError):
                await asyncio.wait_for(link.wire.drain(), 1)
            link.wire.close()
        if self._server:
            self._server.close()

    def hear(self, pcm: bytes) -> None:
        """The learner's audio, 16 kHz mono s16le."""
        self._kept.append(pcm)
        self._kept_bytes += len(pcm)
        owed = self._lost_at is not None or (self.ready and self._link.in_turn)
        most = (_KEPT_SECONDS if owed else _LEAD_SECONDS) * LISTEN_RATE * 2
        while self._kept_bytes > most:
            self._kept_bytes -= len(self._kept.popleft())
        self.send_frame("U", pcm)

    def forget_audio(self) -> None:
        """The turn is finished and recorded: another worker need not hear it again."""
        self._kept.clear()
        self._kept_bytes = 0

    def send(self, t: str, **fields: Any) -> None:
        """One message to the worker; dropped while there is none (the conversation repeats it on `ready`)."""
        if self.ready:
            self._link.wire.send(t, **fields)

    def send_frame(self, kind: str, body: bytes) -> None:
        """One binary frame to the worker; dropped while there is none."""
        if self.ready:
            self._link.wire.send_pcm(kind, body)

    # -- finding a worker --------------------------------------------------

    @property
    def _replacing(self) -> bool:
        """Whether a worker that the conversation had is gone or going."""
        return self._lost_at is not None or (self._link is not None and self._link.draining)

    @property
    def _wanting(self) -> bool:
        return self._link is None or (self._link.draining and self._next is None)

    async def _keep_asking(self) -> None:
        port = self._server.sockets[0].getsockname()[1]
        while True:
            if self._wanting:
                await self._ask(self._host, port, self._token, self._replacing)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), _HURRY_SECONDS if self._replacing else _AGAIN_SECONDS)
            self._hurry.clear()

    async def _dialled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(Wire(reader, writer))
        try:
            kind, hello = await asyncio.wait_for(link.wire.receive(), 5)
            known = kind == "J" and hello["t"] == "hello"
            if not known or not secrets.compare_digest(str(hello.get("token")).encode(), self._token.encode()):
                raise WireError("not one that was asked")
            if not self._wanting:
                raise WireError("another one was quicker")
        except (WireError, TimeoutError):
            link.wire.send("end")
            return link.wire.close()
        if self._link is None:
            self._link = link
        else:
            self._next = link
        link.wire.send("begin", **self.begin)
        try:
            await self._read(link)
        except WireError as gone:
            if link in (self._link, self._next):
                log.warning("a worker is lost: %s", gone)
        finally:
            link.wire.abort()
            self._gone(link)

    # -- a worker's life ---------------------------------------------------

    async def _read(self, link: _Link) -> None:
        while True:
            kind, body = await link.wire.receive()
            link.quiet, link.heard_at = 0, asyncio.get_running_loop().time()
            if kind == "J":
                self._message(link, body)
            elif link is not self._link:
                continue
            elif kind == "D":
                if link.voice is not None:
                    self._on_event({"t": "pcm", "id": link.voice.get("id")}, body)
            elif kind in self.frames:
                self.frames[kind](body)

    def _message(self, link: _Link, message: dict[str, Any]) -> None:
        match message["t"]:
            case "beat":
                return
            case "draining":
                link.draining = True
                return self._hurry.set()
            case "ready":
                link.ready = message
                if link is self._link:
                    self._begin_with(link)
                return
            case "voice":
                link.voice = message
            case "voice_end":
                link.voice = None
            case "speech_started":
                link.in_turn = True
            case "floor_yielded":
                link.in_turn = False
                if link is self._link:
                    self.forget_audio()  # at once: the conversation may be busy when another worker takes over
        if link is self._link:
            self._on_event(message, None)

    def _begin_with(self, link: _Link) -> None:
        """From now on this worker hears and speaks."""
        if self._lost_at is not None:
            self._on_replaced(asyncio.get_running_loop().time() - self._lost_at)
            self._lost_at = None
        if not self.serving:
            self.forget_audio()
        self.serving += 1
        for pcm in self._kept:
            link.wire.send_pcm("U", pcm)
        self._on_event(link.ready, None)

    def _gone(self, link: _Link) -> None:
        if link is self._next:
            self._next = None
        elif link is self._link:
            self._link, self._next = self._next, None
            if self._lost_at is None and link.ready is not None:
                self._lost_at = link.heard_at or asyncio.get_running_loop().time()
            self._on_event({"t": "lost"}, None)
            if self.ready:
                self._begin_with(self._link)
        self._hurry.set()

    async def _watch(self) -> None:
        """Our beats, and what follows from the worker's.

        Silence is counted in our own beats, so that a loop that stood still itself
        reads what has come before it gives the worker up.
        """
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for link in filter(None, (self._link, self._next)):
                link.wire.send("beat")
                link.quiet += 1
                if link.quiet >= self._patience:
                    log.warning("a worker has been silent for %s beats", link.quiet)
                    self._patience = min(2 * self._patience, _MOST_BEATS)
                    link.wire.abort()
            self._move()

    def _move(self) -> None:
        """From a worker that drains to its successor, where nobody is in the middle of a turn."""
        old, following = self._link, self._next
        if old is None or following is None or following.ready is None or not self._between_turns():
            return
        log.info("moving on from a worker that drains")
        self._link, self._next = following, None
        old.wire.send("end")
        asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, old.wire.abort)  # it hangs up itself, if it lives
        self._begin_with(following)
