"""Passages to lie beside the documents of a benchmark: those of real manuals, and neighbours made of them.

Embedding takes 20 to 60 ms a passage, so at most `real` are embedded; their vectors are kept between runs. A further
one is one of those, turned around the mean of all by the difference of two of its neighbours. It stays as far from the
mean as its source, so that it is neither nearer to every question (as a mean of two vectors would be) nor farther from
all: its cosines with questions are distributed as those of real passages (95 of 100 below .504 for both, 999 of 1,000
below .605 and .612). Its words are half of that one's and half of a neighbour's, so that it is as long, and each word
as common, as among the real ones.
"""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.manuals import LANGUAGES, passages
from knowledge.spaces import ENGLISH, WORLD, Space, read_as, spaces_of

_NEIGHBOURS = 20


@dataclass(frozen=True)
class Distractor:
    """Vectors of 384 and unit length; `english` only of what is English."""

    language: str
    heading: str
    text: str
    world: np.ndarray
    english: np.ndarray | None


def padding(count: int, real: int, directory: Path) -> Iterator[Distractor]:
    """`count` distractors, an equal part in each language, at most `real` of them embedded as they are.

    What is fetched and made stays in `directory`. Raises manuals.Missing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for number, language in enumerate(LANGUAGES):
        wanted = (count + number) // len(LANGUAGES)
        rows = _embedded(language, min(wanted, math.ceil(real / len(LANGUAGES))), directory)
        yield from rows
        yield from _moved(rows, wanted - len(rows), np.random.default_rng(number))


def _embedded(language: str, count: int, directory: Path) -> list[Distractor]:
    found = passages(language, count, directory)
    texts = [read_as(*each) for each in found]
    vectors = {space.column: _vectors(space, texts, directory) for space in spaces_of(language)}
    english = vectors.get(ENGLISH.column)
    return [
        Distractor(language, *each, vectors[WORLD.column][at], None if english is None else english[at])
        for at, each in enumerate(found)
    ]


def _vectors(space: Space, texts: list[str], directory: Path) -> np.ndarray:
    """(texts, 384); those that an earlier run has made are read from `directory`, by the text's digest."""
    kept = directory / f"{space.model_name().replace('/', '-')}.npz"
    known: dict[str, np.ndarray] = {}
    if kept.exists():
        with np.load(kept) as held:
            known = dict(zip(held["digests"].tolist(), held["vectors"], strict=True))
    digests = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
    new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
    if new:
        known |= zip(new, _made(space, list(new.values())), strict=True)
        arriving = kept.with_suffix(".arriving.npz")
        np.savez(arriving, digests=np.array(list(known)), vectors=np.stack(list(known.values())).astype(np.float16))
        arriving.rename(kept)
    return np.stack([known[digest] for digest in digests]).astype(np.float32)


def _made(space: Space, texts: list[str]) -> list[np.ndarray]:
    batches = [(space.column, texts[at : at + 50]) for at in range(0, len(texts), 50)]
    if len(batches) == 1:
        return _batch(batches[0])
    with multiprocessing.get_context("spawn").Pool(min(len(os.sched_getaffinity(0)), 4)) as pool:
        return [vector for vectors in pool.imap(_batch, batches) for vector in vectors]


def _batch(batch: tuple[str, list[str]]) -> list[np.ndarray]:
    column, texts = batch
    space = next(space for space in (ENGLISH, WORLD) if space.column == column)
    return [space.passage(text) for text in texts]


def _moved(rows: list[Distractor], count: int, chance: np.random.Generator) -> Iterator[Distractor]:
    if count <= 0:
        return
    world = np.stack([row.world for row in rows])
    world_mean = world.mean(axis=0)
    english_mean = None if rows[0].english is None else np.mean([row.english for row in rows], axis=0)
    near = np.argsort(-(world @ world.T), axis=1)[:, 1 : _NEIGHBOURS + 1]
    for _ in range(count):
        at = int(chance.integers(len(rows)))
        towards, away = (rows[int(other)] for other in chance.choice(near[at], 2, replace=False))
        row = rows[at]
        yield Distractor(
            row.language,
            row.heading,
            f"{_half(row.text, 0)} {_half(towards.text, 1)}",
            _turned(row.world, towards.world - away.world, world_mean),
            None if english_mean is None else _turned(row.english, towards.english - away.english, english_mean),
        )


def _half(text: str, which: int) -> str:
    words = text.split(" ")
    middle = len(words) // 2
    return " ".join(words[middle:] if which else words[:middle])


def _turned(vector: np.ndarray, difference: np.ndarray, mean: np.ndarray) -> np.ndarray:
    own = vector - mean
    turned = own + difference
    moved = mean + turned * np.linalg.norm(own) / np.linalg.norm(turned)
    return moved / np.linalg.norm(moved)
