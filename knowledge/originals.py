"""The bytes that were added, by their digest: DATA_DIR/knowledge/ab/abcd…. The same bytes are kept once.

A digest is locked (for the transaction) while its bytes are put or dropped, so that nobody drops what somebody else
has just put.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from knowledge.models import Document


class TooLarge(Exception):
    """There are more bytes than may be added."""


@dataclass(frozen=True)
class Incoming:
    """Bytes that were written down but belong to no document yet."""

    path: Path
    digest: str
    size: int

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def path_of(digest: str) -> Path:
    return _directory() / digest[:2] / digest


def receive(parts: Iterable[bytes], largest: int) -> Incoming:
    """Write them down. Raises TooLarge; the caller keeps or discards what is returned."""
    digest, size = hashlib.sha256(), 0
    descriptor, name = tempfile.mkstemp(prefix="incoming-", dir=_directory())
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                size += len(part)
                if size > largest:
                    raise TooLarge
                digest.update(part)
                file.write(part)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Incoming(Path(name), digest.hexdigest(), size)


def keep(incoming: Incoming) -> None:
    """Put the bytes where their digest says; within the transaction that gives them to a document."""
    _lock(incoming.digest)
    target = path_of(incoming.digest)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    os.replace(incoming.path, target)


def drop(digest: str) -> None:
    """Once the transaction under way has committed, remove the bytes unless some document has them."""
    if digest:
        transaction.on_commit(lambda: _drop(digest))


def _drop(digest: str) -> None:
    with transaction.atomic():
        _lock(digest)
        if not Document.objects.filter(digest=digest).exists():
            path_of(digest).unlink(missing_ok=True)


def _lock(digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(digest[:15], 16)])


def _directory() -> Path:
    directory = settings.DATA_DIR / "knowledge"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory
