"""Frames on the TCP connection between a conversation and the worker that it leased.

Each frame is a 4-byte big-endian length (of what follows), one kind byte and a
body: `J` one JSON object with its type in `t`, `U` learner's PCM up to the
worker (16 kHz mono s16le), `D` persona's PCM down from it (24 kHz mono s16le),
`F` the face's coefficients and `C` a camera picture up to it, `V` encoded video
down from it. docs/architecture.md lists the messages.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

LISTEN_RATE = 16_000
VOICE_RATE = 24_000
PICTURE_BYTES = 64 * 1024  # of one camera picture, at most
BEAT_SECONDS = 0.5  # between two `beat` messages, in either direction
BINARY = (b"U", b"D", b"F", b"C", b"V")
_LARGEST = 4 * 1024 * 1024


class WireError(ConnectionError):
    """The peer sent something that is not a frame, or went away in the middle of one."""


class Wire:
    """One end of the connection. Frames are written whole; `receive` is for one reader."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer

    async def receive(self) -> tuple[str, Any]:
        """The next frame: ("J", dict with a string in `t`) or (one of BINARY, bytes).

        Raises WireError at the end of the stream and at what is no frame.
        """
        try:
            size, kind = struct.unpack(">Ic", await self._reader.readexactly(5))
            if not 1 <= size <= _LARGEST:
                raise WireError(f"frame of {size} bytes")
            body = await self._reader.readexactly(size - 1)
        except (asyncio.IncompleteReadError, ConnectionError, OSError) as gone:
            raise WireError(str(gone) or "connection closed") from gone
        if kind == b"J":
            return "J", _message(body)
        if kind in BINARY:
            return kind.decode(), body
        raise WireError(f"unknown frame kind {kind!r}")

    def send(self, t: str, **fields: Any) -> None:
        """Queue one JSON message; a closed connection is noticed by the reader."""
        self._write(b"J", json.dumps({"t": t, **fields}, separators=(",", ":")).encode())

    def send_pcm(self, kind: str, body: bytes) -> None:
        """Queue one frame of a kind in BINARY."""
        self._write(kind.encode(), body)

    async def drain(self) -> None:
        try:
            await self._writer.drain()
        except (ConnectionError, OSError) as gone:
            raise WireError(str(gone)) from gone

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self._writer.transport.get_write_buffer_size()

    def close(self) -> None:
        """What is queued is still sent."""
        self._writer.close()

    def abort(self) -> None:
        """Without waiting for a peer that takes nothing any more."""
        self._writer.transport.abort()

    def _write(self, kind: bytes, body: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(struct.pack(">Ic", len(body) + 1, kind) + body)


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as wrong:
        raise WireError("a message that is no JSON") from wrong
    if not isinstance(message, dict) or not isinstance(message.get("t"), str):
        raise WireError("a message without a type in `t`")
    return message
