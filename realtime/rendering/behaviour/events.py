"""What a face is told. Each event has effect at the time that it is told with."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.rendering.behaviour.mouth import Movement

STATES = ("listening", "hearing", "thinking", "speaking")
EMOTIONS = ("neutral", "encouraging", "concerned", "firm", "doubtful")


@dataclass(frozen=True)
class Floor:
    """Who has the floor: nobody yet (listening), the learner (hearing), the persona (thinking, speaking)."""

    state: str

    def __post_init__(self):
        if self.state not in STATES:
            raise ValueError(f"state: {self.state!r} is not one of {', '.join(STATES)}")


@dataclass(frozen=True)
class Mood:
    """How the coach means what comes next."""

    emotion: str

    def __post_init__(self):
        if self.emotion not in EMOTIONS:
            raise ValueError(f"emotion: {self.emotion!r} is not one of {', '.join(EMOTIONS)}")


@dataclass(frozen=True, eq=False)
class Speak:
    """A sentence begins to sound, or goes on at `since_ms` of it; `asks` for a question."""

    movement: Movement
    asks: bool = False
    since_ms: float = 0.0


@dataclass(frozen=True)
class Hush:
    """The voice stops, wherever it is."""


@dataclass(frozen=True)
class LearnerSpeaks:
    """The learner's voice is heard: the beginning of a turn, or again after a pause."""


@dataclass(frozen=True)
class LearnerPauses:
    """The learner's voice has ended; the turn may go on."""


Event = Floor | Mood | Speak | Hush | LearnerSpeaks | LearnerPauses
