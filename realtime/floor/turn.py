"""The floor as a state machine: fed one speech probability per frame, it says when the learner has finished.

It asks for judgements (`Transcribe`, `Judge`) and takes the answers whenever
they come; an answer about a pause that is over is ignored. The words are asked
for early and once per pause, so that they are there when the turn is over.
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime.floor.events import (
    Event,
    FloorYielded,
    Judge,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Transcribe,
)
from realtime.floor.rule import Rule, fuse, patience, patient
from realtime.floor.words import Completeness, completeness


@dataclass
class _Pause:
    number: int
    began_ms: int
    reported: bool = False
    asked: bool = False
    text: str | None = None
    words: Completeness = Completeness.OPEN
    ending: float = 0.0
    melody: float | None = None
    judging: bool = False
    judge_at: int = 0


class Floor:
    """One learner's floor. `frame_ms` is the length of a frame."""

    def __init__(self, rule: Rule | None = None, frame_ms: int = 32, language: str = "en"):
        self._usual, self._frame, self._language = rule or Rule(), frame_ms, language
        self._rule = self._usual
        self._now = 0
        self._pauses = 0
        self._onset_began: int | None = None
        self._onset_voiced = self._onset_silent = 0
        self._started: int | None = None
        self._pause: _Pause | None = None
        self._back: int = 0

    @property
    def speaking(self) -> bool:
        """Voice is being heard now."""
        return self._started is not None and self._pause is None

    @property
    def started_ms(self) -> int | None:
        """When the turn in progress began; None between turns."""
        return self._started

    def patience(self, ms: int) -> None:
        """Hold the floor open for so much longer than usual, from now on."""
        self._rule = patient(self._usual, ms)

    def hear(self, speech: float) -> list[Event]:
        """The next frame's speech probability."""
        began, self._now = self._now, self._now + self._frame
        if self._started is None:
            return self._wait_for_speech(speech, began)
        if self._pause is None:
            if speech < self._rule.silence:
                self._pauses += 1
                self._pause, self._back = _Pause(self._pauses, began), 0
            return []
        if speech >= self._rule.speech:
            self._back += self._frame
        elif speech < self._rule.silence:
            self._back = 0
        if self._back and (not self._pause.reported or self._back >= 2 * self._frame):
            return self._resume()
        return self._keep_silence()

    def transcribed(self, pause: int, text: str, ending: float = 1.0) -> list[Event]:
        """The words up to this pause; empty when there were none or they could not be recognised.

        `ending` is the recogniser's probability of a final mark after them.
        """
        if self._pause is None or self._pause.number != pause:
            return []
        self._pause.text, self._pause.ending = text, ending
        self._pause.words = completeness(text, self._language)
        return self._decide()

    def judged(self, pause: int, melody: float | None) -> list[Event]:
        """How finished the turn sounds, 0 to 1; None when it could not be judged."""
        if self._pause is None or self._pause.number != pause:
            return []
        self._pause.melody, self._pause.judging = melody, False
        return self._decide()

    def _wait_for_speech(self, speech: float, began: int) -> list[Event]:
        if speech >= self._rule.speech:
            if self._onset_began is None:
                self._onset_began, self._onset_voiced = began, 0
            self._onset_voiced += self._frame
            self._onset_silent = 0
        elif self._onset_began is not None:
            self._onset_silent += self._frame
            if self._onset_silent > self._rule.onset_gap:
                self._onset_began = None
        if self._onset_began is None or self._onset_voiced < self._rule.onset:
            return []
        self._started, self._onset_began, self._pause = self._onset_began, None, None
        return [SpeechStarted(self._started)]

    def _resume(self) -> list[Event]:
        pause, self._pause = self._pause, None
        return [SpeechResumed(self._now - self._back)] if pause.reported else []

    def _keep_silence(self) -> list[Event]:
        pause, silent, events = self._pause, self._now - self._pause.began_ms, []
        if not pause.asked and silent >= self._rule.transcribe_after:
            pause.asked = True
            events.append(Transcribe(pause.number, self._started, pause.began_ms, self._now))
        if not pause.reported and silent >= self._rule.pause_after:
            pause.reported, pause.judge_at = True, silent
            events.append(SpeechPaused(self._now, pause.began_ms))
        if pause.reported and not pause.judging and silent >= pause.judge_at:
            pause.judging, pause.judge_at = True, silent + self._rule.judge_every
            events.append(Judge(pause.number, self._started, self._now))
        return events + self._decide()

    def _decide(self) -> list[Event]:
        pause, rule = self._pause, self._rule
        silent = self._now - pause.began_ms
        if silent < rule.least or self._back or (pause.text is None and silent < rule.unheard):
            return []
        text = pause.text or ""
        probability = 0.0 if pause.melody is None else fuse(pause.melody, pause.words, pause.ending, rule)
        over = bool(text.strip()) and probability >= rule.finished
        if not over and silent < patience(text, pause.words, rule):
            return []
        yielded = FloorYielded(self._now, self._started, pause.began_ms, round(probability, 3), text)
        self._started = self._pause = None
        return [yielded]
