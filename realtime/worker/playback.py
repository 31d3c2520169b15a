"""Plays recorded sound to a `Hearing`, for tests and benchmarks: in real time, or in a time of its own.

In its own time every inference takes a fixed number of ms, so that the result
does not depend on how busy the machine is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from realtime.floor.rule import Rule
from realtime.perception.protocols import RATE
from realtime.worker.hearing import Hearing
from realtime.worker.models import Engine

_BLOCK = RATE // 50  # 20 ms, as the conversation sends it
_SETTLE = 4  # turns of the event loop that a finished inference needs to be acted on


@dataclass(frozen=True)
class Message:
    """What the worker said, and how much sound it had been given by then."""

    at_ms: float
    t: str
    fields: dict[str, Any]


class _Clock:
    def __init__(self) -> None:
        self.ms = 0.0
        self._waiting: list[tuple[float, asyncio.Future]] = []

    async def until(self, ms: float) -> None:
        if ms > self.ms:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((ms, future))
            await future

    async def advance(self, ms: float) -> None:
        self.ms += ms
        for due, future in self._waiting:
            if due <= self.ms and not future.done():
                future.set_result(None)
        self._waiting = [(due, future) for due, future in self._waiting if due > self.ms]
        for _ in range(_SETTLE):
            await asyncio.sleep(0)


class _FixedLane:
    """A lane on which every call takes `cost_ms` of the clock's time."""

    def __init__(self, clock: _Clock, cost_ms: float):
        self._clock, self._cost = clock, cost_ms
        self._free_at = 0.0

    @property
    def idle(self) -> bool:
        return self._free_at <= self._clock.ms

    async def run(self, call: Callable[..., Any], *args: Any, priority: int = 0, **kwargs: Any) -> Any:
        self._free_at = max(self._free_at, self._clock.ms) + self._cost
        done_at = self._free_at
        result = call(*args, **kwargs)
        await self._clock.until(done_at)
        return result


@dataclass(frozen=True)
class _FixedLanes:
    recognition: _FixedLane
    turn: _FixedLane
    voice: _FixedLane
    prosody: _FixedLane


async def play_in_own_time(
    engine: Engine,
    samples: np.ndarray,
    *,
    recognition_ms: float = 350,
    turn_ms: float = 100,
    prosody_ms: float = 30,
    rule: Rule | None = None,
    **hearing: Any,
) -> list[Message]:
    """Everything the worker says to `samples` (16 kHz float32), deterministic for given costs."""
    clock, said = _Clock(), []
    lanes = _FixedLanes(*(_FixedLane(clock, cost_ms) for cost_ms in (recognition_ms, turn_ms, 0, prosody_ms)))
    ear = Hearing(
        replace(engine, lanes=lanes),
        lambda t, **fields: said.append(Message(clock.ms, t, fields)),
        rule=rule,
        clock=lambda: clock.ms / 1000,
        **hearing,
    )
    for block in _blocks(samples):
        ear.feed(block)
        await clock.advance(20)
    await ear.close()
    return said


async def play_in_real_time(engine: Engine, samples: np.ndarray, **hearing: Any) -> list[Message]:
    """Everything the worker says to `samples` as they would come from a microphone; stops once the floor is yielded
    after the last sound that is not digital silence."""
    began, said = time.monotonic(), []
    ear = Hearing(
        engine, lambda t, **fields: said.append(Message((time.monotonic() - began) * 1000, t, fields)), **hearing
    )
    ended_ms = np.flatnonzero(samples)[-1] * 1000 / RATE
    for number, block in enumerate(_blocks(samples), 1):
        await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
        ear.feed(block)
        if any(message.t == "floor_yielded" and message.at_ms > ended_ms for message in said):
            break
    await ear.close()
    return said


def _blocks(samples: np.ndarray) -> list[bytes]:
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    return [pcm[start : start + _BLOCK].tobytes() for start in range(0, len(pcm), _BLOCK)]
