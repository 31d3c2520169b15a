"""What a voice can do, whoever makes it: a packaged one in this process or a server over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

RATE = 24_000


@dataclass(frozen=True)
class Phone:
    """One sound of speech: an IPA symbol, or "" for silence, and when it is heard, in ms from the first sample.

    `stressed`: a vowel that carries its word's main stress.
    """

    symbol: str
    start_ms: float
    end_ms: float
    stressed: bool = False


@dataclass(frozen=True)
class Speech:
    """One sentence: 24 kHz mono s16 samples and its sounds. A voice without phoneme times leaves `phones` empty."""

    samples: np.ndarray
    phones: tuple[Phone, ...]

    @property
    def duration_ms(self) -> int:
        return round(len(self.samples) * 1000 / RATE)


class Synthesiser(Protocol):
    """Shared by every lease of a worker process and called from several threads at once."""

    name: str

    def speak(self, text: str) -> Speech:
        """The text as a person would say it; empty when there is nothing to say."""
        ...
