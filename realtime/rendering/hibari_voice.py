"""The packaged voices: hibari-tts (Apache-2.0), one US English woman and others made of her, with phoneme times.

The network computes how long each phoneme lasts on its way to the sound; that
inner value is made one more output of its graph.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import hibari
import numpy as np
import onnxruntime
from hibari.dsp import synth

from realtime.perception import weights
from realtime.perception.silero import one_thread
from realtime.rendering.protocols import RATE, Phone, Speech
from realtime.rendering.sayable import sayable
from realtime.rendering.timbre import SPEAKER, Timbre

_SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"
_REMEDY = "pip install -r requirements.txt"
_DURATIONS = "/Clip_output_0"  # per symbol, in frames
_FRAME_MS = 25.0
_AHEAD_MS = 45.0  # by so much the sound comes before its symbol's frames
_LEAD_MS = 30.0  # what is kept of the third of a second of silence that every sentence begins with
_TAIL_MS = 180.0  # and ends with: the breath before the next sentence
_AUDIBLE = 0.004
_STRESS, _MAIN_STRESS = "ˈˌ", "ˈ"
_VOWELS = "aeiouyæɐɑɒɔəɚɛɜɝɪʊʌɵɨʉøœᵊᵻ"
_LENGTH = "ːʰʲ"
_DIPHTHONGS = {"A": "ɛɪ", "I": "ɑɪ", "W": "ɑʊ", "Y": "ɔɪ", "O": "ɔʊ", "Q": "əʊ"}
_OTHER = {"T": "ɾ", "ᵊ": "ə", "ᵻ": "ɪ", "S": "s"}
_LIPS_SHUT = "pbm"


class Hibari:
    """The network and the pronunciation, loaded once and shared by all voices made of them."""

    def __init__(self) -> None:
        data = weights.read("hibari-tts", "hibari/assets/hibari.onnx", _SHA256, _REMEDY)
        self.version = weights.version("hibari-tts")
        self._session = onnxruntime.InferenceSession(
            with_output(data, _DURATIONS), one_thread(), providers=["CPUExecutionProvider"]
        )
        self._outputs = ["lh", "theta", "ln", "lr", "phi", "f0", _DURATIONS]
        self._text = hibari.Hibari()
        self._reading = threading.Lock()  # the pronunciation keeps state while it reads

    def read(self, text: str) -> list[list[str]]:
        """The symbols of each sentence in `text`, as the network knows them."""
        with self._reading:
            pieces = self._text.phonemize(sayable(text))
        return [[symbol for symbol in piece if symbol in self._text.vocab] for piece in pieces]

    def say(self, symbols: list[str], speed: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Samples, float32 at 24 kHz; the pitch in Hz, 80 steps a second; and how many frames each symbol lasts."""
        ids = np.array([[0, *(self._text.vocab[symbol] for symbol in symbols), 0]], np.int64)
        feeds = {"ids": ids, "speed": np.full(1, speed, np.float32)}
        *spectrum, durations = self._session.run(self._outputs, feeds)
        parts = [part[0] for part in spectrum]
        return synth(*parts, np.random.default_rng(0)), parts[-1], durations


class HibariVoice:
    """One voice of hibari's; sentences from several leases are synthesised side by side."""

    def __init__(self, speaker: Hibari, name: str, timbre: Timbre = SPEAKER) -> None:
        self.name = f"{name} {speaker.version}"
        self._speaker, self._timbre = speaker, timbre
        self.speak("Ready.")  # the first run allocates

    def speak(self, text: str) -> Speech:
        parts = [self._piece(symbols) for symbols in self._speaker.read(text)]
        if not parts:
            return Speech(np.zeros(0, np.int16), ())
        phones: list[Phone] = []
        before = 0.0
        for samples, sounds in parts:
            phones += [
                replace(sound, start_ms=sound.start_ms + before, end_ms=sound.end_ms + before) for sound in sounds
            ]
            before += len(samples) * 1000 / RATE
        sound = np.clip(np.concatenate([samples for samples, _ in parts]), -1, 1)
        return Speech((sound * 32767).astype(np.int16), tuple(phones))

    def _piece(self, symbols: list[str]) -> tuple[np.ndarray, list[Phone]]:
        samples, pitch, durations = self._speaker.say(symbols, self._timbre.speed)
        samples = self._timbre.apply(samples, pitch)
        first, fades, last = _audible(samples)
        cut_ms, silent_ms = first * 1000 / RATE, (fades - first) * 1000 / RATE
        return samples[first:last], [
            replace(phone, start_ms=max(phone.start_ms - cut_ms, 0.0), end_ms=min(phone.end_ms - cut_ms, silent_ms))
            for phone in timed(symbols, durations, self._timbre.tract)
            if phone.end_ms > cut_ms and phone.start_ms - cut_ms < silent_ms
        ]


def timed(symbols: list[str], durations: np.ndarray, stretch: float = 1.0) -> list[Phone]:
    """The sounds of `symbols`, whose frame counts are `durations` without its first and last (the padding).

    `stretch`: by how much the sound was made longer since.
    """
    edges = (np.cumsum(durations) * _FRAME_MS - _AHEAD_MS) * stretch
    phones: list[Phone] = []
    owed: float | None = None  # where the next sound begins, when a stress mark or a word's gap belongs to it
    stress = False  # the mark stands somewhere before its vowel
    for at, symbol in enumerate(symbols):
        start, end = float(edges[at]), float(edges[at + 1])
        if symbol in _STRESS:
            owed = start if owed is None else owed
            stress = symbol == _MAIN_STRESS
        elif symbol in _LENGTH:
            if phones:
                phones[-1] = replace(phones[-1], end_ms=end)
        elif symbol == " " and _next_sound(symbols, at) in _LIPS_SHUT:
            owed = start if owed is None else owed  # lips shut before a plosive is heard
        elif symbol == " " and phones and phones[-1].symbol:
            phones[-1] = replace(phones[-1], end_ms=end)
        elif not symbol.isalpha():
            phones.append(Phone("", start, end))
        else:
            start, owed = start if owed is None else owed, None
            glide = _DIPHTHONGS.get(symbol)
            if glide:
                middle = start + 0.55 * (end - start)
                phones += [Phone(glide[0], start, middle, stress), Phone(glide[1], middle, end)]
                stress = False
            else:
                vowel = symbol in _VOWELS
                phones.append(Phone(_OTHER.get(symbol, symbol), start, end, stress and vowel))
                stress = stress and not vowel
    return phones


def with_output(model: bytes, name: str) -> bytes:
    """The ONNX model with one more output of its graph.

    Protocol buffers merge a message field that comes twice, so that a second,
    tiny `graph` (ModelProto field 7) with one `output` (GraphProto field 12)
    that has a `name` (ValueInfoProto field 1) is all that must be appended.
    """
    info = b"\x0a" + bytes([len(name)]) + name.encode()
    output = b"\x62" + bytes([len(info)]) + info
    return model + b"\x3a" + bytes([len(output)]) + output


def _next_sound(symbols: list[str], at: int) -> str:
    return next((symbol for symbol in symbols[at + 1 :] if symbol not in _STRESS), " ")


def _audible(samples: np.ndarray) -> tuple[int, int, int]:
    """The stretch to keep, speech with a little before it and a breath after it: its first sample, where the
    speech ends, and its end."""
    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    if not len(loud):
        return 0, 0, 0
    first = max(0, int(loud[0] - _LEAD_MS * RATE / 1000))
    return first, int(loud[-1]) + 1, min(len(samples), int(loud[-1] + _TAIL_MS * RATE / 1000))
