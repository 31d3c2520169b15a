"""The conversation's side of a call whose words are known: the real voice track, face, peer and lease, no coach."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from realtime.lease import Lease
from realtime.process import PeerMedia
from realtime.rendering.behaviour.events import Floor
from realtime.showing import Showing
from realtime.transport.track import Sentence

_SEED = 7
_WAIT = 30.0  # seconds for whatever is asked of the call's loop


class Call:
    """Runs in a thread with an event loop of its own, as a conversation does in its process. Close it."""

    def __init__(self, face: str, filmed: bool):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="call", daemon=True)
        self._thread.start()
        self._messages: list[dict[str, Any]] = []
        self._worker: subprocess.Popen | None = None
        self._done, self._left = threading.Event(), 0
        self._run(self._open(face, filmed))

    def signal(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """A message of the page's; what there is for the page since the last."""
        return self._run(self._take(message))

    def say(self, sentences: Sequence[Sentence], seconds: float) -> None:
        """Play them one after another, without a gap. Raises TimeoutError if that is not done after `seconds`."""
        self._left = len(sentences)
        self._done.clear()
        self._loop.call_soon_threadsafe(lambda: [self._media.track.play(sentence) for sentence in sentences])
        if not self._done.wait(seconds):
            raise TimeoutError("not all was played: the connection is lost")

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        if self._worker is not None:
            self._worker.terminate()
            self._worker.wait()

    def _run(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_WAIT)

    async def _open(self, face: str, filmed: bool) -> None:
        self._lease = Lease("127.0.0.1", self._hire, self._hear_worker, {})
        self._showing = Showing(self._lease, face, self._publish)
        self._lease.frames["V"] = self._showing.take
        self._media = PeerMedia(lambda pcm: None, self._post, _SEED, self._showing)
        self._media.show(Floor("speaking"))
        if filmed:
            await self._lease.open()

    async def _close(self) -> None:
        await self._lease.close()
        await self._media.close()

    async def _take(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] == "offer":
            answer = await self._media.accept(message["sdp"])
            self._messages.append({"type": "answer", "id": message["id"], **answer})
        elif message["type"] == "picture":
            self._showing.heard_from_page(message)
        messages, self._messages = self._messages, []
        return messages

    async def _publish(self, message: dict[str, Any], to: str | None = None) -> None:
        self._messages.append(message)

    async def _hire(self, host: str, port: int, token: str, urgent: bool) -> None:
        if self._worker is None:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "realtime.lipsync.cameraman", host, str(port), token],
                env={**os.environ, "COACHTOOL_VIDEO": "on"},
            )

    def _hear_worker(self, message: dict[str, Any], pcm: bytes | None) -> None:
        if message["t"] in ("ready", "lost") or message.get("stage") == "video":
            self._showing.heard_from_worker(message)

    def _post(self, kind: str, what: Any) -> None:
        if kind == "sentence_ended":
            self._left -= 1
            if not self._left:
                self._done.set()
