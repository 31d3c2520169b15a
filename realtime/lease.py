"""The conversation's side of a leased speech worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from realtime.wire import LISTEN_RATE, Wire, WireError

log = logging.getLogger(__name__)

_KEPT_SECONDS = 60  # of the turn in progress, for a worker that takes over in its middle
_AGAIN_SECONDS = 4.0  # between askings while no worker has come


class Lease:
    """Keeps one worker for the whole conversation, and finds another when it is lost.

    `ask(host, port, token)` queues the lease task; `on_event(message, pcm)` gets
    every message of the worker, besides `{"t": "lost"}` when it went away. The
    learner's audio since the last finished turn is kept and given to the next
    worker, so that a worker's death in mid-sentence loses no words.
    """

    def __init__(
        self,
        host: str,
        ask: Callable[[str, int, str], Awaitable[None]],
        on_event: Callable[[dict, bytes | None], None],
        begin: dict[str, Any],
    ):
        self._host, self._ask, self._on_event, self._begin = host, ask, on_event, begin
        self._token = secrets.token_urlsafe(24)
        self._wire: Wire | None = None
        self._server: asyncio.Server | None = None
        self._asking: asyncio.Task | None = None
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self.ready = False

    async def open(self) -> None:
        """Listen for a worker and ask for one."""
        self._server = await asyncio.start_server(self._dialled, self._host, 0)
        self._asking = asyncio.ensure_future(self._keep_asking())

    async def close(self) -> None:
        """Give the worker back."""
        if self._asking:
            self._asking.cancel()
        if self._wire:
            self._wire.send("end")
            with contextlib.suppress(WireError):
                await self._wire.drain()
            self._wire.close()
            self._wire = None
        if self._server:
            self._server.close()

    def hear(self, pcm: bytes) -> None:
        """The learner's audio, 16 kHz mono s16le."""
        self._kept.append(pcm)
        self._kept_bytes += len(pcm)
        while self._kept_bytes > _KEPT_SECONDS * LISTEN_RATE * 2:
            self._kept_bytes -= len(self._kept.popleft())
        if self._wire and self.ready:
            self._wire.send_pcm("U", pcm)

    def forget_audio(self) -> None:
        """The turn is finished and recorded: another worker need not hear it again."""
        self._kept.clear()
        self._kept_bytes = 0

    def send(self, t: str, **fields: Any) -> None:
        """One message to the worker; dropped while there is none (the conversation repeats it on `ready`)."""
        if self._wire and self.ready:
            self._wire.send(t, **fields)

    async def _keep_asking(self) -> None:
        port = self._server.sockets[0].getsockname()[1]
        while True:
            if self._wire is None:
                await self._ask(self._host, port, self._token)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _dialled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        try:
            kind, hello = await asyncio.wait_for(wire.receive(), 5)
            known = kind == "J" and hello.get("t") == "hello"
            if not known or not secrets.compare_digest(str(hello.get("token")), self._token) or self._wire is not None:
                wire.send("end")
                return wire.close()
        except (WireError, TimeoutError, ValueError):
            return wire.close()
        self._wire = wire
        wire.send("begin", **self._begin)
        try:
            await self._read(wire)
        except (WireError, ValueError) as gone:
            if self._wire is wire:
                log.warning("speech worker lost: %s", gone)
        finally:
            wire.close()
            if self._wire is wire:
                self._wire, self.ready = None, False
                self._on_event({"t": "lost"}, None)

    async def _read(self, wire: Wire) -> None:
        voice: dict | None = None
        while True:
            kind, body = await wire.receive()
            if kind == "D":
                if voice is not None:
                    self._on_event({"t": "pcm", "id": voice["id"]}, body)
                continue
            if body["t"] == "ready":
                self.ready = True
                for pcm in self._kept:
                    wire.send_pcm("U", pcm)
            voice = body if body["t"] == "voice" else None if body["t"] == "voice_end" else voice
            self._on_event(body, None)
