"""The models of this process: loaded once, when the worker starts, and shared by all its leases."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from realtime.perception.protocols import EndOfTurn, Recogniser, VoiceActivity
from realtime.rendering.protocols import Synthesiser
from realtime.worker.lanes import Lanes, recognitions_at_once

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Models:
    activity: VoiceActivity
    turn: EndOfTurn
    recogniser: Recogniser
    voice: Synthesiser
    voices: Mapping[str, Synthesiser] = field(default_factory=dict)  # `voice` among them, by the names in briefs

    @property
    def names(self) -> dict[str, str]:
        """{stage: name and version}, pinned on the outcome."""
        return {
            "voice_activity": self.activity.name,
            "end_of_turn": self.turn.name,
            "recognition": self.recogniser.name,
            "voice": self.voice.name,
        }


@dataclass(frozen=True)
class Engine:
    """Models and the threads they run on."""

    models: Models
    lanes: Lanes

    def speaking_as(self, voice: object) -> Engine:
        """The same engine with a persona's voice; with the usual one where that is not known here."""
        if not isinstance(voice, str) or voice not in self.models.voices:
            log.warning("there is no voice %r here; %s speaks", voice, self.models.voice.name)
            return self
        return replace(self, models=replace(self.models, voice=self.models.voices[voice]))


def load(cache: Path) -> Engine:
    """The packaged models, warmed up. `cache` is where joined weights are kept. Raises WeightsError."""
    import numpy as np

    from realtime.floor.words import completeness
    from realtime.perception.silero import Silero
    from realtime.perception.smart_turn import SmartTurn
    from realtime.perception.whisper import Whisper
    from realtime.rendering import voices
    from realtime.rendering.lips import lips

    began = time.monotonic()
    whisper = Whisper(cache, threads=min(2, os.cpu_count() or 1), at_once=recognitions_at_once())
    spoken = voices.loaded()
    models = Models(Silero(), SmartTurn(), whisper, spoken[voices.USUAL], spoken)
    hum = (np.random.default_rng(0).standard_normal(16_000) * 0.01).astype(np.float32)
    models.recogniser.recognise(hum, language="en")
    models.turn.probability(hum)
    speech = models.voice.speak("I am ready.")
    lips(speech.phones, speech.duration_ms)
    completeness("I am ready.")  # reads its tables, which the first learner's turn would wait for
    log.info("speech models ready in %.1f s: %s", time.monotonic() - began, models.names)
    return Engine(models, Lanes())


_engine: Engine | None = None
_loading = threading.Lock()


def engine() -> Engine:
    """This process's engine, loaded on the first call. Raises WeightsError."""
    global _engine
    with _loading:
        if _engine is None:
            from django.conf import settings

            _engine = load(settings.DATA_DIR / "models")
        return _engine
