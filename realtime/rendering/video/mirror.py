"""The worker's renderer, asked for still pictures, as realtime.rendering.mirror asks the browser's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import av
import numpy as np

from realtime.rendering.behaviour.units import PLACE
from realtime.rendering.frames import COEFFICIENTS, Frame
from realtime.rendering.video.deform import Deformer
from realtime.rendering.video.draw import SIZES, Painter, Shot
from realtime.rendering.video.head import Head, read


class VideoMirror:
    """Shows one persona at a time, as learners see it in a video of 720 lines before it is encoded."""

    def __init__(self):
        self._painter, self._deformer = Painter(), Deformer()
        self._head: Head | None = None

    def show(self, persona: str) -> None:
        """Raises HeadError."""
        self._head = read(persona)

    def picture(
        self,
        coefficients: Mapping[str, float],
        turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
        shift: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> np.ndarray:
        """uint8 (720, 720, 4), R, G, B, alpha: the middle of the picture. Raises KeyError for a coefficient that there
        is not."""
        values = np.zeros(len(COEFFICIENTS), np.float32)
        for name, value in coefficients.items():
            values[PLACE[name]] = value
        frame = Frame(0.0, values, turn, shift)
        [vertices] = self._deformer.deform([(self._head, values)])
        shots = [Shot(self._head, vertices, frame, SIZES[720])]
        self._painter.draw(shots)
        [planes] = self._painter.read(shots)
        drawn = av.VideoFrame.from_ndarray(planes, format="yuv420p").to_ndarray(format="rgba")
        return drawn[:, 280:1000]

    def frame(self, frame: Frame) -> np.ndarray:
        """The picture of a frame, as `picture`."""
        return self.picture(frame.named, frame.turn, frame.shift)


@contextmanager
def mirror(width: int = 720, height: int = 720) -> Iterator[VideoMirror]:
    """`width` and `height` are as in the browser's mirror; the picture stays 720 by 720."""
    yield VideoMirror()
