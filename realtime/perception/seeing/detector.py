"""Where the largest face is: BlazeFace, short range (Bazarevsky and others 2019), with MediaPipe's anchors."""

from __future__ import annotations

import numpy as np

from realtime.perception.seeing.crop import Region, cut
from realtime.perception.seeing.task import Network

_SIZE = 128  # px of the network's input
_SURE = 0.5
_SAME = 0.3  # overlap (intersection over union) from which two boxes are one face


def _anchors() -> np.ndarray:
    """float32 (896, 2): the centres of the anchors, 0 to 1; two a cell at stride 8, six at stride 16."""
    centres = []
    for stride, each in ((8, 2), (16, 6)):
        cells = _SIZE // stride
        y, x = np.mgrid[:cells, :cells]
        grid = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / cells
        centres.append(np.repeat(grid, each, axis=0))
    return np.concatenate(centres).astype(np.float32)


_ANCHORS = _anchors()


def find(network: Network, picture: np.ndarray) -> Region | None:
    """The region in which the landmarks of the largest face are to be looked for; `picture` uint8 (h, w, 3)."""
    whole = Region.whole(picture)
    given = cut(picture, whole, _SIZE, edge=False).astype(np.float32)[None] / 127.5 - 1
    regressed, scores = network.run(given)
    sure = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
    candidates = np.flatnonzero(sure >= _SURE)
    if not len(candidates):
        return None
    values = regressed[0, candidates].reshape(-1, 8, 2) / _SIZE
    anchors = _ANCHORS[candidates]
    centre, half, eyes = values[:, 0] + anchors, values[:, 1] / 2, values[:, 2:4] + anchors[:, None]
    found = np.concatenate([centre - half, centre + half, eyes.reshape(-1, 4)], axis=1)
    x0, y0, x1, y1, *eyes = max(_merged(found, sure[candidates]), key=lambda face: face[2] - face[0])
    corners = whole.to_picture(np.array([[x0, y0], [x1, y1], eyes[:2], eyes[2:]]))
    return Region.around(corners[:2].reshape(4), corners[2], corners[3])


def _merged(found: np.ndarray, sure: np.ndarray) -> list[np.ndarray]:
    """Each face once: the boxes that overlap the surest one, averaged by how sure they are (weighted suppression)."""
    faces, left = [], np.argsort(-sure)
    while len(left):
        overlapping = _overlap(found[left[0]], found[left]) > _SAME
        overlapping[0] = True
        same = left[overlapping]
        faces.append(np.average(found[same], axis=0, weights=sure[same]))
        left = left[~overlapping]
    return faces


def _overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    inner = np.minimum(box[2:4], boxes[:, 2:4]) - np.maximum(box[:2], boxes[:, :2])
    common = np.prod(np.clip(inner, 0, None), axis=1)
    area = np.prod(box[2:4] - box[:2]) + np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1)
    return common / np.maximum(area - common, 1e-9)
