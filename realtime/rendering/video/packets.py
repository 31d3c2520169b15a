"""One encoded picture on the lease (`V` frames): a small header, then the codec's own bytes. Big-endian:

u64  when it is to be seen, 90 kHz on the face clock
u8   codec, a place in CODECS
u8   1 for a picture that needs no other
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

CODECS = ("H264", "VP8")
"""As RTP names them (RFC 6184, RFC 7741). H.264 is an Annex B byte stream."""

CLOCK = 90_000
_HEAD = struct.Struct(">QBB")


class PacketError(ValueError):
    """The bytes are not an encoded picture; the message names the field."""


@dataclass(frozen=True)
class Encoded:
    """`pts`: 90 kHz on the face clock; `key`: needs no other picture."""

    pts: int
    codec: str
    key: bool
    data: bytes


def pack(picture: Encoded) -> bytes:
    return _HEAD.pack(picture.pts, CODECS.index(picture.codec), picture.key) + picture.data


def unpack(body: bytes) -> Encoded:
    """Raises PacketError."""
    if len(body) <= _HEAD.size:
        raise PacketError(f"head: {len(body)} bytes are no picture")
    pts, codec, key = _HEAD.unpack_from(body)
    if codec >= len(CODECS):
        raise PacketError(f"codec: {codec} is not known")
    if key > 1:
        raise PacketError(f"key: {key} is neither 0 nor 1")
    return Encoded(pts, CODECS[codec], bool(key), body[_HEAD.size :])
