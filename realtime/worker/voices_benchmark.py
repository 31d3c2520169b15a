"""`manage.py bench voices`: what each voice costs, how well it is understood, and whether its sounds are timed rightly.

The sentences are coaching talk with names, numbers, money and questions (voices_benchmark.txt). They are heard by the
product's own recogniser, and what it writes otherwise than the sentence counts as an error, "20%" for "20 percent"
too; so read the others beside hibari, the voice that is left as it was recorded.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np

from realtime.perception.weights import WeightsError
from realtime.rendering.protocols import RATE, Speech, Synthesiser
from realtime.worker.models import engine

ERRORS = (WeightsError,)
_SENTENCES = Path(__file__).with_suffix(".txt")
_SHORT = range(7, 10)  # words of a sentence that a first sound is waited for
_NEAR_MS = 40
_AROUND_MS = 100


def voices() -> dict[str, Any]:
    """{"voices": {name: {"errors", "short_ms", "ratio", "pitch_hz", "closures", "near"}}, …}. Raises WeightsError."""
    models = engine().models
    texts = _SENTENCES.read_text(encoding="utf-8").splitlines()
    return {
        "bench": "voices",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "sentences": len(texts),
        "voices": {name: _measured(voice, models.recogniser, texts) for name, voice in models.voices.items()},
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    rows = [f"{'voice':16}{'words wrong':>12}{'8 words, ms':>12}{'s per s':>9}{'Hz':>6}{'p, b in time':>14}"]
    rows += [
        f"{name:16}{row['errors']:>12.1%}{row['short_ms']:>12}{row['ratio']:>9}{row['pitch_hz']:>6}"
        f"{row['near']:>9} of {row['closures']}"
        for name, row in figures["voices"].items()
    ]
    rows.append(f"{figures['sentences']} sentences, processor time of one core; load {figures['load']}")
    return "\n".join(rows)


def _measured(voice: Synthesiser, recogniser: Any, texts: list[str]) -> dict[str, Any]:
    spent, said = [], []
    for text in texts:
        began = time.process_time()
        said.append(voice.speak(text))
        spent.append(time.process_time() - began)
    wrong = sum(
        _errors(recogniser.recognise(_heard(each), language="en").text, text)
        for each, text in zip(said, texts, strict=True)
    )
    quiet = [ms for each in said for ms in _closures(each)]
    short = [seconds for seconds, text in zip(spent, texts, strict=True) if len(text.split()) in _SHORT]
    return {
        "errors": round(wrong / sum(len(_words(text)) for text in texts), 3),
        "short_ms": round(1000 * float(np.mean(short))),
        "ratio": round(1000 * sum(spent) / sum(each.duration_ms for each in said), 3),
        "pitch_hz": round(float(np.median([pitch_of(each.samples) for each in said]))),
        "closures": len(quiet),
        "near": sum(abs(ms) <= _NEAR_MS for ms in quiet),
    }


def pitch_of(samples: np.ndarray) -> float:
    """The median pitch in Hz of what is voiced in s16 samples at 24 kHz, by autocorrelation over 40 ms."""
    window, shortest, longest = RATE // 25, RATE // 350, RATE // 65
    starts = range(0, len(samples) - window, window // 2)
    frames = [samples[at : at + window].astype(float) for at in starts]
    loud = np.quantile([np.sum(np.square(frame)) for frame in frames], 0.6)
    found = []
    for frame in frames:
        echo = np.correlate(frame, frame, "full")[window - 1 :]
        period = shortest + int(np.argmax(echo[shortest:longest]))
        if echo[0] > loud and echo[period] > 0.5 * echo[0]:
            found.append(RATE / period)
    return float(np.median(found)) if found else 0.0


def _closures(speech: Speech) -> list[float]:
    """How many ms each p and b within a word is quietest after the middle that its times give it."""
    power = np.convolve(np.square(np.diff(speech.samples.astype(float))), np.ones(RATE // 50), "same")
    found = []
    for before, phone in zip(speech.phones, speech.phones[1:], strict=False):
        middle = (phone.start_ms + phone.end_ms) / 2
        begin, end = (int((middle + ms) * RATE / 1000) for ms in (-_AROUND_MS, _AROUND_MS))
        if phone.symbol in ("p", "b") and before.symbol and begin >= 0 and end < len(power):
            found.append((begin + int(np.argmin(power[begin:end]))) * 1000 / RATE - middle)
    return found


def _heard(speech: Speech) -> np.ndarray:
    """16 kHz float32 with a little silence around it."""
    samples = speech.samples / 32768
    spectrum = np.fft.rfft(samples)
    length = len(samples) * 2 // 3
    sound = np.fft.irfft(spectrum[: length // 2 + 1], length) * (length / len(samples))
    return np.pad(sound, 4000).astype(np.float32)


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", re.sub(r"(\d),(\d)", r"\1\2", text.lower())).split()


def _errors(heard: str, said: str) -> int:
    """Words put in, left out or taken for others (Levenshtein)."""
    mine, wanted = _words(heard), _words(said)
    row = list(range(len(mine) + 1))
    for number, word in enumerate(wanted, 1):
        corner, row[0] = row[0], number
        for at, other in enumerate(mine, 1):
            corner, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, corner + (word != other))
    return row[-1]
