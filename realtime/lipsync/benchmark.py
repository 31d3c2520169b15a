"""`manage.py bench lipsync`: how far the mouth that is seen lies from the voice that is heard, in a real call.

A Chromium with software GL calls the conversation's own voice track, face and peer over WebRTC, on this machine; for
the video a worker in a process of its own films. What is said is known: first tones of which each opens the jaw, then
sentences of the packaged voice. The page (static/face/lipsync.html) is made of the conversation page's modules and
notes what comes out of them:

heard   each block of sound as the element that plays it takes it from the jitter buffer, put on a steady clock, and as
        much later as the AudioContext says that the loudspeaker is. A worklet would hear the same jitter buffer, but
        later, behind a queue of its own.
drawn   the pose that the browser's renderer draws, in the middle of the time that it is on the screen, which is from
        the display's next frame on.
video   the mouth's pixels, in the middle of the time from their picture's expectedDisplayTime to the next one's.

Signs as in ITU-R BT.1359-1: positive where the sound comes first. There sound is seen to be out of step from +45 ms and
-125 ms on, and bearable up to +90 and -185.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from realtime.lipsync.offsets import Signal, lag, moments
from realtime.perception.weights import WeightsError
from realtime.rendering.behaviour.mouth import Movement
from realtime.rendering.behaviour.units import PLACE
from realtime.rendering.benchmark import movement, sentences
from realtime.rendering.voices import USUAL, loaded
from realtime.transport.track import FRAME, Sentence
from realtime.wire import VOICE_RATE


class Missing(RuntimeError):
    """Something that this machine lacks; the message names it."""


ERRORS = (Missing, WeightsError, RuntimeError, OSError)
WITHIN_MS = 40.0
_FACE = "ruth"
_TONES, _SENTENCES = 40, 12
_TONE_MS, _TONE_HZ = 120.0, 1000.0
_OPENS_MS, _WIDE = 150.0, 0.6  # the jaw's way up, and down again
_SETTLE_MS = 12_000  # the jitter buffer and the browser's own synchronisation find their places
_REST_MS = 1000  # that the end may still be on its way
_AROUND_MS = 400.0  # of a sentence, in which it is looked for
_ALIKE = 0.5  # correlation with what was said, below which it was not found
_KEY_MS = 5.0  # between two values of a sentence's loudness


@dataclass(frozen=True, eq=False)
class Said:
    """What was given to the voice track, `begins` ms after the first of all."""

    sentence: Sentence
    begins: float

    @property
    def jaw(self) -> Signal:
        movement = self.sentence.movement
        return Signal(self.begins + movement.times, movement.values[:, PLACE["jawOpen"]])

    @property
    def loudness(self) -> Signal:
        samples = np.frombuffer(self.sentence.pcm, "<i2").astype(float)
        length = round(_KEY_MS * VOICE_RATE / 1000)
        parts = samples[: len(samples) // length * length].reshape(-1, length)
        at = self.begins + (np.arange(len(parts)) + 0.5) * _KEY_MS
        return Signal(at, np.sqrt((parts**2).mean(axis=1)))


def lipsync() -> dict[str, Any]:
    """{"drawn": …, "video": …}: see `_figures`. Raises Missing, WeightsError, RuntimeError where no picture comes."""
    tones, at = toned(_TONES)
    voice = loaded()[USUAL]
    spoken = [voice.speak(text) for text in sentences()[:_SENTENCES]]
    said = list(_one_after_another([tones, *(_sentence(speech.samples, movement(speech)) for speech in spoken)]))
    return {
        "bench": "lipsync",
        "cores": os.cpu_count(),
        "limit_ms": WITHIN_MS,
        **{picture: _measured(picture, said, at) for picture in ("drawn", "video")},
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    within = f"within {figures['limit_ms']:.0f}"
    lines = [f"{'sound before picture, ms':<28}{'n':>4}{'median':>8}{'p5':>7}{'p95':>7}{within:>12}"]
    for picture in ("drawn", "video"):
        row = figures[picture]
        for what in ("tones", "speech"):
            each = row[what]
            lines.append(
                f"{picture + ', ' + what:<28}{each['n']:>4}{each['median_ms']:>8}{each['p5_ms']:>7}{each['p95_ms']:>7}"
                f"{each['within']:>12.0%}"
            )
        lines.append(
            f"  {row['fps']} pictures a second, load {row['load']} on {figures['cores']} cores, "
            f"{row['buffered_ms']} ms in the jitter buffer, {row['loudspeaker_ms']} ms to the loudspeaker"
        )
    return "\n".join(lines)


def toned(count: int, seed: int = 5) -> tuple[Sentence, list[float]]:
    """A sentence of tones that each open the jaw, and the moments of their middles, ms from its first sample."""
    chance, at, times = random.Random(seed), 500.0, []
    for _ in range(count):
        times.append(at)
        at += chance.uniform(700, 1100)
    samples = np.zeros(round(at * VOICE_RATE / 1000))
    length = round(_TONE_MS * VOICE_RATE / 1000)
    tone = 0.6 * np.hanning(length) * np.sin(2 * np.pi * _TONE_HZ * np.arange(length) / VOICE_RATE)
    keys, values = [0.0], [0.0]
    for time in times:
        first = round(time * VOICE_RATE / 1000) - length // 2
        samples[first : first + length] = tone
        keys += [time - _OPENS_MS, time, time + _OPENS_MS]
        values += [0.0, _WIDE, 0.0]
    opening = Movement.read(("jawOpen",), keys, [[value] for value in values])
    return _sentence(samples * 32767, opening), times


def _sentence(samples: np.ndarray, moved: Movement) -> Sentence:
    pcm = np.asarray(samples, "<i2")
    return Sentence("", "", moved, bytearray(pcm.tobytes()), complete=True, expected=len(pcm))


def _one_after_another(played: Sequence[Sentence]) -> Iterator[Said]:
    """As the voice track plays them, which begins each with a frame of its own."""
    begins = 0.0
    for sentence in played:
        yield Said(sentence, begins)
        begins += math.ceil(sentence.samples / FRAME) * FRAME * 1000 / VOICE_RATE


def _measured(picture: str, said: Sequence[Said], tones: Sequence[float]) -> dict[str, Any]:
    """One call."""
    try:
        from realtime.lipsync.page import watching
        from realtime.rendering.mirror import NoChromium
    except ImportError as missing:
        raise Missing(f"{missing.name} is not installed: pip install -r requirements-dev.txt") from None
    from realtime.lipsync.call import Call

    filmed = picture == "video"
    call = Call(_FACE, filmed)
    try:
        with watching(call, _FACE, filmed) as watcher:
            if filmed:
                watcher.wait_for_film()
            watcher.wait(_SETTLE_MS)
            length = (said[-1].begins + said[-1].sentence.movement.length) / 1000
            call.say([replace(each.sentence, played=0) for each in said], length + 30)
            watcher.wait(_REST_MS)
            load = os.getloadavg()[0]
            watched = watcher.watched
    except NoChromium as missing:
        raise Missing(str(missing)) from None
    finally:
        call.close()
    return {
        **_figures(watched.heard(), watched.video() if filmed else watched.drawn(), said, tones),
        "load": round(load, 1),
        "buffered_ms": round(watched.buffered),
        "loudspeaker_ms": round(watched.latency),
    }


def _figures(heard: Signal, seen: Signal, said: Sequence[Said], tones: Sequence[float]) -> dict[str, Any]:
    """{"tones": …, "speech": …, "fps"}: the offsets of single tones, and of whole sentences."""
    first, *others = said
    room = heard.times[-1] - first.loudness.times[-1]
    if room <= heard.times[0]:
        raise RuntimeError(f"only {(heard.times[-1] - heard.times[0]) / 1000:.0f} s of the voice were heard")
    shift, _ = lag(heard, first.loudness, heard.times[0], room)
    offsets = moments(seen, tones, shift) - moments(heard, tones, shift)
    around = shift - _AROUND_MS, shift + _AROUND_MS
    spoken = []
    for each in others:
        (shown, looks), (came, sounds) = lag(seen, each.jaw, *around), lag(heard, each.loudness, *around)
        spoken.append(shown - came if min(looks, sounds) >= _ALIKE else float("nan"))
    during = seen.times[seen.times > shift]
    return {
        "tones": summary(offsets),
        "speech": summary(np.array(spoken)),
        "fps": round(float(1000 * (len(during) - 1) / (during[-1] - during[0])), 1),
    }


def summary(offsets: np.ndarray) -> dict[str, Any]:
    """{"n", "median_ms", "p5_ms", "p95_ms", "within"}; what was not found (NaN) is not within, and not in the rest."""
    found = offsets[np.isfinite(offsets)]
    low, middle, high = np.percentile(found, (5, 50, 95)) if len(found) else (math.nan,) * 3
    return {
        "n": len(offsets),
        "median_ms": round(float(middle), 1),
        "p5_ms": round(float(low), 1),
        "p95_ms": round(float(high), 1),
        "within": round(float((np.abs(found) <= WITHIN_MS).sum()) / max(len(offsets), 1), 3),
    }
