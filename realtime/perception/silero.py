"""Voice activity by Silero, run from its ONNX file (MIT)."""

from __future__ import annotations

import numpy as np
import onnxruntime

from realtime.perception import weights

FRAME = 512  # samples, 32 ms at 16 kHz: the window the model was trained on
_CONTEXT = 64  # samples of the frame before that the model wants in front
_SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"


class Silero:
    """Loads the network once; any number of streams share it."""

    def __init__(self) -> None:
        data = weights.read("silero-vad", "silero_vad/data/silero_vad.onnx", _SHA256)
        self.name = f"silero-vad {weights.version('silero-vad')}"
        self._session = onnxruntime.InferenceSession(data, one_thread(), providers=["CPUExecutionProvider"])

    def stream(self) -> SileroStream:
        return SileroStream(self._session)


class SileroStream:
    """One learner's frames, one after another (about 0.2 ms each)."""

    frame = FRAME

    def __init__(self, session: onnxruntime.InferenceSession):
        self._session = session
        self._state = np.zeros((2, 1, 128), np.float32)
        self._input = np.zeros((1, _CONTEXT + FRAME), np.float32)
        self._rate = np.array(16_000, np.int64)

    def probability(self, samples: np.ndarray) -> float:
        self._input[0, :_CONTEXT] = self._input[0, -_CONTEXT:]
        self._input[0, _CONTEXT:] = samples
        feeds = {"input": self._input, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, feeds)
        return float(probability[0, 0])


def one_thread() -> onnxruntime.SessionOptions:
    """Session options for small models that many leases run side by side: no thread pools of their own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
