"""A persona small enough to know all about it: it hears loud and silent, and answers with a tone."""

from __future__ import annotations

import asyncio
import contextlib
import json
from fractions import Fraction

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from websockets.asyncio.server import ServerConnection, serve

RATE = 48_000
FRAME = RATE // 50
SILENCE = 0.5  # seconds after which the persona takes the learner's turn for over


class Tone(MediaStreamTrack):
    """Silence, and a tone for as long as was asked for."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self._sent, self._began, self._left = 0, None, 0
        self.done = asyncio.Event()

    def play(self, seconds: float) -> None:
        self._left = round(seconds * RATE)
        self.done.clear()

    def stop_playing(self) -> None:
        self._left = 0
        self.done.set()

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        self._began = self._began or loop.time()
        await asyncio.sleep(max(0, self._began + self._sent / RATE - loop.time()))
        at = (self._sent + np.arange(FRAME)) / RATE
        wave = 6000 * np.sin(2 * np.pi * 300 * at) * (self._left > 0)
        if 0 < self._left <= FRAME:
            self.done.set()
        self._left -= FRAME
        frame = AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = self._sent, RATE, Fraction(1, RATE)
        self._sent += FRAME
        return frame


class Persona:
    """Serves one conversation. `answers` are said one after another; after the last it ends the conversation.

    `deaf` counts lines that are not heard at all. `hasty` seconds of silence take the place of SILENCE.
    """

    def __init__(self, *answers: str, spoken: float = 0.6, deaf: int = 0, hasty: float = SILENCE):
        self.answers, self.spoken, self.deaf, self.patience = list(answers), spoken, deaf, hasty
        self.received: list[dict] = []
        self.journal: list[dict] = []
        self.offers = 0
        self.cookie = self.origin = ""
        self.delays: list[float] = []  # from the last loud sample heard to the order to speak
        self._sockets: set[ServerConnection] = set()
        self._peer: RTCPeerConnection | None = None
        self._tone: Tone | None = None
        self._tasks: set[asyncio.Task] = set()
        self._phase = "connecting"
        self._busy = asyncio.Lock()

    async def __aenter__(self) -> Persona:
        self._server = await serve(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/ws/v/x/"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._peer:
            await self._peer.close()
        self._server.close()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Lose every WebSocket, as when the web process dies."""
        for socket in self._sockets:
            socket.transport.abort()

    async def die(self) -> None:
        """Lose the conversation's process: its media is gone, and another one takes its place."""
        await self._peer.close()
        self._peer, self._phase = None, "connecting"
        await self._publish({"type": "state", "phase": "recovering", "detail": "It is coming back."})
        await self._publish({"type": "state", "phase": "connecting", "detail": "", "offer": True})

    async def _serve(self, socket: ServerConnection) -> None:
        self.cookie, self.origin = socket.request.headers.get("Cookie", ""), socket.request.headers.get("Origin", "")
        self._sockets.add(socket)
        with contextlib.suppress(Exception):
            async for text in socket:
                message = json.loads(text)
                self.received.append(message)
                await self._handle(socket, message)
        self._sockets.discard(socket)

    async def _handle(self, socket: ServerConnection, message: dict) -> None:
        match message["type"]:
            case "hello":
                for said in self.journal:
                    if said["seq"] > message["after"]:
                        await socket.send(json.dumps(said))
                voice = message["modality"] == "voice"
                await self._publish({"type": "state", "phase": self._phase, "detail": "", "offer": voice})
                if not voice and not self.journal:
                    await self._begin(voice=False)
            case "offer":
                self.offers += 1
                await self._accept(message["sdp"])
            case "say":
                await self._typed(message)
            case "finish":
                await self._publish({"type": "ended", "reason": "done", "report": "/report/"})

    async def _accept(self, sdp: str) -> None:
        self._peer = peer = RTCPeerConnection(RTCConfiguration([]))
        self._tone = Tone()
        peer.on("track", lambda track: self._spawn(self._hear(track)))
        peer.on("connectionstatechange", lambda: self._connected(peer))
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        peer.addTrack(self._tone)
        await peer.setLocalDescription(await peer.createAnswer())
        await self._publish({"type": "answer", "sdp": peer.localDescription.sdp, "ice_servers": []})

    def _connected(self, peer: RTCPeerConnection) -> None:
        if peer.connectionState == "connected":
            self._spawn(self._begin(voice=True))

    async def _begin(self, *, voice: bool) -> None:
        self._phase = "live"
        await self._publish({"type": "state", "phase": "live", "detail": ""})
        if not self.journal:
            await self._speak("Hello. What is the matter?", voice=voice)

    async def _hear(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        loud_at, loud_for = None, 0.0
        with contextlib.suppress(MediaStreamError):
            while True:
                samples = (await track.recv()).to_ndarray().reshape(-1)
                if np.abs(samples).max() > 1000:
                    loud_at, loud_for = loop.time(), loud_for + 0.02
                    if loud_for > 0.1 and self._busy.locked():
                        self._tone.stop_playing()
                elif loud_at and loop.time() - loud_at > self.patience:
                    if loud_for > 0.1:
                        self._spawn(self._turn(loud_at))
                    loud_at, loud_for = None, 0.0

    async def _turn(self, ended: float) -> None:
        if self.deaf:
            self.deaf -= 1
            return
        await self._say("learner", f"line {len(self.journal)}")
        self.delays.append(asyncio.get_running_loop().time() - ended)
        await self._answer(voice=True)

    async def _typed(self, message: dict) -> None:
        if message["id"] in [said.get("id") for said in self.journal]:
            return
        await self._say("learner", message["text"], id=message["id"])
        await self._answer(voice=False)

    async def _answer(self, *, voice: bool) -> None:
        if not self.answers:
            return await self._publish({"type": "ended", "reason": "closed", "report": "/report/"})
        await self._speak(self.answers.pop(0), voice=voice)

    async def _speak(self, text: str, *, voice: bool) -> None:
        interrupted = False
        if voice:
            async with self._busy:
                self._tone.play(self.spoken)
                await self._publish({"type": "floor", "state": "speaking"})
                began = asyncio.get_running_loop().time()
                await self._tone.done.wait()
                interrupted = asyncio.get_running_loop().time() - began < 0.8 * self.spoken
        await self._say("persona", text, interrupted=interrupted)
        await self._publish({"type": "floor", "state": "listening"})

    async def _say(self, speaker: str, text: str, **more: object) -> None:
        said = {"type": "utterance", "seq": len(self.journal) + 1, "speaker": speaker, "text": text, **more}
        self.journal.append(said)
        await self._publish(said)

    async def _publish(self, message: dict) -> None:
        for socket in list(self._sockets):
            with contextlib.suppress(Exception):
                await socket.send(json.dumps(message))

    def _spawn(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
