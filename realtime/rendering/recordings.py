"""Recordings of a face: what the browser shows while nothing is sent. `python -m realtime.rendering.recordings`
writes those that the pages load, static/face/idle/*.frames.

A recording is packets without a gap, each after its length as u16, big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from realtime.rendering.behaviour.engine import Engine
from realtime.rendering.behaviour.events import Event, Floor
from realtime.rendering.behaviour.motion import smooth
from realtime.rendering.codec import encode
from realtime.rendering.frames import RATE, Frame

IDLE = Path(__file__).parents[2] / "static/face/idle"
LOOPS = {"listening": 60.0, "thinking": 20.0}
"""Each state that is shipped, and for how many seconds it goes on before it begins again."""

_JOIN = 2.0  # s in which the end of a loop becomes its beginning
_PACKET = 40


def performed(seconds: float, events: Iterable[tuple[float, Event]] = (), seed: int = 1) -> list[Frame]:
    """A face for some seconds; each event with its time in ms."""
    engine = Engine(seed)
    for at_ms, event in events:
        engine.tell(event, at_ms)
    return [engine.frame() for _ in range(round(seconds * RATE))]


def loop(state: str, seconds: float, seed: int = 1) -> list[Frame]:
    """A face in one state that may be shown over and over: its last seconds turn into its first."""
    join = round(_JOIN * RATE)
    frames = performed(seconds + _JOIN + 3, [(0.0, Floor(state))], seed)[3 * RATE :]
    count = len(frames) - join
    joined = [_mixed(frames[count + at], frames[at], smooth(at / join)) for at in range(join)]
    shown = joined + frames[join:count]
    return [Frame(1000.0 * at / RATE, frame.coefficients, frame.turn, frame.shift) for at, frame in enumerate(shown)]


def recorded(frames: Sequence[Frame]) -> bytes:
    packets = [encode(frames[first : first + _PACKET]) for first in range(0, len(frames), _PACKET)]
    return b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)


def _mixed(before: Frame, after: Frame, share: float) -> Frame:
    parts = (
        np.asarray(getattr(before, part)) * (1 - share) + np.asarray(getattr(after, part)) * share
        for part in ("coefficients", "turn", "shift")
    )
    coefficients, turn, shift = parts
    return Frame(after.at_ms, coefficients.astype(np.float32), tuple(turn.tolist()), tuple(shift.tolist()))


def main() -> None:
    IDLE.mkdir(exist_ok=True)
    for state, seconds in LOOPS.items():
        (IDLE / f"{state}.frames").write_bytes(recorded(loop(state, seconds)))


if __name__ == "__main__":
    main()
