"""Listens to one learner: sound in, floor and words out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import numpy as np

from realtime.floor.events import (
    Event,
    FloorYielded,
    Judge,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Transcribe,
)
from realtime.floor.rule import MOST_PATIENCE, Rule
from realtime.floor.turn import Floor
from realtime.perception.protocols import Heard, Superseded
from realtime.worker.lanes import PARTIAL
from realtime.worker.models import Engine
from realtime.worker.prosody import ProsodyMeter
from realtime.worker.sound import Sound
from realtime.worker.transcription import BEFORE_MS, LONGEST_MS, SETTLE_MS, Transcription

log = logging.getLogger(__name__)

_JUDGED_MS = 8_000  # smart-turn's window
_IDLE_KEEPS_MS = 1_000  # of sound between turns
_PARTIAL_MS = 1_500  # of new speech between two partials, at least
_PARTIAL_LOAD = 4  # and this many times as long as the last one took: never more than a fifth of the cores' time

Send = Callable[..., None]


class Hearing:
    """`send(type, **fields)` gets the messages of docs/architecture.md. For one event loop."""

    def __init__(
        self,
        engine: Engine,
        send: Send,
        language: str = "en",
        vocabulary: tuple[str, ...] = (),
        rule: Rule | None = None,
        clock: Callable[[], float] = time.monotonic,
        sense_voice: bool = False,
    ):
        self._models, self._lanes, self._send = engine.models, engine.lanes, send
        self._language, self._vocabulary, self._clock = language, vocabulary, clock
        self._activity = self._models.activity.stream()
        self._frame = self._activity.frame
        self._floor = Floor(rule, frame_ms=self._frame * 1000 // 16_000, language=language)
        self._sound = Sound()
        self._prosody = ProsodyMeter(self._sound, self._lanes.prosody, send, self._frame)
        self._prosody.on = sense_voice
        self._rest = b""
        self._turn: Transcription | None = None
        self._pause: Transcribe | None = None  # the pause that goes on, once its words were asked for
        self._long_pause: Transcribe | None = None  # the newest one that was reported
        self._heard: Heard | None = None  # its words
        self._partial: asyncio.Task | None = None
        self._partial_at, self._partial_cost_ms, self._told = 0, 0.0, ""
        self._tasks: set[asyncio.Task] = set()

    def feed(self, pcm: bytes) -> None:
        """The learner's next sound: 16 kHz mono s16le, any length."""
        data = self._rest + pcm
        size = self._frame * 2
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        samples = np.frombuffer(data, np.int16, whole // 2).astype(np.float32) / 32768
        for start in range(0, len(samples), self._frame):
            frame = samples[start : start + self._frame]
            self._sound.append(frame)
            probability = self._probability(frame)
            self._prosody.heard(probability)
            self._handle(self._floor.hear(probability))
        if self._floor.speaking:
            self._consider_partial()
        elif self._turn is None and self._floor.started_ms is None:
            self._sound.forget_before(self._sound.end_ms - _IDLE_KEEPS_MS)

    async def close(self) -> None:
        """Stop everything that is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._prosody.close()

    def sense(self, wanted: Any) -> None:
        """{"voice": whether how the learner speaks is measured from now on}; anything else than true is no."""
        self._prosody.on = isinstance(wanted, Mapping) and wanted.get("voice") is True

    def patience(self, ms: int) -> None:
        """Wait this much longer than usual before the floor is taken. Raises ValueError."""
        if type(ms) is not int or not 0 <= ms <= MOST_PATIENCE:
            raise ValueError(f"patience.ms: a whole number from 0 to {MOST_PATIENCE}")
        self._floor.patience(ms)

    def _probability(self, frame: np.ndarray) -> float:
        try:
            return self._activity.probability(frame)
        except Exception:
            self._fail("voice_activity", "Voice activity could not be judged.")
            self._activity = self._models.activity.stream()
            return 0.0

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case SpeechStarted(at_ms):
                    self._turn = Transcription(
                        self._sound,
                        at_ms,
                        self._models.recogniser,
                        self._lanes.recognition,
                        self._language,
                        self._vocabulary,
                    )
                    self._partial_at, self._told, self._pause = at_ms, "", None
                    self._prosody.started(at_ms)
                    self._send("speech_started", at_ms=at_ms)
                case Transcribe():
                    self._pause, self._heard = event, None
                    self._start(self._transcribe(self._turn, event))
                case SpeechPaused(at_ms, ended_ms):
                    self._long_pause = self._pause
                    self._prosody.paused(ended_ms)
                    self._send("speech_paused", at_ms=at_ms)
                case Judge():
                    self._start(self._judge(event))
                case SpeechResumed(at_ms):
                    self._send("speech_resumed", at_ms=at_ms)
                case FloorYielded():
                    self._yield(event)
        if self._floor.speaking and self._pause is not None:
            if self._long_pause is self._pause:  # shorter gaps are within a word as often as not
                self._turn.went_on()
            self._pause = None

    async def _transcribe(self, turn: Transcription, event: Transcribe) -> None:
        def superseded() -> bool:
            if self._turn is turn and self._pause is None and self._long_pause is event:
                return turn.pending_ms < SETTLE_MS  # a long stretch is worth finishing: it will be settled
            return self._pause is not event

        try:
            heard = await turn.upto(event.at_ms, superseded)
        except Superseded:
            return
        except Exception:
            self._fail("recognition", "Your words could not be recognised.")
            heard = Heard("", 0.0)
        if self._pause is event:
            self._heard = heard
            self._tell(heard.text, event.started_ms)
            self._handle(self._floor.transcribed(event.pause, heard.text, heard.ending))
        elif self._turn is turn and self._long_pause is event and self._floor.speaking:
            turn.went_on()

    async def _judge(self, event: Judge) -> None:
        start = max(event.started_ms - BEFORE_MS, event.at_ms - _JUDGED_MS)
        melody = None
        try:
            melody = await self._lanes.turn.run(self._models.turn.probability, self._sound.between(start, event.at_ms))
        except Exception:
            self._fail("end_of_turn", "The end of the turn could not be judged; silence decides.")
        self._handle(self._floor.judged(event.pause, melody))

    def _yield(self, event: FloorYielded) -> None:
        heard = self._heard or Heard("", 0.0)
        times = {"started_ms": event.started_ms, "ended_ms": event.ended_ms}
        self._send("transcript", text=event.text, confidence=heard.confidence, **times)
        self._send("floor_yielded", at_ms=event.at_ms, speech_ended_ms=event.ended_ms, probability=event.probability)
        self._turn = self._pause = self._heard = None

    def _consider_partial(self) -> None:
        turn, due = self._turn, self._partial_at + max(_PARTIAL_MS, _PARTIAL_LOAD * self._partial_cost_ms)
        if self._partial is not None or self._sound.end_ms < due or not self._lanes.recognition.idle:
            return
        self._partial = self._start(self._partially(turn))

    async def _partially(self, turn: Transcription) -> None:
        def superseded() -> bool:
            return self._turn is not turn or not self._floor.speaking

        began, at_ms = self._clock(), self._sound.end_ms
        try:
            if turn.pending_ms > LONGEST_MS:
                await turn.settle_long(superseded)
            heard = await turn.upto(at_ms, superseded, PARTIAL)
            if not superseded():
                self._tell(heard.text, self._floor.started_ms)
        except Superseded:
            pass
        except Exception:
            log.exception("a partial transcript failed")  # the turn's own transcript will say so if it fails too
        finally:
            self._partial = None
            self._partial_at, self._partial_cost_ms = self._sound.end_ms, (self._clock() - began) * 1000

    def _tell(self, text: str, started_ms: int) -> None:
        if text and text != self._told:
            self._told = text
            self._send("partial", text=text, started_ms=started_ms)

    def _fail(self, stage: str, message: str) -> None:
        log.exception("%s failed", stage)
        self._send("failed", stage=stage, message=message)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
