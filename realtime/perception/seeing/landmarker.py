"""A face's landmarks and blendshapes from one picture, as MediaPipe's face landmarker finds them in its image mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime.perception.seeing import detector, pose, task
from realtime.perception.seeing.crop import cut
from realtime.rendering.frames import COEFFICIENTS

_SIZE = 256  # px of the landmark network's input
_SURE = 0.5  # that there is a face in the region
_NEEDED = np.array(
    # the landmarks that the blendshape network reads, in its order (MediaPipe, face_blendshapes_graph.cc)
    [
        *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70),
        *(78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149),
        *(150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195),
        *(197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300),
        *(308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375),
        *(377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454),
        *(466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477),
    ]
)
_FACE = len(COEFFICIENTS) - 1  # the network gives a neutral first, then ARKit's order without its last, tongueOut


@dataclass(frozen=True)
class Seen:
    """A face in a picture.

    `blendshapes`: each of COEFFICIENTS by name, 0 to 1, left is the person's; tongueOut, which the network does not
    know, is 0. `turn`: the head's pitch (positive looks down), yaw (positive turns to the person's left) and roll
    (positive leans to their left), degrees. `landmarks`: float32 (478, 3), px of the picture, z negative towards the
    camera.
    """

    blendshapes: dict[str, float]
    turn: tuple[float, float, float]
    landmarks: np.ndarray


class Landmarker:
    """Loads the networks once (raises WeightsError); may be called from several threads."""

    name = task.NAME

    def __init__(self) -> None:
        self._task = task.load()

    def look(self, rgb: np.ndarray) -> Seen | None:
        """The largest face in `rgb`, uint8 (h, w, 3); None where there is no face. Raises ValueError for others."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            raise ValueError(f"a picture is uint8 (h, w, 3), not {rgb.dtype} {rgb.shape}")
        region = detector.find(self._task.detector, rgb)
        if region is None:
            return None
        given = cut(rgb, region, _SIZE, edge=True).astype(np.float32)[None] / 255
        points, presence, _ = self._task.landmarks.run(given)
        if presence.item() < 0:  # a logit
            return None
        points = points.reshape(478, 3) / _SIZE
        landmarks = np.concatenate([region.to_picture(points[:, :2]), points[:, 2:] * region.side], axis=1)
        landmarks = landmarks.astype(np.float32)
        (scores,) = self._task.blendshapes.run(landmarks[None, _NEEDED, :2])
        blendshapes = dict(zip(COEFFICIENTS, [*scores[1 : _FACE + 1].tolist(), 0.0], strict=True))
        return Seen(blendshapes, pose.turn(landmarks, self._task.canonical), landmarks)
