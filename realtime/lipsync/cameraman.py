"""A worker that does nothing but film: `python -m realtime.lipsync.cameraman HOST PORT TOKEN`, for one lease.

What a whole worker would hear and say meanwhile costs time on a machine that renders with its processor; the benchmark
says the load beside its figures instead of making one.
"""

from __future__ import annotations

import asyncio
import sys

import django

from realtime.wire import BEAT_SECONDS, Wire, WireError


async def serve(host: str, port: int, token: str) -> None:
    """Until the conversation ends the lease or is gone."""
    from realtime.worker.filming import Filming, offer, studio

    if offer() is None:
        raise SystemExit("this machine renders no video: see the log")
    studio()
    wire = Wire(*await asyncio.open_connection(host, port))
    wire.send("hello", token=token)
    await wire.receive()  # begin
    filming = Filming(wire)
    wire.send("ready", models={}, video=offer())
    beating = asyncio.ensure_future(_beat(wire))
    try:
        while True:
            kind, body = await wire.receive()
            handle = filming.messages.get(body["t"]) if kind == "J" else filming.frames.get(kind)
            if handle is not None:
                handle(body)
    except WireError:
        return
    finally:
        beating.cancel()
        await filming.close()


async def _beat(wire: Wire) -> None:
    while True:
        wire.send("beat")
        await asyncio.sleep(BEAT_SECONDS)


if __name__ == "__main__":
    django.setup()
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
