"""One WebRTC connection to the learner's browser: microphone in, voice and lips out."""

from __future__ import annotations

import asyncio
import contextlib
import json
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
from av import AudioResampler

from realtime.transport.track import VoiceTrack
from realtime.wire import LISTEN_RATE, VOICE_RATE

log = logging.getLogger(__name__)

_OPUS_RATE = 48_000
_OPUS_FRAME = 960


class OfferError(ValueError):
    """The browser's offer cannot be used; the message says why."""


class Peer:
    """Accepts one offer. `on_pcm` gets 16 kHz mono s16le, `on_state` connected, disconnected or closed."""

    def __init__(
        self,
        voice: VoiceTrack,
        on_pcm: Callable[[bytes], None],
        on_state: Callable[[Peer, str], None],
        ice_servers: list[str] = (),
    ):
        servers = [RTCIceServer(urls=url) for url in ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._voice, self._on_pcm, self._on_state = voice, on_pcm, on_state
        self._lips: RTCDataChannel | None = None
        self._sender: RTCRtpSender | None = None
        self._listening: asyncio.Task | None = None
        self._connection.on("track", self._hear)
        self._connection.on("datachannel", self._open)
        self._connection.on("connectionstatechange", self._changed)

    async def accept(self, sdp: str) -> str:
        """The answer to the offer, candidates gathered. Raises OfferError."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            self._sender = self._connection.addTrack(self._voice)
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Exception as refusal:
            await self.close()
            raise OfferError(f"the offer was not understood: {refusal}") from refusal
        return self._connection.localDescription.sdp

    def send(self, message: dict) -> None:
        """Send on the lips channel; dropped while it is not open, since late lips are of no use."""
        if self._lips is not None and self._lips.readyState == "open":
            self._lips.send(json.dumps(message, separators=(",", ":")))

    def rtp_time(self, sample: int) -> int | None:
        """The RTP timestamp (48 kHz) at which the voice track's sample (24 kHz) leaves; None before the first packet.

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
        return (last - (sent - 1) * _OPUS_FRAME + sample * _OPUS_RATE // VOICE_RATE) % 2**32

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
        if channel.label == "lips":
            self._lips = channel

    def _changed(self) -> None:
        state = self._connection.connectionState
        log.info("peer is %s", state)
        if state == "connected":
            self._on_state(self, "connected")
        elif state in ("failed", "disconnected"):
            self._on_state(self, "disconnected")
        elif state == "closed":
            self._on_state(self, "closed")
