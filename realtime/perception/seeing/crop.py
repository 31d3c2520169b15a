"""A square piece of a picture, turned upright and scaled to what a network takes: the geometry of MediaPipe's ROI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

_WIDER = 1.5  # the network was trained on faces with this much room around the detector's box


@dataclass(frozen=True)
class Region:
    """A square of `side` px around (`x`, `y`), turned by `angle` radians (positive: clockwise in the picture)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def whole(cls, picture: np.ndarray) -> Region:
        """Around the whole picture, which keeps its proportions."""
        height, width = picture.shape[:2]
        return cls(width / 2, height / 2, max(height, width))

    @classmethod
    def around(cls, box: np.ndarray, right_eye: np.ndarray, left_eye: np.ndarray) -> Region:
        """Around a face: `box` px (x0, y0, x1, y1), upright when its eyes are level."""
        across = left_eye - right_eye
        side = _WIDER * max(box[2] - box[0], box[3] - box[1])
        centre = (box[:2] + box[2:]) / 2
        return cls(float(centre[0]), float(centre[1]), float(side), float(np.arctan2(across[1], across[0])))

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points of the region, 0 to 1 each way (…, 2), as px of the picture."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turned = np.array([[cosine, -sine], [sine, cosine]])
        return (points - 0.5) @ turned.T * self.side + (self.x, self.y)


def cut(picture: np.ndarray, region: Region, size: int, *, edge: bool) -> np.ndarray:
    """The region as uint8 (size, size, 3), sampled bilinearly.

    What lies outside of the picture repeats its border where `edge`, and is black otherwise.
    """
    corners = region.to_picture(np.array([[0, 0], [1, 0], [0, 1], [1, 1]], float))
    shift = np.zeros(2)
    if edge:
        height, width = picture.shape[:2]
        # As far as the region reaches, and never more than one picture on each side.
        over = np.clip(np.ceil([-corners.min(0), corners.max(0) - (width, height)]) + 1, 0, max(width, height))
        (left, top), (right, bottom) = over.astype(int)
        if over.any():
            picture = np.pad(picture, ((top, bottom), (left, right), (0, 0)), "edge")
            shift = np.array([left, top])
    origin, x_axis, y_axis = corners[0] + shift, (corners[1] - corners[0]) / size, (corners[2] - corners[0]) / size
    # Pillow samples at pixel centres; MediaPipe's warp puts the region's corner on a pixel.
    start = origin - (x_axis + y_axis) / 2 + 0.5
    matrix = (x_axis[0], y_axis[0], start[0], x_axis[1], y_axis[1], start[1])
    piece = Image.fromarray(picture).transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(piece)
