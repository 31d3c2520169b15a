"""The persona's voice as an audio track: sentences in, 20 ms frames out, pausable to the frame."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from realtime.wire import VOICE_RATE

FRAME = VOICE_RATE // 50  # samples in 20 ms
_SILENCE = bytes(2 * FRAME)


@dataclass(eq=False)
class Sentence:
    """One synthesised sentence, still growing until `complete`. PCM is 24 kHz mono s16le; `played` counts samples."""

    id: str
    text: str
    lips: dict
    pcm: bytearray = field(default_factory=bytearray)
    complete: bool = False
    played: int = 0

    @property
    def samples(self) -> int:
        return len(self.pcm) // 2


class VoiceTrack(MediaStreamTrack):
    """Plays queued sentences in real time and silence between them.

    `on_start(sentence, sample)` and `on_end(sentence)` are called from the media
    loop as the first frame of a sentence leaves and after its last; `sample` is
    the track's own clock at 24 kHz.
    """

    kind = "audio"

    def __init__(self, on_start: Callable[[Sentence, int], None], on_end: Callable[[Sentence], None]):
        super().__init__()
        self._queue: deque[Sentence] = deque()
        self._on_start, self._on_end = on_start, on_end
        self._began: float | None = None
        self.clock = 0
        self.paused = False  # the learner talks over the persona
        self.held = False  # the learner's connection is down

    def successor(self) -> VoiceTrack:
        """A track for a new connection that goes on where this one is."""
        track = VoiceTrack(self._on_start, self._on_end)
        track._queue, track.paused = self._queue, self.paused
        return track

    def play(self, sentence: Sentence) -> None:
        self._queue.append(sentence)

    def clear(self) -> None:
        """Forget everything that is queued; what was played can be read from the sentences."""
        self._queue.clear()

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        wait = self._began + self.clock / VOICE_RATE - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self._next_pcm())
        frame.pts, frame.sample_rate, frame.time_base = self.clock, VOICE_RATE, Fraction(1, VOICE_RATE)
        self.clock += FRAME
        return frame

    def _next_pcm(self) -> bytes:
        if self.paused or self.held or not self._queue:
            return _SILENCE
        sentence = self._queue[0]
        if not sentence.complete and sentence.samples - sentence.played < FRAME:
            return _SILENCE
        if sentence.played == 0:
            self._on_start(sentence, self.clock)
        pcm = bytes(sentence.pcm[2 * sentence.played : 2 * (sentence.played + FRAME)])
        sentence.played += len(pcm) // 2
        if sentence.complete and sentence.played >= sentence.samples:
            self._queue.popleft()
            self._on_end(sentence)
        return pcm.ljust(2 * FRAME, b"\0")
