"""One lease: dial the conversation that asked, serve it until it ends, go back to the pool.

The protocol is in docs/architecture.md, "The lease".
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from realtime.wire import Wire, WireError
from realtime.worker.hearing import Hearing
from realtime.worker.models import Engine, engine
from realtime.worker.speaking import Speaking

log = logging.getLogger(__name__)

DIAL_SECONDS = 5.0
BEGIN_SECONDS = 10.0
SILENT_SECONDS = 30.0  # without a frame the conversation is gone, whatever TCP says


def serve(host: str, port: int, token: str) -> None:
    """Serve one whole lease in the calling thread. A conversation that cannot be reached any more is no error."""
    asyncio.run(run(host, port, token, engine()))


async def run(host: str, port: int, token: str, models: Engine, silent_seconds: float = SILENT_SECONDS) -> None:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), DIAL_SECONDS)
    except (OSError, TimeoutError) as gone:
        log.info("the conversation at %s:%s is gone: %s", host, port, gone)
        return
    wire = Wire(reader, writer)
    try:
        wire.send("hello", token=token)
        kind, begin = await asyncio.wait_for(wire.receive(), BEGIN_SECONDS)
        if kind != "J" or begin.get("t") != "begin":
            return  # `end`: another worker was quicker
        await _Session(wire, models, begin).serve(silent_seconds)
    except TimeoutError:
        log.warning("nothing was heard from the conversation at %s:%s; the lease is over", host, port)
    except (WireError, ValueError) as gone:
        log.info("the lease from %s:%s is over: %s", host, port, gone)
    finally:
        wire.close()


class _Session:
    """Passes the conversation's messages on to hearing and speaking."""

    def __init__(self, wire: Wire, models: Engine, begin: dict[str, Any]):
        self._wire = wire
        vocabulary = tuple(str(term) for term in begin.get("vocabulary") or ())
        self._hearing = Hearing(models, wire.send, str(begin.get("language") or "en"), vocabulary)
        self._speaking = Speaking(models, wire)
        wire.send("ready", models=models.models.names)

    async def serve(self, silent_seconds: float) -> None:
        """Until `end`. Raises TimeoutError after `silent_seconds` without a frame, WireError at a closed connection."""
        try:
            while True:
                kind, body = await asyncio.wait_for(self._wire.receive(), silent_seconds)
                if kind == "U":
                    self._hearing.feed(body)
                elif kind == "J" and not self._message(body):
                    return
        finally:
            await self._hearing.close()
            await self._speaking.close()

    def _message(self, message: dict[str, Any]) -> bool:
        """False at the end of the lease."""
        match message:
            case {"t": "speak", "id": sentence, "text": str(text)}:
                self._speaking.speak(sentence, text)
            case {"t": "cancel"}:
                self._speaking.cancel()
            case {"t": "end"}:
                return False
            case {"t": "floor"}:
                pass  # voice activity is reported whoever is speaking: interrupting is the conversation's decision
            case _:
                log.warning("unknown message %r", message.get("t"))
        return True
