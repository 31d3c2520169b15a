"""One WebRTC connection to the learner's browser: microphone and camera pictures in, voice and face out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import SessionDescription
from av import AudioResampler

from realtime.rendering.video.packets import CODECS
from realtime.transport.track import VoiceTrack
from realtime.transport.video import VideoTrack, listen
from realtime.wire import LISTEN_RATE, PICTURE_BYTES, VOICE_RATE

log = logging.getLogger(__name__)

_OPUS_RATE = 48_000
_OPUS_FRAME = 960
_OPUS_DELAY = 312  # samples at 48 kHz by which a decoder is behind its encoder (RFC 7845, 4.2: libopus's lookahead)
_LATE_BYTES = 4096  # of frames that wait to be sent: more would only come late
_PICTURE_SECONDS = 0.15  # between two camera pictures at least; those that come sooner are dropped


class OfferError(ValueError):
    """The browser's offer cannot be used; the message says why."""


class Peer:
    """Accepts one offer. `on_pcm` gets 16 kHz mono s16le, `on_state` connected, disconnected or closed.

    `on_picture` gets the camera's pictures, as the browser sent them; without it no such channel is listened to.
    `video` is sent where the offer takes one, in the codec that `video_codec` then names; `on_bps` gets what the
    network bears.
    """

    def __init__(
        self,
        voice: VoiceTrack,
        on_pcm: Callable[[bytes], None],
        on_state: Callable[[Peer, str], None],
        ice_servers: list[str] = (),
        on_picture: Callable[[bytes], None] | None = None,
        video: VideoTrack | None = None,
        on_bps: Callable[[int], None] = lambda bps: None,
    ):
        servers = [RTCIceServer(urls=url) for url in ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._voice, self._on_pcm, self._on_state = voice, on_pcm, on_state
        self._on_picture, self._next_picture = on_picture, 0.0
        self._face: RTCDataChannel | None = None
        self._video, self._on_bps = video, on_bps
        self.video_codec: str | None = None
        self._sender: RTCRtpSender | None = None
        self._listening: asyncio.Task | None = None
        self._connection.on("track", self._hear)
        self._connection.on("datachannel", self._open)
        self._connection.on("connectionstatechange", self._changed)

    async def accept(self, sdp: str) -> str:
        """The answer to the offer, candidates gathered. Raises OfferError."""
        try:
            video = self._offer_video() if self._video is not None and _takes_video(sdp) else None
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            self._sender = self._connection.addTrack(self._voice)
            await self._connection.setLocalDescription(await self._connection.createAnswer())
            if video is not None:
                self.video_codec = _codec(self._connection.localDescription.sdp)
                listen(video, self._video, self._on_bps)
        except Exception as refusal:
            await self.close()
            raise OfferError(f"the offer was not understood: {refusal}") from refusal
        return self._connection.localDescription.sdp

    def _offer_video(self) -> RTCRtpSender:
        transceiver = self._connection.addTransceiver(self._video, "sendonly")
        able = RTCRtpSender.getCapabilities("video").codecs
        named = [codec for name in CODECS for codec in able if codec.mimeType == f"video/{name}"]
        transceiver.setCodecPreferences([*named, *(codec for codec in able if codec.name == "rtx")])
        return transceiver.sender

    def send_face(self, packet: bytes) -> None:
        """Frames of the face (realtime.rendering.codec); dropped where they could only come late."""
        channel = self._face
        if channel is not None and channel.readyState == "open" and channel.bufferedAmount < _LATE_BYTES:
            channel.send(packet)

    def rtp_time(self, sample: int) -> int | None:
        """The RTP timestamp (48 kHz) at which the voice track's sample (24 kHz) is heard; None before the first packet.

        aiortc starts each stream at a random timestamp that only its sender knows;
        packets are 20 ms apart from there.
        """
        try:
            sent = self._sender._RTCRtpSender__packet_count
            last = self._sender._RTCRtpSender__rtp_timestamp
        except AttributeError:
            return None
        if not sent:
            return None
        first = last - (sent - 1) * _OPUS_FRAME
        return (first + sample * _OPUS_RATE // VOICE_RATE + _OPUS_DELAY) % 2**32

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        self._connection.remove_all_listeners()
        with contextlib.suppress(Exception):
            await self._connection.close()

    def _hear(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._listening = asyncio.ensure_future(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=LISTEN_RATE)
        with contextlib.suppress(MediaStreamError):
            while True:
                for frame in resampler.resample(await track.recv()):
                    self._on_pcm(bytes(frame.planes[0])[: 2 * frame.samples])

    def _open(self, channel: RTCDataChannel) -> None:
        if channel.label == "face":
            self._face = channel
        elif channel.label == "camera" and self._on_picture is not None:
            channel.on("message", self._see)

    def _see(self, picture: bytes | str) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(picture, bytes) and len(picture) <= PICTURE_BYTES and now >= self._next_picture:
            self._next_picture = now + _PICTURE_SECONDS
            self._on_picture(picture)

    def _changed(self) -> None:
        state = self._connection.connectionState
        log.info("peer is %s", state)
        if state == "connected":
            self._on_state(self, "connected")
        elif state in ("failed", "disconnected"):
            self._on_state(self, "disconnected")
        elif state == "closed":
            self._on_state(self, "closed")


def _takes_video(offer: str) -> bool:
    """Whether an offer has a place for video and wants to receive it, in a codec that we can send."""
    try:
        media = SessionDescription.parse(offer).media
    except (ValueError, IndexError, AssertionError):
        return False  # the offer is refused with a reason where it is applied
    names = {f"video/{name.lower()}" for name in CODECS}
    return any(
        section.kind == "video"
        and section.direction in ("recvonly", "sendrecv")
        and any(codec.mimeType.lower() in names for codec in section.rtp.codecs)
        for section in media
    )


def _codec(answer: str) -> str | None:
    """The video codec that an answer agrees on, as CODECS names it."""
    for section in SessionDescription.parse(answer).media:
        if section.kind == "video" and section.rtp.codecs and section.port:
            return section.rtp.codecs[0].name
    return None
