"""Finds the passages that answer a question.

Few chunks are compared one by one; many are found through the HNSW index, which goes on looking until it has enough
of the collections asked for. The nearest are then put in order by likeness and by the words they share with the
question.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from coachtool.coaching.types import Passage
from knowledge.languages import language_of
from knowledge.spaces import ENGLISH, WORLD, Space

EXACT = 3000  # chunks up to which each is compared
ENGLISH_SHARE = 0.2  # of the chunks, from which an English question is answered in English only
_CANDIDATES = 24
_LONGEST = 1000  # characters of a question
_WORD = re.compile(r"\w+")
_STEM = 5  # letters by which two words count as the same, so that endings don't matter

_OF = """
    SELECT d.language, sum(d.passages) FROM knowledge_document d JOIN knowledge_collection c ON c.id = d.collection_id
    WHERE c.tenant_id = %s AND c.id = ANY(%s) AND d.passages > 0 GROUP BY d.language
"""
_ALL = """
    WITH near AS MATERIALIZED (
        SELECT id, {column} <=> %s::halfvec AS distance FROM knowledge_chunk
        WHERE collection_id = ANY(%s) AND {column} IS NOT NULL
    ), nearest AS (SELECT id, distance FROM near ORDER BY distance LIMIT %s)
"""
_INDEXED = """
    WITH nearest AS MATERIALIZED (
        SELECT id, {column} <=> %s::halfvec AS distance FROM knowledge_chunk
        WHERE collection_id = ANY(%s) ORDER BY {column} <=> %s::halfvec LIMIT %s
    )
"""
_FOUND = """
    SELECT k.id, k.text, k.heading, k.page, d.name, d.media_type, 1 - n.distance
    FROM nearest n JOIN knowledge_chunk k ON k.id = n.id JOIN knowledge_document d ON d.id = k.document_id
    JOIN knowledge_collection c ON c.id = k.collection_id AND c.tenant_id = %s
"""
_LOOK_LONGER = (
    "SELECT set_config('hnsw.ef_search', '200', true), set_config('hnsw.iterative_scan', 'relaxed_order', true), "
    "set_config('hnsw.max_scan_tuples', '200000', true)"
)


@dataclass(frozen=True)
class _Candidate:
    id: int
    text: str
    heading: str
    page: int | None
    document: str
    media_type: str
    likeness: float


def search(collections: Iterable[UUID], tenant_id: UUID, question: str, limit: int = 3) -> tuple[Passage, ...]:
    """The passages of the tenant's collections nearest to `question`, nearest first.

    Raises django.db.Error and embed.ModelMissing.
    """
    ids, question = list(collections), " ".join(question.split())[:_LONGEST]
    if not ids or not question:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(_OF, [tenant_id, ids])
        held = {language: int(count) for language, count in cursor.fetchall()}
    if not held:
        return ()
    size = sum(held.values())
    if language_of(question) == "en" and held.get("en", 0) >= ENGLISH_SHARE * size:
        return _passages(ENGLISH, ids, tenant_id, question, held["en"], limit)
    return _passages(WORLD, ids, tenant_id, question, size, limit)


def warm() -> None:
    """Load the models, which takes some seconds, before the first question."""
    language_of("Is anybody there?")
    for space in (ENGLISH, WORLD):
        space.question("Is anybody there?")


def _passages(
    space: Space, collections: list[UUID], tenant_id: UUID, question: str, size: int, limit: int
) -> tuple[Passage, ...]:
    vector = as_text(space.question(question))
    candidates = _nearest(space, collections, tenant_id, vector, size, max(_CANDIDATES, limit))
    words = _lexical(question, [f"{each.heading} {each.text}" for each in candidates])
    order = sorted(
        range(len(candidates)), key=lambda at: candidates[at].likeness + space.lexical * words[at], reverse=True
    )
    model = space.model_name()
    return tuple(
        Passage(str(each.id), each.text, each.document, _place(each), round(each.likeness, 4), model)
        for each in (candidates[at] for at in order[:limit])
    )


def _nearest(
    space: Space, collections: list[UUID], tenant_id: UUID, vector: str, size: int, count: int
) -> list[_Candidate]:
    with transaction.atomic(), connection.cursor() as cursor:
        if size <= EXACT:
            cursor.execute((_ALL + _FOUND).format(column=space.column), [vector, collections, count, tenant_id])
        else:
            cursor.execute(_LOOK_LONGER)
            cursor.execute(
                (_INDEXED + _FOUND).format(column=space.column), [vector, collections, vector, count, tenant_id]
            )
        return [_Candidate(*row) for row in cursor.fetchall()]


def as_text(vector: np.ndarray) -> str:
    """A vector as Postgres reads it."""
    return "[" + ",".join(f"{value:.5f}" for value in vector) + "]"


def _stems(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return [word[:_STEM] for word in _WORD.findall(letters) if len(word) > 2 or word.isdigit()]


def _lexical(question: str, texts: list[str]) -> list[float]:
    """How much of the question's words each text holds, 0 to 1; words that few of the texts hold count more."""
    asked = set(_stems(question))
    held = [asked.intersection(_stems(text)) for text in texts]
    spread = Counter(word for words in held for word in words)
    weight = {word: math.log((len(texts) + 1) / (spread[word] + 0.5)) for word in asked if spread[word]}
    whole = sum(weight.values()) or 1.0
    return [sum(weight[word] for word in words) / whole for words in held]


def _place(each: _Candidate) -> str:
    """ "Claims handbook.pdf, page 4, Limits" """
    unit = "slide" if "presentation" in each.media_type else "page"
    parts = [each.document, f"{unit} {each.page}" if each.page else "", each.heading.rpartition(" > ")[2]]
    return ", ".join(part for part in parts if part)
