"""End of turn by smart-turn v3.2, run from the ONNX file inside pipecat-ai (BSD-2).

It judges the melody of the last eight seconds. Pure silence scores .99, so it
may only be asked after speech.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
from faster_whisper.feature_extractor import FeatureExtractor

from realtime.perception import weights
from realtime.perception.silero import one_thread

_SAMPLES = 8 * 16_000
_SHA256 = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"


class SmartTurn:
    def __init__(self) -> None:
        name = "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
        data = weights.read("pipecat-ai", name, _SHA256)
        self.name = "smart-turn 3.2"
        self._session = onnxruntime.InferenceSession(data, one_thread(), providers=["CPUExecutionProvider"])
        self._mel = FeatureExtractor()

    def probability(self, samples: np.ndarray) -> float:
        window = np.zeros(_SAMPLES, np.float32)
        tail = samples[-_SAMPLES:]
        window[_SAMPLES - len(tail) :] = tail
        window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)  # as the model was trained
        features = self._mel(window, padding=0)[None, :, :800].astype(np.float32)
        return float(self._session.run(None, {"input_features": features})[0][0, 0])
