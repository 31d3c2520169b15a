"""Finds the passages that answer a question.

The question's own language is searched first, and all others where it holds nothing near. Candidates are the passages
nearest to the question, and those that hold its rare words. A question is compared without what the collection has in
common (the mean of its vectors, as Rocchio's feedback takes away what is not wanted): else short passages about nothing
in particular, which lie near to everything, crowd out the right one of a large collection. Candidates are put in order
by that likeness and by the words they share with the question, each weighed by how few chunks of the collections hold
it (Robertson and Sparck Jones).

Few chunks are compared one by one; many are found through the HNSW index, which goes on looking until it has enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from coachtool.coaching.embed import DIMENSIONS
from coachtool.coaching.types import Passage
from knowledge.languages import language_of
from knowledge.spaces import ENGLISH, WORLD, Space
from knowledge.words import stems

EXACT = 3000  # chunks up to which each is compared
_CANDIDATES = 60  # by likeness
_WORDED = 40  # more by rare words
_RARE = 200  # chunks that hold a rare word of the question, all in all
_MANY = 2000  # chunks at which half of their mean is what any text has in common; of a few it is their subject
_LONGEST = 1000  # characters of a question
_TOTALS = {WORLD.column: "total", ENGLISH.column: "total_en"}  # columns of Tongue by those of Chunk

_HELD = """
    SELECT t.language, sum(t.chunks) FROM knowledge_tongue t JOIN knowledge_collection c ON c.id = t.collection_id
    WHERE c.tenant_id = %s AND c.id = ANY(%s) GROUP BY t.language
"""
_TOTAL = """
    SELECT sum(t.{total})::text FROM knowledge_tongue t JOIN knowledge_collection c ON c.id = t.collection_id
    WHERE c.tenant_id = %s AND c.id = ANY(%s) AND t.language = %s
"""
_SPREAD = "SELECT stem, sum(chunks) FROM knowledge_word WHERE collection_id = ANY(%s) AND stem = ANY(%s) GROUP BY stem"
_EACH = """
    near AS MATERIALIZED (
        SELECT id FROM (
            SELECT id, {column} <#> %(towards)s::halfvec AS distance FROM knowledge_chunk
            WHERE collection_id = ANY(%(collections)s) AND language = %(language)s AND {column} IS NOT NULL OFFSET 0
        ) AS each ORDER BY distance LIMIT %(near)s
    )
"""
_INDEXED = """
    near AS MATERIALIZED (
        SELECT id FROM knowledge_chunk WHERE collection_id = ANY(%(collections)s) AND language = %(language)s
        ORDER BY {column} <=> %(towards)s::halfvec LIMIT %(near)s
    )
