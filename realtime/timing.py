"""The conversation's time constants, in seconds, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """`interruption`: overlap after which the learner truly wants the floor. `false_interruption`: quiet after a
    shorter overlap, until the persona goes on. `nudge`: silence before the persona helps (voice, text).
    `rejoin`: how long a learner who has gone is waited for. `without_voice`: how long a voice conversation waits
    for a speech worker before it goes on in writing. `unreplaced`: how long a lost worker is replaced in silence,
    before the learner is told."""

    interruption: float = 0.7
    false_interruption: float = 2.0
    nudge_voice: float = 25.0
    nudge_text: float = 120.0
    rejoin: float = 90.0
    without_voice: float = 25.0
    unreplaced: float = 1.0
    presence: float = 7.0


DEFAULT = Timing()
