"""`manage.py bench retrieval`: documents are read as in the product, then asked; FAISS and LanceDB on the same vectors.

Everything happens in a Postgres of the run's own, which is removed afterwards. `--pad N` puts N distractors into the
same collection, a third in each of three languages. REAL of them are passages of manuals whose vectors the models made
(manuals.py); every further one is a neighbour made of those (distractors.py). The first such run takes some minutes,
as it fetches and embeds them into the data directory. "scan of all" shows what an index misses. "small" is a collection
of SMALL chunks or little more beside that one, asked alone and then among all.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from coachtool.celery import app
from coachtool.embedded import stores
from coachtool.embedded.checks import Refused
from coachtool.settings import postgres as database_settings
from knowledge import retrieval as search
from knowledge.distractors import padding
from knowledge.languages import language_of
from knowledge.manuals import LANGUAGES, Missing
from knowledge.spaces import ENGLISH, WORLD, Space
from knowledge.words import stems

REAL = 6000  # distractors that are embedded; 2,000 in each language
SMALL = 30
_ROUNDS = 2
_TOP = 3


class Unfit(Exception):
    """The documents or questions can't be used; the message says why."""


ERRORS = (Refused, Unfit, Missing)


@dataclass(frozen=True)
class Question:
    id: str
    question: str
    document: str
    contains: str
    language: str


@dataclass(frozen=True)
class Answer:
    document: str
    text: str


def report(figures: dict[str, Any]) -> str:
    """The figures as a table to read."""
    rows = [f"{'':26}{'hit@1':>8}{'hit@3':>8}{'p50 ms':>9}{'p95 ms':>9}{'ingest s':>10}"]

    def line(name: str, row: dict[str, Any]) -> None:
        numbers = "".join(
            f"{row[key]:{width}}" if row.get(key) is not None else " " * width
            for key, width in (
                ("hit_at_1", 8),
                ("hit_at_3", 8),
                ("query_p50_ms", 9),
                ("query_p95_ms", 9),
                ("ingest_s", 10),
            )
        )
        rows.append(f"{name:26}{numbers}")

    for name, row in (("coachtool", figures), *figures["peers"].items()):
        if "missing" in row:
            rows.append(f"{name:26}{row['missing']}")
            continue
        line(name, row)
        for language, part in row["languages"].items():
            line(f"    {language}", part)
    small = figures["small"]
    rows.append(
        f"a collection of {small['chunks']} chunks, {small['questions']} questions: hit at 3 {small['hit_at_3_alone']} "
        f"alone and {small['hit_at_3']} among all; the same three passages for {small['same']}"
    )
    rows.append(
        f"{figures['questions']} questions, {figures['documents']} documents, {figures['chunks']} chunks of theirs and "
        f"{figures['padding']} distractors ({figures['padding_is']}); load {figures['load']}"
    )
    rows += [f"not read: {each['document']}: {each['problem']}" for each in figures["unread"]]
    return "\n".join(rows)


def retrieval(documents: str, questions: str, pad: int = 0) -> dict[str, Any]:
    """Times in ms, embedding included. Raises Unfit, Refused and Missing."""
    files, asked = _files(documents), _questions(questions)
    kept = settings.DATA_DIR / "bench"
    with _database():
        from knowledge.models import Chunk, Document

        search.warm()
        began = time.perf_counter()
        collection = _ingest(files)
        ingest_s = time.perf_counter() - began
        chunks = Chunk.objects.count()
        unread = [
            {"document": each.name, "problem": each.problem or each.state}
            for each in Document.objects.exclude(state=Document.State.READ)
        ]
        small = _Small(collection, asked)
        if pad:
            _pad(collection, pad, kept)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE knowledge_chunk")

        figures = {
            "ingest_s": round(ingest_s, 1),
            **_measure(lambda question: _ours(collection, question), asked),
            "small": small.figures(),
        }
        peers = {name: _peer(make, collection, asked, ingest_s) for name, make in _PEERS.items()}
    return {
        "bench": "retrieval",
        "documents": len(files),
        "questions": len(asked),
        "chunks": chunks,
        "padding": pad,
        "padding_is": f"{min(pad, REAL)} passages of manuals and {max(pad - REAL, 0)} made of their neighbours",
        "load": round(os.getloadavg()[0], 1),
        "models": [ENGLISH.model_name(), WORLD.model_name()],
        **figures,
        "peers": peers,
        "unread": unread,
    }


def _files(directory: str) -> list[Path]:
    found = sorted(path for path in Path(directory).iterdir() if path.is_file()) if Path(directory).is_dir() else []
    if not found:
        raise Unfit(f"{directory} holds no documents")
    return found


