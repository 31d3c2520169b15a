"""`manage.py bench speech`: how long each stage takes here and now, beside a plain rule in the same minute.

The speech is the rehearsal's recorded lines. The baseline is what a voice
assistant does without any of this: wait for 0.8 s of silence, then recognise.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import av
import numpy as np
from django.conf import settings

from realtime.perception.protocols import RATE
from realtime.perception.weights import WeightsError
from realtime.rehearsal import script
from realtime.rehearsal.script import Line
from realtime.rehearsal.voice import Voice
from realtime.worker.models import Engine, engine
from realtime.worker.playback import play_in_real_time
from realtime.worker.speaking import synthesised

ERRORS = (WeightsError,)
_SCRIPTS = ("claims-pass", "claims-fail", "feedback-interrupt")
_PLAIN_SILENCE_MS = 800
_ANSWERS = (
    "Thank you, that is clear.",
    "What would you look for in the police report before you decide?",
    "I see. And when does a claim like that leave your desk?",
    "Let's stay with the injury for a moment: who was hurt, and how do you know?",
)


def speech() -> dict[str, Any]:
    """Times in ms: {"stages": {stage: {"p50", "p95", "n"}}, "baseline": {…}, "ratio": ours to the baseline, p50}."""
    loaded = engine()
    lines = [samples for samples in map(_recorded, _lines()) if samples is not None]
    ours, plain, early = [], [], 0
    for samples in lines:
        sound, ended_ms = _in_a_room(samples)
        said = asyncio.run(play_in_real_time(loaded, sound))
        at = [message.at_ms for message in said if message.t == "floor_yielded"]
        early += sum(ms <= ended_ms for ms in at)
        ours += [ms - ended_ms for ms in at if ms > ended_ms][:1]
        plain.append(_plain_rule(loaded, sound, ended_ms))
    models = loaded.models
    stream = models.activity.stream()
    frames = [lines[0][start : start + stream.frame] for start in range(0, len(lines[0]) - stream.frame, stream.frame)]
    stages = {
        "voice activity, a frame": [_ms(stream.probability, frame) for frame in frames],
        "end of turn": [_ms(models.turn.probability, samples) for samples in lines],
        "recognition, a turn": [_ms(models.recogniser.recognise, samples, language="en") for samples in lines],
        "first voice": [_ms(synthesised, models.voice, text) for text in _ANSWERS * 3],
        "end of speech to floor": ours,
    }
    figures = {stage: _figures(times) for stage, times in stages.items()}
    baseline = _figures(plain)
    return {
        "bench": "speech",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "models": models.names,
        "stages": figures,
        "baseline": {"rule": f"{_PLAIN_SILENCE_MS} ms of silence, then recognition", **baseline},
        "ratio": round(figures["end of speech to floor"]["p50"] / baseline["p50"], 2),
        "taken_too_early": early,
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    rows = [f"{'ms':28}{'p50':>8}{'p95':>8}{'n':>5}"]
    rows += [f"{stage:28}{row['p50']:8}{row['p95']:8}{row['n']:5}" for stage, row in figures["stages"].items()]
    plain = figures["baseline"]
    rows += [
        f"{'… with the plain rule':28}{plain['p50']:8}{plain['p95']:8}{plain['n']:5}",
        f"ours / plain rule: {figures['ratio']}; floor taken too early: {figures['taken_too_early']} times",
        f"{figures['cores']} cores, load {figures['load']}; {', '.join(figures['models'].values())}",
    ]
    return "\n".join(rows)


def _lines() -> list[Line]:
    """One-sentence lines, each once."""
    lines = {line.text: line for name in _SCRIPTS for line in script.load(name).lines if not line.pauses}
    return [line for text, line in lines.items() if sum(text.count(mark) for mark in ".?!") == 1]


def _recorded(line: Line) -> np.ndarray | None:
    voice = Voice(settings.DATA_DIR / "lines")
    if voice.missing([line]):
        return None
    frame = av.AudioFrame.from_ndarray(voice.speak(line)[None], format="s16", layout="mono")
    frame.sample_rate = 48_000
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    return np.concatenate([part.to_ndarray()[0] for part in [*resampler.resample(frame), *resampler.resample(None)]])


def _in_a_room(samples: np.ndarray) -> tuple[np.ndarray, float]:
    before, after = np.zeros(RATE // 2, np.float32), np.zeros(RATE * 4, np.float32)
    sound = np.concatenate([before, samples, after])
    sound[: len(before) + len(samples)] += np.random.default_rng(0).normal(0, 0.0005, len(before) + len(samples))
    return sound.astype(np.float32), (len(before) + len(samples)) * 1000 / RATE


def _plain_rule(loaded: Engine, sound: np.ndarray, ended_ms: float) -> float:
    """ms from the end of speech until the plain rule has the words."""
    stream, silent = loaded.models.activity.stream(), 0
    for start in range(0, len(sound) - stream.frame, stream.frame):
        voiced = stream.probability(sound[start : start + stream.frame]) >= 0.35
        silent = 0 if voiced else silent + stream.frame
        now_ms = (start + stream.frame) * 1000 / RATE
        if silent * 1000 / RATE >= _PLAIN_SILENCE_MS and now_ms > ended_ms:
            break
    decode = _ms(loaded.models.recogniser.recognise, sound[: start + stream.frame], language="en")
    return now_ms - ended_ms + decode


def _ms(call: Callable[..., Any], *args: Any, **kwargs: Any) -> float:
    began = time.perf_counter()
    call(*args, **kwargs)
    return (time.perf_counter() - began) * 1000


def _figures(times: list[float]) -> dict[str, Any]:
    p50, p95 = np.quantile(times, [0.5, 0.95])
    digits = 2 if p50 < 10 else None
    return {"p50": round(float(p50), digits), "p95": round(float(p95), digits), "n": len(times)}
