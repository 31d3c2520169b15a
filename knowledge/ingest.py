"""From a document's bytes to chunks with vectors, in steps that may be repeated and broken off anywhere.

A step claims the document by holding its `due` ahead; a step whose worker died is taken up when that time has come.
"""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from knowledge import originals
from knowledge.languages import languages_of
from knowledge.models import Chunk, Document
from knowledge.reading import kinds, process
from knowledge.reading.process import Reading
from knowledge.spaces import ENGLISH, WORLD, read_as, spaces_of
from knowledge.words import stems

LEASE = timedelta(minutes=5)  # longer than a step may take
SLICE = 20.0  # seconds of embedding in one step, so that other work gets its turn
EXTRACTED = 20  # percent of the progress
_BATCH = 25  # chunks whose vectors are written at once


def step(document_id: object, seconds: float = SLICE) -> bool:
    """Take the document's reading a step further; whether there is more to do. Somebody else's step is left alone."""
    now = timezone.now()
    claimed = Document.objects.filter(pk=document_id, state__in=Document.BUSY, due__lte=now).update(
        due=now + LEASE, state=Document.State.READING
    )
    if not claimed:
        return False
    document = Document.objects.get(pk=document_id)
    if document.digest != document.read_digest or document.progress < EXTRACTED:
        try:
            extract(document)
        except kinds.Unreadable as problem:
            fail(document.pk, str(problem), document.digest)
            return False
    return not embed(document, seconds)


def extract(document: Document, reading: Reading | None = None) -> None:
    """Read the bytes and replace the chunks that changed; the others keep their rows and vectors. Raises Unreadable."""
    if reading is None:
        path = originals.path_of(document.digest)
        if not path.exists():
            raise kinds.Unreadable("The original is no longer there. Add the file again.")
        reading = process.read(path, kinds.kind_of(path, document.name), document.name)
    language, spoken = languages_of([f"{heading}\n{text}" for text, heading, _ in reading.pieces])
    wanted = [
        Chunk(
            collection_id=document.collection_id,
            document=document,
            ordinal=ordinal,
            text=text,
            heading=heading,
            page=page,
            language=spoken[ordinal],
            stems=stems(f"{heading} {text}"),
            digest=_digest(text, heading, page, spoken[ordinal]),
        )
        for ordinal, (text, heading, page) in enumerate(reading.pieces)
    ]
    with transaction.atomic():
        # A document that was deleted or given other bytes meanwhile is not touched.
        current = Document.objects.select_for_update().filter(pk=document.pk, digest=document.digest)
        if not current.exists():
            return
        _replace(document, wanted)
        document.read_digest = document.digest
        document.progress, document.problem = EXTRACTED, ""
        document.language, document.pages, document.words = language, reading.pages, reading.words
        document.passages = len(wanted)
        document.read, document.skipped = reading.read, reading.skipped
        document.save()


def _replace(document: Document, wanted: list[Chunk]) -> None:
    standing: dict[str, list[Chunk]] = {}
    for chunk in document.chunks.only("pk", "ordinal", "digest"):
        standing.setdefault(chunk.digest, []).append(chunk)
    fresh, moved = [], []
    for chunk in wanted:
        if same := standing.get(chunk.digest):
            kept = same.pop(0)
            if kept.ordinal != chunk.ordinal:
                kept.ordinal = chunk.ordinal
                moved.append(kept)
        else:
            fresh.append(chunk)
    Chunk.objects.filter(pk__in=[chunk.pk for left in standing.values() for chunk in left]).delete()
    Chunk.objects.bulk_update(moved, ["ordinal"], batch_size=500)
    Chunk.objects.bulk_create(fresh, batch_size=500)


def _digest(text: str, heading: str, page: int | None, language: str) -> str:
    models = [space.model_name() for space in spaces_of(language)]
    return hashlib.sha256("\0".join([text, heading, str(page), language, *models]).encode()).hexdigest()


def embed(document: Document, seconds: float) -> bool:
    """Give vectors to chunks without, for about `seconds`; whether all have theirs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        batch = list(document.chunks.filter(dense__isnull=True).order_by("ordinal")[:_BATCH])
        if not batch:
            _finish(document)
            return True
        for chunk in batch:
            text = read_as(chunk.heading, chunk.text)
            chunk.dense = WORLD.passage(text)
            chunk.dense_en = ENGLISH.passage(text) if ENGLISH in spaces_of(chunk.language) else None
        Chunk.objects.bulk_update(batch, ["dense", "dense_en"])
        left = document.chunks.filter(dense__isnull=True).count()
        done = 1 - left / max(document.passages, 1)
        progress = min(99, EXTRACTED + int((100 - EXTRACTED) * done))
        Document.objects.filter(pk=document.pk, digest=document.digest).update(
            progress=progress, due=timezone.now() + LEASE
        )
    Document.objects.filter(pk=document.pk, digest=document.digest).update(due=timezone.now())
    return False


def _finish(document: Document) -> None:
    Document.objects.filter(pk=document.pk, digest=document.digest).update(
        state=Document.State.READ, progress=100, problem="", read_at=timezone.now(), due=timezone.now()
    )


def fail(document_id: object, problem: str, digest: str | None = None) -> None:
    """What an earlier reading left stays, and goes on answering. With `digest`, only if these are still its bytes."""
    document = Document.objects.filter(pk=document_id, state__in=Document.BUSY)
    if digest is not None:
        document = document.filter(digest=digest)
    document.update(state=Document.State.FAILED, problem=problem[:500], progress=0, due=timezone.now())
