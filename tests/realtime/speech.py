"""Sound for the tests of hearing: the synthetic learner's recordings (another voice than the persona's), and hibari."""

import functools
import re

import av
import numpy as np

from realtime.perception.protocols import RATE
from realtime.rehearsal import script
from realtime.rehearsal.voice import Voice
from realtime.worker import models


@functools.cache
def engine():
    return models.engine()


def line(name, number):
    """The text and sound of a script's line, pauses included; trimmed to what is heard."""
    from django.conf import settings

    spoken = script.load(name).lines[number]
    samples = Voice(settings.DATA_DIR / "lines").speak(spoken)
    return spoken, resampled(samples.astype(np.float32) / 32768, 48_000)


@functools.cache
def persona(text):
    """A sentence in the persona's voice at 16 kHz."""
    return resampled(engine().models.voice.speak(text).samples.astype(np.float32) / 32768, 24_000)


def resampled(samples, rate):
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="flt", layout="mono")
    frame.sample_rate = rate
    return np.concatenate([part.to_ndarray()[0] for part in [*resampler.resample(frame), *resampler.resample(None)]])


def silence(seconds):
    return np.zeros(int(seconds * RATE), np.float32)


def room(*parts, before=0.5, after=4.0, noise=0.0005, seed=0):
    """The parts one after another in a quiet room, and where the last of them ends, in ms."""
    speech = np.concatenate([silence(before), *parts])
    sound = np.concatenate([speech, silence(after)])
    sound += np.random.default_rng(seed).normal(0, noise, len(sound)).astype(np.float32)
    return sound.astype(np.float32), len(speech) * 1000 / RATE


def word_errors(heard, said):
    """Word error rate of `heard` against `said`, case and punctuation ignored."""
    a, b = ([w for w in re.sub(r"[^\w' ]", " ", text.lower()).split()] for text in (heard, said))
    row = list(range(len(a) + 1))
    for i, word in enumerate(b, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(a, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1] / len(b)
