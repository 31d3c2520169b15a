"""`manage.py bench face`: the stream that moves a face, over 50 sentences of the library: what it costs, and whether
the lips meet where the sound says so.

The limits beside the figures are what was asked for: 25 kbit/s, and lips that meet within 40 ms.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from coachtool import activities
from realtime.perception.weights import WeightsError
from realtime.rendering.behaviour.events import EMOTIONS, Floor, Mood, Speak
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.behaviour.units import PLACE
from realtime.rendering.codec_bench import stream
from realtime.rendering.frames import RATE, Frame
from realtime.rendering.lips import LIPS_MEET, lips
from realtime.rendering.protocols import Phone, Speech
from realtime.rendering.recordings import performed
from realtime.rendering.voices import USUAL, loaded

ERRORS = (WeightsError,)
WITHIN_MS = 40.0
KBIT_S = 25.0

_SENTENCES = 50
_OPEN, _PRESSED = 0.06, 0.35  # lips meet with the jaw up to this and the lips pressed from this
_LINES = Path(activities.__path__[0]) / "library"


def face() -> dict[str, Any]:
    """{"stream": see `codec_bench.stream`, "closures": {"n", "met", "worst_ms"}, …}. Raises WeightsError."""
    voice = loaded()[USUAL]
    spoken = [voice.speak(text) for text in sentences()]
    movements = [movement(speech) for speech in spoken]
    found = [
        ms
        for number, (speech, said) in enumerate(zip(spoken, movements, strict=True))
        for ms in closures(speech.phones, said, number)
    ]
    met = [ms for ms in found if ms is not None]
    return {
        "bench": "face",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "voice": voice.name,
        "stream": stream(movements),
        "limit_kbit_s": KBIT_S,
        "closures": {"n": len(found), "met": len(met), "worst_ms": max(met, default=None)},
        "limit_ms": WITHIN_MS,
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as lines to read."""
    sent, shut = figures["stream"], figures["closures"]
    return "\n".join(
        (
            f"{sent['sentences']} sentences, {sent['seconds']} s of conversation, {figures['voice']}",
            f"stream     {sent['kbit_s']} kbit/s on the line ({sent['speaking_kbit_s']} while she speaks), "
            f"{sent['payload_kbit_s']} of it coefficients; limit {figures['limit_kbit_s']:.0f}",
            f"processor  {sent['cpu_ms_per_s']} ms for each second of conversation",
            f"lips       {shut['met']} of {shut['n']} p, b and m meet within {figures['limit_ms']:.0f} ms "
            f"of the sound, {shut['worst_ms']} ms off at most",
        )
    )


def movement(speech: Speech) -> Movement:
    """As it comes to the engine, over the lease."""
    made = lips(speech.phones, speech.duration_ms)
    return Movement.read(made.names, made.times, made.values, made.beats)


def closures(phones: Sequence[Phone], said: Movement, number: int = 0) -> list[float | None]:
    """For each p, b and m how far from the middle of its sound the lips meet, ms; None where that is further than
    WITHIN_MS. `number` as in `played`."""
    begins, frames = played(said, number)
    return [_meets(frames, begins, phone) for phone in phones if phone.symbol in LIPS_MEET]


def played(said: Movement, number: int = 0) -> tuple[float, list[Frame]]:
    """When a sentence begins, ms, and the frames of a face that says it. `number` chooses its mood, and where between
    two frames it begins."""
    begins = 1000 + number * 7.3 % (1000 / RATE)
    events = [(0.0, Floor("speaking")), (0.0, Mood(EMOTIONS[number % len(EMOTIONS)])), (begins, Speak(said))]
    return begins, performed((begins + said.length) / 1000 + 0.2, events, number)


def _meets(frames: Sequence[Frame], begins: float, phone: Phone) -> float | None:
    times = [frame.at_ms - begins for frame in frames]
    away = np.arange(-WITHIN_MS, WITHIN_MS + 1, 2.0)
    at = (phone.start_ms + phone.end_ms) / 2 + away
    jaw, press = (
        np.interp(at, times, [frame.coefficients[PLACE[name]] for frame in frames])
        for name in ("jawOpen", "mouthPressLeft")
    )
    met = np.abs(away[(jaw <= _OPEN) & (press >= _PRESSED)])
    return float(met.min()) if len(met) else None


def sentences() -> list[str]:
    """Sentences that personas and authors wrote, with at least one p, b or m."""
    found = sorted(
        {text for path in sorted(_LINES.glob("*.yaml")) for text in _sentences(yaml.safe_load(path.read_text()))}
    )
    random.Random(3).shuffle(found)
    return found[:_SENTENCES]


def _sentences(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _sentences(part)
    elif isinstance(value, str):
        for text in re.split(r"(?<=[.?!])\s+", value):
            if 4 <= len(text.split()) <= 18 and text[-1] in ".?!" and "{" not in text and re.search("[pbm]", text):
                yield text
