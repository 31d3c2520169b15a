"""The two vector spaces that chunks and questions meet in.

Every chunk lies in WORLD (multilingual-e5-small), English ones in ENGLISH (bge-small-en) as well, which is better at
English. Cosines of one space say nothing in the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from coachtool.coaching import embed
from knowledge import multilingual

_ASKED = "represent this sentence for searching relevant passages: "  # bge's own, before what is asked
_LONGEST = 256  # tokens

_loading = threading.Lock()


@dataclass(frozen=True)
class Space:
    """`column` of Chunk holds its vectors (384, unit length); `question` and `passage` make them from text.

    What a search weighs: `common`, how much of the collection's mean is taken from a question; `lexical`, what a word
    that question and passage share is worth in cosine, for each unit of the logarithm of its rarity; `near`, the cosine
    below which nothing is about the question, so that other languages are searched as well.
    """

    column: str
    model_name: Callable[[], str]
    question: Callable[[str], np.ndarray]
    passage: Callable[[str], np.ndarray]
    common: float
    lexical: float
    near: float


def _english(text: str) -> np.ndarray:
    with _loading:
        session, tokenizer = _load()
    encoded = tokenizer.encode(text.lower())
    feed = {
        "input_ids": np.array([encoded.ids], np.int64),
        "attention_mask": np.array([encoded.attention_mask], np.int64),
        "token_type_ids": np.array([encoded.type_ids], np.int64),
    }
    first = session.run(None, feed)[0][0, 0]
    return (first / np.linalg.norm(first)).astype(np.float32)


@cache
def _load() -> tuple[Any, Any]:
    """The coach's model with a tokenizer of our own: a passage is longer than an utterance."""
    from tokenizers import Tokenizer

    session, coachs = embed.model()
    tokenizer = Tokenizer.from_str(coachs.to_str())
    tokenizer.enable_truncation(_LONGEST)
    return session, tokenizer


@lru_cache(maxsize=2000)
def _english_question(text: str) -> np.ndarray:
    return _english(_ASKED + text)


ENGLISH = Space("dense_en", embed.model_name, _english_question, _english, common=0.6, lexical=0.004, near=0.55)
WORLD = Space(
    "dense", multilingual.model_name, multilingual.question, multilingual.passage, common=0.6, lexical=0.001, near=0.80
)


def spaces_of(language: str) -> tuple[Space, ...]:
    """Where a chunk in `language` lies."""
    return (ENGLISH, WORLD) if language == "en" else (WORLD,)


def read_as(heading: str, text: str) -> str:
    """What is embedded of a chunk: its headings say what it is about."""
    return f"{heading}\n{text}" if heading else text
