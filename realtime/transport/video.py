"""The persona's face as a video track: encoded pictures in, RTP out, untouched by aiortc's encoders.

aiortc packetises an `av.Packet` that a track gives it and sends it on. What a receiver asks of an encoder (RFC 4585's
PLI, RFC 5104's FIR, draft-alvestrand-rmcat-remb) is passed on from here to whoever encodes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from fractions import Fraction

import av
from aiortc import RTCRtpSender
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtp import RTCP_PSFB_APP, AnyRtcpPacket, RtcpPsfbPacket, unpack_remb_fci

from realtime.rendering.video.packets import CLOCK, Encoded

_WAITING = 45  # pictures that nobody takes: begin anew with a key picture
_MADE_UP = 0.1  # seconds: a later picture may lag, for a receiver would hold the voice back for it
_NTP = 2**32  # units of an NTP timestamp in a second
_BEHIND = 0.0265  # seconds that the voice is behind its track: a packet in aiortc's resampler, Opus's lookahead
_LONGEST = 0.1  # seconds between two pictures, at the lowest rate; after more the stream begins anew


class VideoTrack(MediaStreamTrack):
    """Gives each picture when its moment has come, so that it leaves with the voice's samples of the same moment.

    `when(at_ms)` is the loop's time of a moment on the face clock; `on_key_wanted()` is called when the receiver, or
    this track, can go on with a key picture only.
    """

    kind = "video"

    def __init__(self, when: Callable[[float], float], on_key_wanted: Callable[[], None]):
        super().__init__()
        self._when, self.on_key_wanted = when, on_key_wanted
        self._queue: deque[Encoded] = deque()
        self._came = asyncio.Event()
        self._broken = True  # nothing can be shown before the next key picture
        self._last: int | None = None  # the pts of the last picture
        self.late = 0.0
        """Seconds between the moment of the last picture and when it left."""

    def put(self, picture: Encoded) -> None:
        """A picture from the worker."""
        if len(self._queue) >= _WAITING:
            self._queue.clear()
            self._broken = True
        if self._broken and not picture.key:
            return self.on_key_wanted()
        self._broken = False
        self._queue.append(picture)
        self._came.set()

    def clear(self) -> None:
        """Another encoder follows."""
        self._queue.clear()
        self._broken = True

    async def recv(self) -> av.Packet:
        if self.readyState != "live":
            raise MediaStreamError
        while not self._queue:
            self._came.clear()
            await self._came.wait()
        due = self._due(self._queue[0].pts)
        early = due - asyncio.get_running_loop().time()
        if early > 0:
            await asyncio.sleep(min(early, 1.0))
        if not self._queue:
            return await self.recv()
        picture = self._queue.popleft()
        self._last = picture.pts
        self.late = max(0.0, asyncio.get_running_loop().time() - due)
        packet = av.Packet(picture.data)
        packet.pts, packet.time_base, packet.is_keyframe = picture.pts, Fraction(1, CLOCK), picture.key
        return packet

    def _due(self, pts: int) -> float:
        """The loop's time at which a picture is to leave: with the voice of the middle of the time that it stands."""
        stands = 0.0 if self._last is None else (pts - self._last) / CLOCK  # as long as the one before
        if not 0 < stands <= _LONGEST:
            stands = 0.0
        return self._when(pts * 1000 / CLOCK) + _BEHIND - stands / 2


def listen(sender: RTCRtpSender, track: VideoTrack, on_bps: Callable[[int], None]) -> None:
    """Pass on what the receiver of `sender` asks for: key pictures to the track, bits a second to `on_bps`.

    Also keeps the sender reports true. They say at which time a picture's RTP timestamp was, by which a receiver brings
    video and voice together; aiortc takes the time at which it was sent, which is not its moment if it was late.
    """
    handle, recv = sender._handle_rtcp_packet, track.recv

    async def heard(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            try:
                bps, ssrcs = unpack_remb_fci(packet.fci)
            except ValueError:
                return
            if sender._ssrc in ssrcs:
                on_bps(bps)
            return
        await handle(packet)

    async def next_packet() -> av.Packet:
        sent = sender._RTCRtpSender__ntp_timestamp
        if sent:
            sender._RTCRtpSender__ntp_timestamp = sent - round(min(track.late, _MADE_UP) * _NTP)
        return await recv()

    sender._handle_rtcp_packet = heard
    sender._send_keyframe = lambda: track.on_key_wanted()
    track.recv = next_packet
