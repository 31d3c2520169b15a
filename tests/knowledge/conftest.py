"""Collections to read into, and documents of each kind made by the tests themselves."""

from __future__ import annotations

import io

import pytest

from knowledge import actions, ingest, queue
from knowledge.models import Collection, Document
from knowledge.reading import child, process
from tests import factories


@pytest.fixture(autouse=True)
def documents_directory(settings, tmp_path, monkeypatch):
    """Originals of this test only, and no messages to workers: the tests take the steps themselves."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(queue, "_send", lambda task, key: None)


@pytest.fixture
def read_here(monkeypatch):
    """Documents are read in this process, which is quicker; they mean well."""

    def read(path, kind, name, address=""):
        found = child.read(path, kind.name, name, address)
        return process.Reading(**{**found, "pieces": [tuple(piece) for piece in found["pieces"]]})

    monkeypatch.setattr(process, "read", read)


@pytest.fixture
def collection(db) -> Collection:
    return actions.create_collection(factories.tenant(), None, "Handbooks", None)


def add(collection: Collection, name: str, content: bytes | str) -> Document:
    """The document, read to its end."""
    data = content.encode() if isinstance(content, str) else content
    return finish(actions.add_file(collection, name, io.BytesIO(data), None))


def finish(document: Document) -> Document:
    while ingest.step(document.pk):
        pass
    document.refresh_from_db()
    return document


def texts(document: Document) -> list[str]:
    return [chunk.text for chunk in document.chunks.order_by("ordinal")]
