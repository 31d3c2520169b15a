"""Encoders for one face's video: I420 pictures in, packets out, without a picture of delay.

H.264 comes from the card where it has NVENC, else from x264; VP8 from libvpx. Each H.264 key picture carries a
supplemental enhancement message (SEI, user data, ITU-T H.264 D.1.7) that says the picture is generated; VP8 has no
place for one.
"""

from __future__ import annotations

import fractions
import functools
import logging
import uuid

import av
import numpy as np
from av.video.frame import PictureType

from realtime.rendering.video.packets import CLOCK, CODECS, Encoded

log = logging.getLogger(__name__)

_LEAST_BPS = 100_000
_START_BPS = {360: 600_000, 720: 1_500_000, 1080: 3_000_000}  # by height; twice that is all that a face is worth
_TIME_BASE = fractions.Fraction(1, CLOCK)
_GENERATED = b"AI-generated: a rendered face of a coachtool persona"
_GENERATED_ID = uuid.UUID("5f8a3c1e-7d42-4b60-9a51-c0ac47001a1d").bytes
_OPTIONS = {
    # Baseline and no lookahead: what every WebRTC receiver decodes, at once. A forced picture is an IDR picture.
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1"},
    "h264_nvenc": {
        **{"preset": "p3", "tune": "ull", "profile": "baseline", "rc": "cbr", "zerolatency": "1"},
        **{"delay": "0", "bf": "0", "forced-idr": "1"},
    },
    # A negative speed is a fixed one; what does not move is not coded again.
    "libvpx": {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "static-thresh": "100"},
}
_CANDIDATES = {"H264": ("h264_nvenc", "libx264"), "VP8": ("libvpx",)}
_RECONFIGURES = {"libx264", "h264_nvenc"}  # FFmpeg reads their bit rate before each picture


class NoEncoder(RuntimeError):
    """No encoder of this codec works here."""


class Encoder:
    """Encodes one stream. For one thread at a time. Raises NoEncoder."""

    def __init__(self, codec: str, size: tuple[int, int], rate: float):
        """`codec`: one of CODECS; `size`: width and height in px; `rate`: pictures a second, about."""
        self.codec, self.name, self._size, self._rate = codec, working(codec), size, rate
        self._started = self._bps = _START_BPS.get(size[1], _START_BPS[720])
        self._context = _opened(self.name, size, rate, self._bps)
        self._key = True
        self._last = -1

    @property
    def bps(self) -> int:
        """The bit rate that is aimed at."""
        return self._bps

    @bps.setter
    def bps(self, wanted: int) -> None:
        wanted = min(max(wanted, _LEAST_BPS), 2 * self._started)
        if abs(wanted - self._bps) < 0.05 * self._bps:
            return
        self._bps = wanted
        if self.name in _RECONFIGURES:
            _aim(self._context, wanted)
        else:
            self._context, self._key = _opened(self.name, self._size, self._rate, wanted), True

    def keyframe(self) -> None:
        """Make the next picture one that needs no other."""
        self._key = True

    def encode(self, planes: np.ndarray, pts: int) -> Encoded | None:
        """`planes`: I420, uint8 (height * 3/2, width); `pts`: 90 kHz, later than the last. None where the encoder holds
        the picture back."""
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = max(pts, self._last + 1), _TIME_BASE
        picture.pict_type = PictureType.I if self._key else PictureType.NONE
        self._key, self._last = False, picture.pts
        packets = self._context.encode(picture)
        data = b"".join(bytes(packet) for packet in packets)
        if not data:
            return None
        key = any(packet.is_keyframe for packet in packets)
        if key and self.codec == "H264":
            data = _SEI + data
        return Encoded(packets[0].pts, self.codec, key, data)


@functools.cache
def working(codec: str) -> str:
    """The name of the best encoder of `codec` that opens and encodes here. Raises NoEncoder."""
    for name in _CANDIDATES[codec]:
        try:
            context = _opened(name, (320, 180), 30, 500_000)
            blank = av.VideoFrame.from_ndarray(np.full((270, 320), 128, np.uint8), format="yuv420p")
            blank.pts, blank.time_base = 0, _TIME_BASE
            context.encode(blank)
        except (av.FFmpegError, ValueError) as refusal:
            log.info("%s does not work here: %s", name, getattr(refusal, "strerror", refusal))
            continue
        return name
    raise NoEncoder(f"no encoder for {codec} works here")


def offered() -> dict[str, str]:
    """{codec: encoder} for what works here, the best first."""
    found = {}
    for codec in CODECS:
        try:
            found[codec] = working(codec)
        except NoEncoder:
            continue
    return found


def _opened(name: str, size: tuple[int, int], rate: float, bps: int) -> av.VideoCodecContext:
    context = av.CodecContext.create(name, "w")
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.framerate = fractions.Fraction(round(rate), 1)
    context.time_base = _TIME_BASE
    context.gop_size = 3000  # key pictures come when they are asked for
    context.max_b_frames = 0
    context.thread_count = 1  # faces are encoded side by side instead; libvpx's threads spin while they wait
    context.colorspace, context.color_range = 5, 1  # BT.601 (BT.470BG), limited
    # A constant bit rate: x264 follows a new one only in a stream that began with one.
    context.options = _OPTIONS[name] | {"maxrate": str(bps), "bufsize": str(bps // 2)}
    _aim(context, bps)
    context.open()
    return context


def _aim(context: av.VideoCodecContext, bps: int) -> None:
    context.bit_rate = bps
    context.bit_rate_tolerance = bps


def _sei() -> bytes:
    body = _GENERATED_ID + _GENERATED
    assert len(body) < 255
    message = bytes([5, len(body)]) + body + b"\x80"  # user_data_unregistered, its size, and the stop bit
    # Emulation prevention: no three bytes of a NAL unit may look like a start code.
    safe, zeros = bytearray(), 0
    for byte in message:
        if zeros == 2 and byte <= 3:
            safe.append(3)
            zeros = 0
        safe.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\x00\x00\x00\x01\x06" + bytes(safe)


_SEI = _sei()
