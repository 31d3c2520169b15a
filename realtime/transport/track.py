"""The persona's voice as an audio track: sentences in, 20 ms frames out, pausable to the frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from realtime.rendering.behaviour.mouth import Movement
from realtime.wire import VOICE_RATE

FRAME = VOICE_RATE // 50  # samples in 20 ms
_SILENCE = bytes(2 * FRAME)


@dataclass(eq=False)
class Sentence:
    """One synthesised sentence, still growing until `complete`. PCM is 24 kHz mono s16le; `played` counts samples.

    `expected` is how many samples there will be, 0 where that is not known. A `broken` one was begun by a worker that
    was lost before it had sent all of it.
    """

    id: str
    text: str
    movement: Movement
    pcm: bytearray = field(default_factory=bytearray)
    complete: bool = False
    played: int = 0
    expected: int = 0
    broken: bool = False

    @property
    def samples(self) -> int:
        return len(self.pcm) // 2

    def begin_again(self, movement: Movement, expected: int) -> None:
        """Another worker sends all of it once more: it goes on where the listener is, by the share that was played."""
        if self.expected and expected:
            self.played = self.played * expected // self.expected
        self.movement, self.expected, self.broken = movement, expected, False
        self.pcm.clear()


class VoiceTrack(MediaStreamTrack):
    """Plays queued sentences in real time and silence between them.

    `on_start(sentence)` and `on_end(sentence)` are called from the media loop as
    the first frame of a sentence leaves and after its last; `on_sound(sentence)`
    as one begins to sound, at its start or where it goes on, and with None when
    nothing does any more.
    """

    kind = "audio"

    def __init__(
        self,
        on_start: Callable[[Sentence], None],
        on_end: Callable[[Sentence], None],
        on_sound: Callable[[Sentence | None], None] = lambda sentence: None,
    ):
        super().__init__()
        self._queue: deque[Sentence] = deque()
        self._on_start, self._on_end, self._on_sound = on_start, on_end, on_sound
        self._sounds: Sentence | None = None
        self._began: float | None = None
        self.clock = 0
        self.paused = False  # the learner talks over the persona
        self.held = False  # the learner's connection is down

    def successor(self) -> VoiceTrack:
        """A track for a new connection that goes on where this one is."""
        track = VoiceTrack(self._on_start, self._on_end, self._on_sound)
        track._queue, track.paused = self._queue, self.paused
        return track

    def play(self, sentence: Sentence) -> None:
        self._queue.append(sentence)

    def drop(self, sentence: Sentence) -> None:
        """Take back one that is queued."""
        with contextlib.suppress(ValueError):
            self._queue.remove(sentence)

    def clear(self) -> None:
        """Forget everything that is queued; what was played can be read from the sentences."""
        self._queue.clear()

    @property
    def leaving(self) -> float:
        """The loop's time at which the next sample leaves; now, before the first has left."""
        return asyncio.get_running_loop().time() if self._began is None else self._began + self.clock / VOICE_RATE

    def sample_at(self, time: float) -> int:
        """The sample (24 kHz) that leaves at the loop's `time`; 0 before the first has left."""
        return 0 if self._began is None else round((time - self._began) * VOICE_RATE)

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
        sentence = self._sounding()
        if sentence is not self._sounds:
            self._sounds = sentence
            self._on_sound(sentence)
        if sentence is None:
            return _SILENCE
        if sentence.played == 0:
            self._on_start(sentence)
        pcm = bytes(sentence.pcm[2 * sentence.played : 2 * (sentence.played + FRAME)])
        sentence.played += len(pcm) // 2
        if sentence.complete and sentence.played >= sentence.samples:
            self._queue.popleft()
            self._on_end(sentence)
        return pcm.ljust(2 * FRAME, b"\0")

    def _sounding(self) -> Sentence | None:
        """The sentence of which 20 ms leave now."""
        if self.paused or self.held or not self._queue:
            return None
        sentence = self._queue[0]
        return sentence if sentence.complete or sentence.samples - sentence.played >= FRAME else None
