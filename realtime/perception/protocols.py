"""What a hearing model can do, whoever runs it: a packaged one in this process or a server over HTTP.

All sound is 16 kHz mono float32 in -1..1. Implementations are shared by every
lease of a worker process and are called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

RATE = 16_000


class Superseded(Exception):
    """The caller no longer wants this result; nothing went wrong."""


@dataclass(frozen=True)
class Heard:
    """Words of a stretch of speech; `text` may be empty.

    `confidence` is the mean probability of its tokens, `ending` the probability
    of a full stop, question or exclamation mark after the last word, both 0 to
    1; a recogniser that does not tell leaves `ending` at 1.
    """

    text: str
    confidence: float
    ending: float = 1.0


class VoiceActivity(Protocol):
    """Opens one stream per learner."""

    name: str

    def stream(self) -> VoiceActivityStream: ...


class VoiceActivityStream(Protocol):
    """Consecutive frames of one learner's sound; keeps state between them, so it is for one thread at a time."""

    frame: int  # samples that `probability` takes

    def probability(self, samples: np.ndarray) -> float:
        """How likely the frame holds speech, 0 to 1."""
        ...


class EndOfTurn(Protocol):
    name: str

    def probability(self, samples: np.ndarray) -> float:
        """How likely the speaker has finished, judged from the sound of the turn so far, its last pause included.

        Meaningless without speech in `samples`.
        """
        ...


class Recogniser(Protocol):
    name: str

    def recognise(
        self,
        samples: np.ndarray,
        *,
        language: str,
        vocabulary: Sequence[str] = (),
        before: str = "",
        superseded: Callable[[], bool] = lambda: False,
    ) -> Heard:
        """The words in at most 30 s of sound.

        `vocabulary` are names and terms to expect, `before` the words that went
        before. Raises Superseded soon after `superseded` begins to answer true.
        """
        ...
