"""Which way a head is turned, from its landmarks."""

from __future__ import annotations

import numpy as np

from realtime.perception.seeing.task import Canonical


def turn(landmarks: np.ndarray, canonical: Canonical) -> tuple[float, float, float]:
    """Pitch (positive looks down), yaw (positive turns to the person's left) and roll (positive leans to their left).

    `landmarks`: (478, 3) px, z as large as x, negative towards the camera. Degrees, relative to the canonical face:
    the weighted orthogonal Procrustes fit (Schönemann 1966), taken apart as yaw, then pitch, then roll.
    """
    seen = landmarks[canonical.indices] * (1, -1, -1)
    share = canonical.weights / canonical.weights.sum()
    model = canonical.points - share @ canonical.points
    seen = seen - share @ seen
    left, _, right = np.linalg.svd(seen.T @ (model * share[:, None]))
    rotation = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    pitch = np.arcsin(np.clip(-rotation[1, 2], -1, 1))
    yaw = np.arctan2(rotation[0, 2], rotation[2, 2])
    roll = -np.arctan2(rotation[1, 0], rotation[1, 1])
    pitch, yaw, roll = np.degrees([pitch, yaw, roll])
    return float(pitch), float(yaw), float(roll)
