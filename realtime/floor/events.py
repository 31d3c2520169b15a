"""What the floor reports and what it asks for. All times are ms of the learner's sound since its beginning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeechStarted:
    """The learner began to speak at `at_ms`."""

    at_ms: int


@dataclass(frozen=True)
class SpeechPaused:
    """Voice activity ended at `ended_ms`; it is `at_ms` now, and the turn may go on."""

    at_ms: int
    ended_ms: int


@dataclass(frozen=True)
class SpeechResumed:
    at_ms: int


@dataclass(frozen=True)
class Transcribe:
    """A request: which words were said up to this pause? Answered with `Floor.transcribed`."""

    pause: int
    started_ms: int
    ended_ms: int
    at_ms: int


@dataclass(frozen=True)
class Judge:
    """A request: does the turn from `started_ms` up to now sound finished? Answered with `Floor.judged`."""

    pause: int
    started_ms: int
    at_ms: int


@dataclass(frozen=True)
class FloorYielded:
    """The learner has finished a turn that lasted from `started_ms` to `ended_ms` and said `text`."""

    at_ms: int
    started_ms: int
    ended_ms: int
    probability: float
    text: str


Event = SpeechStarted | SpeechPaused | SpeechResumed | Transcribe | Judge | FloorYielded
