"""How far words show a key point, or touch a rule: a small network of our own (its card: weights/README.md).

It reads the text of a key point ("point") or of a guardrail ("rule") beside what was said and gives a probability.
It only proposes: the judge and the guard decide. One thread, as everything that answers within a turn.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from coachtool.coaching import words

Kind = Literal["point", "rule"]

WEIGHTS = Path(__file__).parent / "weights"

_START = 0  # <s> of MPNet's vocabulary
BREAK = 2
"""The token </s>: twice after the key point or rule, once after what was said."""
_PAD = 1
_MARKS: dict[str, str] = {"point": "", "rule": "rule : "}  # what tells the network which of the two it reads
_TEXT, _SAID, _STEP = 56, 112, 64  # tokens of each part at most; how far a window moves over longer words
_CACHED = 20_000

_loading = threading.Lock()


class ModelMissing(RuntimeError):
    """The judge's network is not where it belongs; the message says how to get it."""


def layout(tokenizer: Any, kind: Kind, text: str, said: str) -> list[int]:
    """Token ids: the key point or rule, and the end of what was said."""
    return _rows(tokenizer, kind, text, said)[-1]


def _rows(tokenizer: Any, kind: Kind, text: str, said: str) -> list[list[int]]:
    """One layout for each window of `said`."""

    def ids(part: str) -> list[int]:
        return tokenizer.encode(part, add_special_tokens=False).ids

    first = [_START, *ids(_MARKS[kind] + words.plain(text))[:_TEXT], BREAK, BREAK]
    spoken = ids(words.plain(said))
    ends = [*range(_SAID, len(spoken), _STEP), len(spoken)] if len(spoken) > _SAID else [len(spoken)]
    return [[*first, *spoken[max(0, end - _SAID) : end], BREAK] for end in ends]


def padded(laid: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Ids and mask of several layouts in one batch, padded to the longest (int64, float32)."""
    width = max(len(ids) for ids in laid)
    ids = np.full((len(laid), width), _PAD, np.int64)
    mask = np.zeros((len(laid), width), np.float32)
    for row, tokens in enumerate(laid):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1.0
    return ids, mask


@lru_cache(maxsize=_CACHED)
def logit(kind: Kind, text: str, said: str) -> float:
    """How far `said` shows the key point or touches the rule `text`: 0 is even odds. Raises ModelMissing.

    One row at a time: quantised results vary with the composition of a batch, and a batch is no faster on one thread.
    Words longer than a window are read in several, of which the strongest counts.
    """
    session, tokenizer = _model()
    best = -math.inf
    for row in _rows(tokenizer, kind, text, said):
        ids, mask = padded([row])
        best = max(best, float(session.run(None, {"ids": ids, "mask": mask})[0][0]))
    return best


def probability(kind: Kind, text: str, said: str) -> float:
    """The same from 0 to 1, as the network alone sees it."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit(kind, text, said)))))


def probabilities(kind: Kind, texts: Iterable[str], said: str) -> tuple[float, ...]:
    """`probability` for each of several texts."""
    return tuple(probability(kind, text, said) for text in texts)


def warm() -> None:
    """Load the network now (about half a second, once per process). Raises ModelMissing."""
    logit("point", "Says hello.", "Hello.")


@cache
def model_name() -> str:
    """Name and digest of the weights, for the record."""
    path = WEIGHTS / "judge.onnx"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "missing"
    return f"judge-mpnet-int8@{digest}"


def _model() -> tuple[Any, Any]:
    with _loading:
        return _load()


@cache
def _load() -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import Tokenizer

    if not (WEIGHTS / "judge.onnx").is_file():
        raise ModelMissing(
            "The judge's network is missing: coachtool/coaching/weights/judge.onnx is part of the source."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(WEIGHTS / "judge.onnx"), options, providers=["CPUExecutionProvider"])
    return session, Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