def _questions(path: str) -> list[Question]:
    try:
        lines = [line for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
        rows = [json.loads(line) for line in lines]
        found = [Question(*(str(row[name]) for name in Question.__dataclass_fields__)) for row in rows]
    except (OSError, UnicodeDecodeError, ValueError, TypeError) as problem:
        raise Unfit(f"{path}: {problem}") from None
    except KeyError as problem:
        raise Unfit(f"{path}: a question has no {problem}") from None
    if not found:
        raise Unfit(f"{path} holds no questions")
    return found


@contextlib.contextmanager
def _database() -> Iterator[None]:
    """A Postgres with our tables, and Django on it; files and messages go nowhere else either."""
    with tempfile.TemporaryDirectory(prefix="coachtool-bench-") as name, contextlib.ExitStack() as stack:
        directory = Path(name)
        directory.chmod(0o755)
        postgres, socket_dir = stores.start_postgres(directory, durable=False)
        stack.callback(postgres.stop)
        running = stores.Stores(postgres, postgres, socket_dir, "")
        running.ensure_database("bench")
        before = (dict(connections.settings["default"]), settings.DATA_DIR, app.conf.broker_url)
        _reconnect({**before[0], **database_settings(running.database_url("bench"))})
        stack.callback(_reconnect, before[0])
        settings.DATA_DIR, app.conf.broker_url = directory, "memory://"
        try:
            call_command("migrate", verbosity=0)
            yield
        finally:
            settings.DATA_DIR, app.conf.broker_url = before[1:]


def _reconnect(database: dict[str, Any]) -> None:
    connections["default"].close()
    connections["default"].close_pool()
    connections.settings["default"] = database
    del connections["default"]


def _ingest(files: list[Path]) -> Any:
    """By the very steps that an instructor's upload takes; returns the collection."""
    from coachtool.attempts.models import Tenant
    from knowledge import actions, ingest

    tenant = Tenant.objects.create(name="Bench", issuer="https://bench.example")
    collection = actions.create_collection(tenant, None, "Bench", None)
    for path in files:
        try:
            with path.open("rb") as file:
                document = actions.add_file(collection, path.name, file, None)
        except actions.Refused as refusal:
            raise Unfit(refusal.sentence) from None
        while ingest.step(document.pk):
            pass
    return collection


def _ours(collection: Any, question: str) -> list[Answer]:
    found = search.search([collection.pk], collection.tenant_id, question, _TOP)
    return [Answer(passage.document, passage.text) for passage in found]


class _Small:
    """A collection of its own with some of the documents, SMALL chunks or little more; asked alone when it is made."""

    def __init__(self, of: Any, asked: list[Question]) -> None:
        from knowledge import actions
        from knowledge.models import Chunk, Document

        self.collection = actions.create_collection(of.tenant, None, "Small", None)
        self.chunks = 0
        names = set()
        for document in Document.objects.filter(collection=of, state=Document.State.READ).order_by("name"):
            if self.chunks >= SMALL:
                break
            names.add(document.name)
            chunks = list(document.chunks.all())
            document.pk, document.collection, document._state.adding = uuid.uuid4(), self.collection, True
            document.save()
            for chunk in chunks:
                chunk.pk, chunk.document, chunk.collection = None, document, self.collection
            Chunk.objects.bulk_create(chunks)
            self.chunks += len(chunks)
        self.asked = [each for each in asked if each.document in names]
        self.alone = self._answers()

    def _answers(self) -> list[list[Answer]]:
        return [_ours(self.collection, each.question) for each in self.asked]

    def figures(self) -> dict[str, Any]:
        """`same`: the share of questions that find the same passages, in the same order, as alone."""
        now = self._answers()
        return {
            "chunks": self.chunks,
            "questions": len(self.asked),
            "hit_at_3_alone": self._hits(self.alone),
            "hit_at_3": self._hits(now),
            "same": _share(one == other for one, other in zip(self.alone, now, strict=True)),
        }

    def _hits(self, answers: list[list[Answer]]) -> float:
        return _share(any(_right(one, each) for one in found) for each, found in zip(self.asked, answers, strict=True))


def _share(holds: Iterable[bool]) -> float:
    held = list(holds)
    return round(sum(held) / max(len(held), 1), 3)


def _pad(collection: Any, count: int, kept: Path) -> None:
    """Copied in without the indexes, which are made anew: as for any large table."""
    from knowledge.models import Chunk, Document

    documents = {
        language: Document.objects.create(
            collection=collection, kind=Document.Kind.FILE, name=f"padding.{language}", state=Document.State.READ,
            language=language,
        )
        for language in LANGUAGES
    }  # fmt: skip
    indexes = Chunk._meta.indexes
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.remove_index(Chunk, index)
    columns = "collection_id, document_id, ordinal, text, heading, digest, language, stems, dense_en, dense"
    with connection.cursor() as cursor, cursor.copy(f"COPY knowledge_chunk ({columns}) FROM STDIN") as copy:
        for number, each in enumerate(padding(count, REAL, kept)):
            vectors = [None if vector is None else search.as_text(vector) for vector in (each.english, each.world)]
            words = stems(f"{each.heading} {each.text}")
            document = documents[each.language]
            row = [collection.pk, document.pk, number, each.text, each.heading, str(number), each.language, words]
            copy.write_row([*row, *vectors])
    for document in documents.values():
        document.passages = document.chunks.count()
        document.save()
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(Chunk, index)


def _measure(answer: Callable[[str], list[Answer]], asked: list[Question]) -> dict[str, Any]:
    """Each question as if it were new, in several rounds; a round's answers are the same as another's."""
    hits: dict[str, list[int]] = {}
    times: dict[str, list[float]] = {}
    wrong = []
    for round_ in range(_ROUNDS):
        for each in asked:
            for space in (ENGLISH, WORLD):
                space.question.cache_clear()
            began = time.perf_counter()
            found = answer(each.question)
            times.setdefault(each.language, []).append((time.perf_counter() - began) * 1000)
            if round_:
                continue
            rank = next((at for at, one in enumerate(found, 1) if _right(one, each)), 0)
            hits.setdefault(each.language, []).append(rank)
            if not rank:
                wrong.append({"id": each.id, "found": [f"{one.document}: {one.text[:80]}" for one in found]})
    languages = {language: _figures(hits[language], times[language]) for language in sorted(hits)}
    overall = _figures([*chain(*hits.values())], [*chain(*times.values())])
    return {**overall, "languages": languages, "wrong": wrong}


def _right(answer: Answer, question: Question) -> bool:
    return (
        answer.document == question.document
        and " ".join(question.contains.split()).lower() in " ".join(answer.text.split()).lower()
    )


def _figures(ranks: list[int], times: list[float]) -> dict[str, Any]:
    cuts = statistics.quantiles(times, n=20)
    return {
        "questions": len(ranks),
        "hit_at_1": round(sum(rank == 1 for rank in ranks) / len(ranks), 3),
        "hit_at_3": round(sum(rank > 0 for rank in ranks) / len(ranks), 3),
        "query_p50_ms": round(cuts[9], 1),
        "query_p95_ms": round(cuts[18], 1),
    }


@dataclass(frozen=True)
class _Vectors:
    """All chunks of a collection in one space: rows of `matrix` and what they say."""

    matrix: np.ndarray
    answers: list[Answer]


def _vectors(collection: Any, space: Space) -> _Vectors:
    from knowledge.models import Chunk

    rows = Chunk.objects.filter(collection=collection, **{f"{space.column}__isnull": False}).values_list(
        "document__name", "text", space.column
    )
    names, texts, vectors = zip(*rows.iterator(5000), strict=True)
    matrix = np.array(vectors, np.float32)
    return _Vectors(matrix, [Answer(*each) for each in zip(names, texts, strict=True)])


_Nearest = Callable[[np.ndarray], list[int]]


def _peer(
    make: Callable[[np.ndarray], _Nearest], collection: Any, asked: list[Question], shared_s: float
) -> dict[str, Any]:
    """The same questions in the same spaces, nearest first. Its ingest is ours and the making of its index."""
    try:
        began = time.perf_counter()
        held = {}
        for space in (ENGLISH, WORLD):
            vectors = _vectors(collection, space)
            held[space.column] = (make(vectors.matrix), vectors.answers)
        index_s = time.perf_counter() - began
    except ImportError:
        return {"missing": "not installed: pip install -r requirements-bench.txt"}
    except ValueError:
        return {"missing": "has nothing to compare: no chunk lies in one of the spaces"}

    def answer(question: str) -> list[Answer]:
        space = ENGLISH if language_of(question) == "en" else WORLD
        nearest, answers = held[space.column]
        return [answers[at] for at in nearest(space.question(question))]

    return {"ingest_s": round(shared_s + index_s, 1), **_measure(answer, asked)}


def _scan(matrix: np.ndarray) -> _Nearest:
    return lambda vector: [int(at) for at in np.argsort(-(matrix @ vector))[:_TOP]]


def _faiss(matrix: np.ndarray) -> _Nearest:
    import faiss

    index = faiss.IndexHNSWFlat(matrix.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 64, 100
    index.add(matrix)
    return lambda vector: [int(at) for at in index.search(vector[None], _TOP)[1][0]]


def _lancedb(matrix: np.ndarray) -> _Nearest:
    """In a directory that lasts as long as the process."""
    import lancedb
    import pyarrow

    directory = tempfile.TemporaryDirectory(prefix="coachtool-lance-")
    vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(matrix.ravel()), matrix.shape[1])
    rows = pyarrow.table({"at": pyarrow.array(range(len(matrix))), "vector": vectors})
    table = lancedb.connect(directory.name).create_table("chunks", rows)
    if len(matrix) >= 10_000:
        table.create_index(metric="cosine", index_type="IVF_HNSW_SQ", vector_column_name="vector")

    def nearest(vector: np.ndarray) -> list[int]:
        assert directory
        found = table.search(vector).metric("cosine").limit(_TOP).select(["at"])
        return found.to_arrow()["at"].to_pylist()

    return nearest


_PEERS = {"scan of all": _scan, "FAISS HNSW": _faiss, "LanceDB": _lancedb}
