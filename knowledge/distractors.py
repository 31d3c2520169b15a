"""Passages to lie beside the documents of a benchmark: what Django says in three languages, put together anew.

Every sentence was written by a person; a passage is two of them.
"""

from __future__ import annotations

import gettext
import math
import multiprocessing
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import django
import numpy as np

from knowledge.spaces import ENGLISH, WORLD, spaces_of

LANGUAGES = ("en", "es", "de")
_NEIGHBOURS = 20
_PART = 0.35
_SHORTEST = 25  # characters of a sentence
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def passages(language: str, count: int) -> list[str]:
    """Always the same ones."""
    sentences = _sentences(language)
    chance = random.Random(f"coachtool {language}")
    return [" ".join(chance.sample(sentences, 2)) for _ in range(count)]


def _sentences(language: str) -> list[str]:
    found: set[str] = set()
    for path in sorted(
        Path(django.__file__).parent.glob(f"**/locale/{'es' if language == 'en' else language}/**/*.mo")
    ):
        with path.open("rb") as file:
            said = gettext.GNUTranslations(file)._catalog
        for original, translated in said.items():
            text = original if language == "en" else translated
            if isinstance(original, str) and isinstance(text, str) and original and text:
                words = _PLACEHOLDER.sub("7", " ".join(text.split()))
                if len(words) >= _SHORTEST and "<" not in words:
                    found.add(words)
    return sorted(found)


def embedded(batch: tuple[str, list[str]]) -> list[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """Language, passage and its vectors in the two spaces. Runs in a process of its own."""
    language, texts = batch
    english = ENGLISH in spaces_of(language)
    return [(language, text, WORLD.passage(text), ENGLISH.passage(text) if english else None) for text in texts]


def padding(count: int, real: int) -> Iterator[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """`count` distractors, at most `real` of them embedded as they are.

    A further one is one of those, moved by a part of the difference of two of its neighbours: it stays where passages
    lie. (A mean of two vectors would lie nearer to the middle of the space, and so nearer to every question.)
    """
    each = math.ceil(min(count, real) / len(LANGUAGES))
    batches = [
        (language, texts[at : at + 50])
        for language in LANGUAGES
        for texts in [passages(language, each)]
        for at in range(0, each, 50)
    ]
    with multiprocessing.get_context("spawn").Pool(min(len(os.sched_getaffinity(0)), 4)) as pool:
        made = [row for rows in pool.imap(embedded, batches) for row in rows]
    yield from made[:count]
    chance = np.random.default_rng(1)
    for number, language in enumerate(LANGUAGES):
        rows = [row for row in made if row[0] == language]
        matrices = [None if rows[0][space] is None else np.stack([row[space] for row in rows]) for space in (2, 3)]
        near = np.argsort(-(matrices[0] @ matrices[0].T), axis=1)[:, 1 : _NEIGHBOURS + 1]
        for _ in range(max(count - len(made) + number, 0) // len(LANGUAGES)):
            at = int(chance.integers(len(rows)))
            towards, away = chance.choice(near[at], 2, replace=False)
            world, english = (None if m is None else _moved(m[at], m[towards] - m[away]) for m in matrices)
            yield language, f"{rows[at][1]} {rows[towards][1]}", world, english


def _moved(vector: np.ndarray, difference: np.ndarray) -> np.ndarray:
    moved = vector + _PART * difference
    return moved / np.linalg.norm(moved)
