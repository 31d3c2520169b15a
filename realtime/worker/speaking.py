"""Speaks for the persona: sentences in, lips and sound out, in order, until told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from realtime.rendering.lips import Lips, lips
from realtime.rendering.protocols import RATE, Speech, Synthesiser
from realtime.wire import Wire
from realtime.worker.models import Engine

log = logging.getLogger(__name__)

FRAME = RATE * 40 // 1000  # samples in 40 ms
_AT_ONCE = 5  # frames between two looks at whether to stop


class Speaking:
    """One sentence is synthesised while the one before is being sent. For one event loop."""

    def __init__(self, engine: Engine, wire: Wire):
        self._voice, self._lane, self._wire = engine.models.voice, engine.lanes.voice, wire
        self._sentences: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue()
        self._turn = 0  # counts cancellations: what belongs to an earlier one is dropped
        self._task = asyncio.ensure_future(self._speak())

    def speak(self, sentence: str, text: str) -> None:
        self._sentences.put_nowait((self._turn, sentence, text))

    def cancel(self) -> None:
        """Drop everything that has not been sent."""
        self._turn += 1

    async def close(self) -> None:
        self._turn += 1
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _speak(self) -> None:
        while True:
            turn, sentence, text = await self._sentences.get()
            if turn != self._turn:
                continue
            try:
                speech, movement = await self._lane.run(synthesised, self._voice, text)
            except Exception:
                log.exception("synthesis failed")
                self._wire.send("failed", stage="voice", message="A sentence could not be spoken.", id=sentence)
                continue
            await self._send(sentence, speech, movement, lambda turn=turn: turn != self._turn)

    async def _send(self, sentence: str, speech: Speech, movement: Lips, stopped: Callable[[], bool]) -> None:
        if stopped():
            return
        self._wire.send(
            "voice",
            id=sentence,
            duration_ms=speech.duration_ms,
            names=movement.names,
            times=movement.times,
            values=movement.values,
            beats=movement.beats,
        )
        for count, start in enumerate(range(0, len(speech.samples), FRAME), 1):
            self._wire.send_pcm("D", speech.samples[start : start + FRAME].astype("<i2").tobytes())
            if count % _AT_ONCE == 0:
                await self._wire.drain()
                await asyncio.sleep(0)  # lets a `cancel` that has arrived be read
                if stopped():
                    return
        self._wire.send("voice_end", id=sentence)


def synthesised(voice: Synthesiser, text: str) -> tuple[Speech, Lips]:
    """A sentence and its lips; for a thread of its own."""
    speech = voice.speak(text)
    return speech, lips(speech.phones, speech.duration_ms)
