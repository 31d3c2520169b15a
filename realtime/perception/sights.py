"""What one camera frame shows of the learner: the value that everything which sees passes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sight:
    """One frame, `at_ms` of the conversation. Nothing else of the frame is kept.

    `turn`: the head's pitch (positive looks down), yaw and roll in degrees; `gaze`: where the eyes look within the
    head, yaw and pitch in degrees. The others are face coefficients, 0 to 1. Without a face everything is 0.
    """

    at_ms: int
    present: bool
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze: tuple[float, float] = (0.0, 0.0)
    brows_up: float = 0.0
    brows_down: float = 0.0
    smile: float = 0.0
    blink: float = 0.0
