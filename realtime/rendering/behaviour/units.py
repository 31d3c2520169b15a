"""Sets of face coefficients as arrays in the order of COEFFICIENTS."""

from __future__ import annotations

import re

import numpy as np

from realtime.rendering.frames import COEFFICIENTS

PLACE = {name: place for place, name in enumerate(COEFFICIENTS)}
MOUTH = np.array([bool(re.match("mouth|jaw|tongue|cheekPuff", name)) for name in COEFFICIENTS])


def units(**values: float) -> np.ndarray:
    """float (52,); a name without its side means both sides alike."""
    made = np.zeros(len(COEFFICIENTS))
    for name, value in values.items():
        for full in (name, f"{name}Left", f"{name}Right"):
            if full in PLACE:
                made[PLACE[full]] += value
    return made
