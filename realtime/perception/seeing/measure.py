"""From a face's blendshapes to the few numbers of a Sight."""

from __future__ import annotations

from realtime.perception.seeing.landmarker import Seen
from realtime.perception.sights import Sight

_EYE_DEGREES = 30.0  # of eyeLook* at 1


def sight(seen: Seen | None, at_ms: int) -> Sight:
    """What is kept of a frame; without a face only that there was none."""
    if seen is None:
        return Sight(at_ms, present=False)
    shape = seen.blendshapes

    def mean(*names: str) -> float:
        return sum(shape[name] for name in names) / len(names)

    to_left = mean("eyeLookOutLeft", "eyeLookInRight") - mean("eyeLookInLeft", "eyeLookOutRight")
    down = mean("eyeLookDownLeft", "eyeLookDownRight") - mean("eyeLookUpLeft", "eyeLookUpRight")
    return Sight(
        at_ms,
        present=True,
        turn=seen.turn,
        gaze=(_EYE_DEGREES * to_left, _EYE_DEGREES * down),
        brows_up=mean("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
        brows_down=mean("browDownLeft", "browDownRight"),
        smile=mean("mouthSmileLeft", "mouthSmileRight"),
        blink=mean("eyeBlinkLeft", "eyeBlinkRight"),
    )