"""
_RANKED = """
    worded AS MATERIALIZED (
        SELECT id FROM knowledge_chunk
        WHERE stems && %(rare)s::text[] AND collection_id = ANY(%(collections)s) AND language = %(language)s
            AND {column} IS NOT NULL
        ORDER BY ({column} <#> %(towards)s::halfvec) + 0 LIMIT %(worded)s
    ), ranked AS (
        SELECT k.id, k.{column} <=> %(question)s::halfvec AS distance, (
            SELECT coalesce(sum(asked.weight), 0) FROM unnest(%(stems)s::text[], %(weights)s::float8[])
            AS asked(stem, weight) WHERE asked.stem = ANY(k.stems)
        ) - (k.{column} <#> %(towards)s::halfvec) AS score
        FROM (SELECT id FROM near UNION SELECT id FROM worded) AS candidate JOIN knowledge_chunk k USING (id)
        ORDER BY score DESC LIMIT %(limit)s
    )
    SELECT k.id, k.text, k.heading, k.page, d.name, d.media_type, 1 - ranked.distance, ranked.score
    FROM ranked JOIN knowledge_chunk k USING (id) JOIN knowledge_document d ON d.id = k.document_id
    JOIN knowledge_collection c ON c.id = k.collection_id AND c.tenant_id = %(tenant)s
    ORDER BY ranked.score DESC
"""
_LOOK_LONGER = (
    "SELECT set_config('hnsw.ef_search', '200', true), set_config('hnsw.iterative_scan', 'relaxed_order', true), "
    "set_config('hnsw.max_scan_tuples', '200000', true)"
)


@dataclass(frozen=True)
class _Library:
    """Where is searched, and how many chunks are `held` there in each language."""

    tenant: UUID
    collections: list[UUID]
    held: dict[str, int]


@dataclass(frozen=True)
class _Found:
    """`near` where the passage is near enough for other languages to be left alone."""

    passage: Passage
    score: float
    near: bool


@dataclass(frozen=True)
class _Words:
    """The question's words that the collections hold, and what each is worth; `rare` are those worth looking up."""

    weights: dict[str, float]
    rare: list[str]


def search(collections: Iterable[UUID], tenant_id: UUID, question: str, limit: int = 3) -> tuple[Passage, ...]:
    """The passages of the tenant's collections that answer `question` best, best first.

    Raises django.db.Error and embed.ModelMissing.
    """
    ids, question = list(collections), " ".join(question.split())[:_LONGEST]
    if not ids or not question:
        return ()
    library = _Library(tenant_id, ids, _held(ids, tenant_id))
    if not library.held:
        return ()
    words = _words(question, library)
    language = language_of(question)
    if language in library.held:
        found = _found(ENGLISH if language == "en" else WORLD, library, language, question, words, limit)
        if len(library.held) == 1 or any(each.near for each in found):
            return tuple(each.passage for each in found)
    found = [each for other in library.held for each in _found(WORLD, library, other, question, words, limit)]
    return tuple(each.passage for each in sorted(found, key=lambda each: each.score, reverse=True)[:limit])


def warm() -> None:
    """Load the models, which takes some seconds, before the first question."""
    language_of("Is anybody there?")
    for space in (ENGLISH, WORLD):
        space.question("Is anybody there?")


def as_text(vector: np.ndarray) -> str:
    """A vector as Postgres reads it."""
    return "[" + ",".join(f"{value:.5f}" for value in vector) + "]"


def _held(collections: list[UUID], tenant_id: UUID) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [tenant_id, collections])
        return {language: int(chunks) for language, chunks in cursor.fetchall()}


def _total(library: _Library, language: str, space: Space) -> np.ndarray:
    """The sum of all vectors of the language; zero where there are none yet."""
    with connection.cursor() as cursor:
        query = _TOTAL.format(total=_TOTALS[space.column])
        cursor.execute(query, [library.tenant, library.collections, language])
        (total,) = cursor.fetchone()
    return np.fromstring(total[1:-1], np.float32, sep=",") if total else np.zeros(DIMENSIONS, np.float32)


def _words(question: str, library: _Library) -> _Words:
    with connection.cursor() as cursor:
        cursor.execute(_SPREAD, [library.collections, stems(question)])
        spread = sorted((int(chunks), stem) for stem, chunks in cursor.fetchall())
    rare, room = [], _RARE
    for chunks, stem in spread:
        room -= chunks
        if room < 0:
            break
        rare.append(stem)
    size = sum(library.held.values())
    return _Words({stem: math.log(1 + (size - chunks + 0.5) / (chunks + 0.5)) for chunks, stem in spread}, rare)


def _found(space: Space, library: _Library, language: str, question: str, words: _Words, limit: int) -> list[_Found]:
    """The best of one language, best first."""
    chunks = library.held[language]
    vector = space.question(question)
    towards = vector - space.common * _total(library, language, space) / (chunks + _MANY)
    near = _EACH if chunks <= EXACT else _INDEXED
    values = {
        "tenant": library.tenant,
        "collections": library.collections,
        "language": language,
        "question": as_text(vector),
        "towards": as_text(towards),
        "stems": list(words.weights),
        "weights": [space.lexical * weight for weight in words.weights.values()],
        "rare": words.rare,
        "near": max(_CANDIDATES, limit),
        "worded": _WORDED,
        "limit": limit,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        if near is _INDEXED:
            cursor.execute(_LOOK_LONGER)
        cursor.execute((f"WITH {near}, {_RANKED}").format(column=space.column), values)
        rows = cursor.fetchall()
    model = space.model_name()
    return [
        _Found(
            Passage(str(id_), text, document, _place(document, kind, page, heading), round(likeness, 4), model),
            score,
            likeness >= space.near,
        )
        for id_, text, heading, page, document, kind, likeness, score in rows
    ]


def _place(document: str, media_type: str, page: int | None, heading: str) -> str:
    """ "Claims handbook.pdf, page 4, Limits" """
    unit = "slide" if "presentation" in media_type else "page"
    parts = [document, f"{unit} {page}" if page else "", heading.rpartition(" > ")[2]]
    return ", ".join(part for part in parts if part)
