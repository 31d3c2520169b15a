"""What a face shows at one moment: the values that every renderer reads, whoever made them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COEFFICIENTS: tuple[str, ...] = (
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight"),
    *("eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut"),
)
"""The 52 face coefficients of ARKit (ARFaceAnchor.BlendShapeLocation), in alphabetical order; left is the persona's."""

RATE = 40
"""Frames a second."""

LEAD_MS = 100
"""That frames are sent before they are due, at least."""


@dataclass(frozen=True)
class Frame:
    """A face at one moment.

    `at_ms`: the conversation's face clock, ms. `coefficients`: float32 (52,), 0 to 1, in the order of COEFFICIENTS;
    the eyes' direction is in eyeLook* (1 is 30 degrees). `turn`: the head's pitch (positive looks down), yaw (positive
    turns to her left) and roll (positive leans to her left), degrees. `shift`: where the head moves to, metres, x to
    her left, y up, z towards the learner.
    """

    at_ms: float
    coefficients: np.ndarray
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def named(self) -> dict[str, float]:
        """The coefficients by their names."""
        return dict(zip(COEFFICIENTS, self.coefficients.tolist(), strict=True))
