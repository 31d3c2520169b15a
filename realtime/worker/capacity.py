"""How many conversations this machine can serve at a time, from what one costs here.

The cost is processor time, which does not depend on what else the machine is
busy with at the moment of measuring.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from realtime.perception.protocols import RATE as LISTEN_RATE
from realtime.rendering.protocols import RATE as VOICE_RATE
from realtime.worker.models import Engine
from realtime.worker.seeing import Eyes
from realtime.worker.speaking import synthesised

SENTENCE = "What would you look for in the police report before you decide about the claim?"
_SHARE = 0.5  # of the processors; the rest is for the conversations' own processes, and for moments of need
_MOST = 32
_FLOOR_TAKEN = 0.5  # of a conversation, by either side
_DECODE_EVERY = 1.5  # seconds of speech: at pauses and for words in progress; a decode costs the same for any length
_PAUSE_EVERY = 2.5  # seconds of speech
_PICTURES = 4  # of the learner's camera, a second
_STILL = Path(__file__).parents[2] / "static" / "personas" / "maya.webp"


@dataclass(frozen=True)
class Cost:
    """Processor seconds for a second of conversation, all threads together."""

    hearing: float
    speaking: float
    seeing: float = 0.0

    @property
    def whole(self) -> float:
        return self.hearing + self.speaking + self.seeing


def measured(engine: Engine, eyes: Eyes | None = None) -> Cost:
    """What one conversation costs: a sentence is spoken, and then heard. Takes about a second on a free core.

    With `eyes` every learner is taken to have the camera on.
    """
    models = engine.models
    speech, _ = synthesised(models.voice, SENTENCE)
    seconds = len(speech.samples) / VOICE_RATE
    speaking = _processor_seconds(synthesised, models.voice, SENTENCE) / seconds
    heard = _at_listening_rate(speech.samples)
    decode = _processor_seconds(models.recogniser.recognise, heard, language="en") / _DECODE_EVERY
    melody = _processor_seconds(models.turn.probability, heard) / _PAUSE_EVERY
    stream = models.activity.stream()
    frames = [heard[at : at + stream.frame] for at in range(0, len(heard) - stream.frame, stream.frame)]
    activity = sum(_processor_seconds(stream.probability, frame) for frame in frames) / seconds
    seeing = _PICTURES * _processor_seconds(eyes.look, _picture()) if eyes else 0.0
    return Cost(hearing=activity + _FLOOR_TAKEN * (decode + melody), speaking=_FLOOR_TAKEN * speaking, seeing=seeing)


def slots(cost: Cost, cores: int | None = None, processes: int = 1) -> int:
    """Conversations at a time for each of `processes` workers that share `cores`; at least one."""
    cores = cores or len(os.sched_getaffinity(0))
    return max(1, min(_MOST, int(_SHARE * cores / cost.whole / processes)))


def _processor_seconds(call: Callable, *args, **kwargs) -> float:
    began = time.process_time()
    call(*args, **kwargs)
    return time.process_time() - began


def _picture() -> bytes:
    """A face as a camera would send it."""
    shown = io.BytesIO()
    with Image.open(_STILL) as still:
        still.convert("RGB").resize((240, 240)).save(shown, "JPEG")
    return shown.getvalue()


def _at_listening_rate(samples: np.ndarray) -> np.ndarray:
    """24 kHz s16 to 16 kHz float32; linear, which is good enough to be listened to by a clock."""
    at = np.arange(0, len(samples) - 1, VOICE_RATE / LISTEN_RATE)
    return np.interp(at, np.arange(len(samples)), samples / 32768).astype(np.float32)
