"""The learner's side of the WebRTC connection."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from realtime.rehearsal.hearing import Ear
from realtime.rehearsal.microphone import Microphone
from realtime.rehearsal.watching import Eye
from realtime.rendering import codec


class Call:
    """One connection: microphone out, persona's voice and face in. It is used once; after a failure comes a new one.

    With an `eye` the face may come as video.
    """

    def __init__(self, ear: Ear, ice_servers: list[dict], eye: Eye | None = None):
        servers = [RTCIceServer(**server) for server in ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._ear, self._eye = ear, eye
        self._receiving: list[asyncio.Task] = []
        self.microphone = Microphone()
        self.connected = asyncio.Event()
        self.failed = asyncio.Event()
        self.frames = 0
        self._connection.addTrack(self.microphone)
        if eye:
            self._connection.addTransceiver("video", direction="recvonly")
        channel = self._connection.createDataChannel("face", ordered=False, maxRetransmits=0)
        channel.on("message", self._on_face)
        self._connection.on("track", self._on_track)
        self._connection.on("connectionstatechange", self._on_state)

    async def offer(self) -> str:
        """The SDP offer, candidates gathered."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp

    async def answered(self, sdp: str) -> None:
        if self._connection.signalingState == "have-local-offer":
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def close(self) -> None:
        for task in self._receiving:
            task.cancel()
        self._connection.remove_all_listeners()
        self.microphone.stop()
        with contextlib.suppress(Exception):
            await self._connection.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        receive = self._hear if track.kind == "audio" else self._see
        self._receiving.append(asyncio.ensure_future(receive(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                channels = len(frame.layout.channels)
                samples = frame.to_ndarray().reshape(-1)[::channels].astype(np.int16, copy=False)
                self._ear.frame(samples, frame.sample_rate, loop.time())

    async def _see(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(MediaStreamError):
            while self._eye:
                await track.recv()
                self._eye.picture(loop.time())

    def _on_face(self, message: str | bytes) -> None:
        with contextlib.suppress(ValueError, TypeError):
            self.frames += len(codec.decode(message))

    def _on_state(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self.connected.set()
            case "failed" | "closed":
                self.connected.clear()
                self.failed.set()
            case "disconnected":
                self.connected.clear()
