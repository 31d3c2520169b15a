"""Frames of a face as bytes, for a data channel or a lease. static/face/stream.js reads the same.

A packet stands by itself, so that one that is lost or late harms no other. Where two hold a frame for the same time,
the one with the later serial counts. Big-endian:

    u8   0xF1, the format
    u8   flags: 1 when an RTP timestamp follows
    u8   number of frames, 25 ms apart
    u16  serial number of the packet, which begins again after 65535
    u32  ms of the first frame on the conversation's face clock
    u32  its RTP timestamp (48 kHz), if flagged
    58 times 2 bits, the first channel in the highest bits: how each channel is written, padded to 15 bytes
    first the 52 coefficients in steps of 1/255, as u8; then pitch, yaw, roll in steps of 0.02 degrees and
    x, y, z in steps of 0.05 mm, as i16:
        0  0 in every frame: nothing
        1  the same in every frame: one value
        2  the first value, then the differences from frame to frame, -8 to 7, two to a byte, the first in the
           high half; the last half is 0 where their number is odd
        3  one value a frame
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from realtime.rendering.frames import COEFFICIENTS, RATE, Frame

STEP_MS = 1000 // RATE
MOST = 80
"""Frames in one packet, at most."""

_FORMAT = 0xF1
_HEAD = struct.Struct(">BBBHI")
_COUNT = len(COEFFICIENTS)
_CHANNELS = (*COEFFICIENTS, "pitch", "yaw", "roll", "x", "y", "z")
_MODES = (len(_CHANNELS) + 3) // 4
_UNITS = np.array([1 / 255] * _COUNT + [0.02] * 3 + [0.00005] * 3)
_LOWEST = np.array([0] * _COUNT + [-(2**15)] * 6)
_HIGHEST = np.array([255] * _COUNT + [2**15 - 1] * 6)
_ZERO, _SAME, _SMALL, _EACH = range(4)


class CodecError(ValueError):
    """The bytes are not a packet of frames; the message names the field."""


@dataclass(frozen=True)
class Packet:
    """`rtp`: the 48 kHz RTP timestamp at which the first of `frames` is due; None where no voice has been sent."""

    frames: tuple[Frame, ...]
    rtp: int | None = None
    serial: int = 0


def encode(frames: Sequence[Frame], rtp: int | None = None, serial: int = 0) -> bytes:
    """1 to 80 frames, 25 ms apart. Raises ValueError for others, and for values that are not numbers."""
    if not 1 <= len(frames) <= MOST:
        raise ValueError(f"a packet holds 1 to {MOST} frames, not {len(frames)}")
    first = round(frames[0].at_ms)
    if not 0 <= first < 2**32:
        raise ValueError(f"{first} ms is not on the face clock")
    if any(abs(frame.at_ms - first - STEP_MS * place) > 1 for place, frame in enumerate(frames)):
        raise ValueError(f"frames are {STEP_MS} ms apart")
    values = np.array([(*frame.coefficients, *frame.turn, *frame.shift) for frame in frames], float)
    if not np.isfinite(values).all():
        raise ValueError("a frame holds what is not a number")
    levels = np.clip(np.rint(values / _UNITS), _LOWEST, _HIGHEST).astype(int)
    parts = [_HEAD.pack(_FORMAT, rtp is not None, len(frames), serial % 2**16, first)]
    if rtp is not None:
        parts.append(struct.pack(">I", rtp))
    modes = 0
    written = []
    for place, channel in enumerate(levels.T.tolist()):
        mode = _mode(channel)
        modes = modes << 2 | mode
        kind = "B" if place < _COUNT else "h"
        kept = {_ZERO: [], _SAME: channel[:1], _SMALL: channel[:1], _EACH: channel}[mode]
        written.append(struct.pack(f">{len(kept)}{kind}", *kept))
        if mode == _SMALL:
            written.append(_halves(channel))
    modes <<= 8 * _MODES - 2 * len(_CHANNELS)
    return b"".join((*parts, modes.to_bytes(_MODES, "big"), *written))


def decode(data: bytes) -> list[Frame]:
    """The frames of a packet. Raises CodecError."""
    return list(unpack(data).frames)


def unpack(data: bytes) -> Packet:
    """A packet with its RTP timestamp and serial number. Raises CodecError."""
    reader = _Reader(data)
    form, flags, count, serial, first = reader.take(_HEAD, "head")
    if form != _FORMAT:
        raise CodecError(f"format: {form:#x} is not {_FORMAT:#x}")
    if flags > 1:
        raise CodecError(f"flags: {flags} is not known")
    if not 1 <= count <= MOST:
        raise CodecError(f"frames: {count} is not 1 to {MOST}")
    rtp = reader.take(struct.Struct(">I"), "rtp")[0] if flags else None
    modes = int.from_bytes(reader.take(struct.Struct(f">{_MODES}s"), "modes")[0], "big")
    spare = 8 * _MODES - 2 * len(_CHANNELS)
    if modes & ((1 << spare) - 1):
        raise CodecError("modes: the padding is not 0")
    levels = np.zeros((count, len(_CHANNELS)), int)
    for place, name in enumerate(_CHANNELS):
        mode = modes >> (8 * _MODES - 2 * place - 2) & 3
        if mode != _ZERO:
            levels[:, place] = reader.channel(mode, count, "B" if place < _COUNT else "h", name)
    reader.end()
    values = levels * _UNITS
    frames = tuple(
        Frame(float(first + STEP_MS * at), row[:_COUNT].astype(np.float32), tuple(row[-6:-3]), tuple(row[-3:]))
        for at, row in enumerate(values)
    )
    return Packet(frames, rtp, serial)


def _mode(channel: list[int]) -> int:
    if not any(channel):
        return _ZERO
    steps = [after - before for before, after in pairwise(channel)]
    if not any(steps):
        return _SAME
    return _SMALL if all(-8 <= step <= 7 for step in steps) else _EACH


def _halves(channel: list[int]) -> bytes:
    halves = [after - before & 15 for before, after in pairwise(channel)]
    halves += [0] * (len(halves) % 2)
    return bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


class _Reader:
    def __init__(self, data: bytes):
        self._data, self._at = bytes(data), 0

    def take(self, form: struct.Struct, field: str) -> tuple:
        try:
            values = form.unpack_from(self._data, self._at)
        except struct.error:
            raise CodecError(f"{field}: the packet ends before it") from None
        self._at += form.size
        return values

    def channel(self, mode: int, count: int, kind: str, name: str) -> list[int]:
        values = list(self.take(struct.Struct(f">{count if mode == _EACH else 1}{kind}"), name))
        if mode == _SAME:
            return values * count
        if mode == _SMALL:
            halves = self.take(struct.Struct(f">{count // 2}s"), name)[0]
            for at in range(count - 1):
                half = halves[at // 2] >> (0 if at % 2 else 4) & 15
                values.append(values[-1] + (half - 16 if half > 7 else half))
            if kind == "B" and not all(0 <= value <= 255 for value in values):
                raise CodecError(f"{name}: leaves 0 to 1")
        return values

    def end(self) -> None:
        if self._at != len(self._data):
            raise CodecError(f"end: {len(self._data) - self._at} bytes too many")
