"""One lease: dial the conversation that asked, serve it until it ends, go back to the pool.

The protocol is in docs/architecture.md, "The lease".
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from realtime.wire import BEAT_SECONDS, Wire, WireError
from realtime.worker import filming, metrics
from realtime.worker.capabilities import opened
from realtime.worker.models import Engine, engine
from realtime.worker.places import Places

log = logging.getLogger(__name__)

DIAL_SECONDS = 2.0
BEGIN_SECONDS = 5.0
SILENT_SECONDS = 10.0  # without a frame the conversation is gone, whatever TCP says


def serve(host: str, port: int, token: str, places: Places) -> None:
    """Serve one whole lease in the calling thread. A conversation that cannot be reached any more is no error."""
    asyncio.run(run(host, port, token, engine(), places))


async def run(
    host: str, port: int, token: str, models: Engine, places: Places, silent_seconds: float = SILENT_SECONDS
) -> None:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), DIAL_SECONDS)
    except (OSError, TimeoutError) as gone:
        log.info("the conversation at %s:%s is gone: %s", host, port, gone)
        return
    wire = Wire(reader, writer)
    try:
        wire.send("hello", token=token)
        kind, begin = await asyncio.wait_for(wire.receive(), BEGIN_SECONDS)
        if kind != "J" or begin["t"] != "begin":
            return  # `end`: another worker was quicker
        await _Session(wire, models, begin, places).serve(silent_seconds)
    except TimeoutError:
        log.warning("nothing was heard from the conversation at %s:%s; the lease is over", host, port)
    except WireError as gone:
        log.info("the lease from %s:%s is over: %s", host, port, gone)
    finally:
        wire.abort()


class _Session:
    """Passes what the conversation sends on to whichever capability wants it."""

    def __init__(self, wire: Wire, models: Engine, begin: dict[str, Any], places: Places):
        self._wire, self._places = wire, places
        models = models.speaking_as(begin.get("voice"))
        self._capabilities = opened(models, wire, begin)
        wire.send("ready", models=models.models.names, video=filming.offer())

    async def serve(self, silent_seconds: float) -> None:
        """Until `end`. Raises TimeoutError after `silent_seconds` without a frame, WireError at a closed connection."""
        beating = asyncio.ensure_future(self._beat())
        try:
            while True:
                kind, body = await asyncio.wait_for(self._wire.receive(), silent_seconds)
                if kind == "J" and body["t"] == "end":
                    return
                self._pass_on(kind, body)
        finally:
            beating.cancel()
            for capability in self._capabilities:
                await capability.close()

    async def _beat(self) -> None:
        """A sign of life from the loop that serves; and once, that the conversation has to move on."""
        told, loop = False, asyncio.get_running_loop()
        while True:
            self._wire.send("beat")
            if self._places.draining and not told:
                told = True
                self._wire.send("draining")
            if self._places.over:
                self._wire.abort()
            due = loop.time() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            metrics.observe("late", max(0.0, loop.time() - due))

    def _pass_on(self, kind: str, body: Any) -> None:
        """What no capability of this lease wants is dropped: `floor`, or frames for a renderer that is not here."""
        for capability in self._capabilities:
            handle = capability.messages.get(body["t"]) if kind == "J" else capability.frames.get(kind)
            if handle is None:
                continue
            try:
                handle(body)
            except ValueError as refusal:
                log.warning("%s is refused: %s", body["t"] if kind == "J" else kind, refusal)
