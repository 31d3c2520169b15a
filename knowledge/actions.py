"""What an instructor does to collections and documents; every refusal names its field and the remedy."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import PurePath, PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from coachtool.attempts.models import Course, Person, Tenant
from knowledge import originals, queue, web
from knowledge.models import Chunk, Collection, Crawl, Document
from knowledge.reading import kinds

DEEPEST = 5
MOST_PAGES = 200
_ROOM = 1_000_000_000  # bytes of disk that are left free
_PART = 1 << 20


class Refused(Exception):
    """It can't be done; `field` is the form's field it hangs on ("" for none) and `sentence` says what to do."""

    def __init__(self, field: str, sentence: str):
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def create_collection(tenant: Tenant, course: Course | None, name: str, person: Person | None) -> Collection:
    """A new, empty collection; of all the tenant's courses where `course` is None. Raises Refused (name)."""
    if course is not None and course.tenant_id != tenant.pk:
        raise Refused("course", "This course belongs to somebody else.")
    return _saved(Collection(tenant=tenant, course=course, name=_name(name), created_by=person))


def rename(collection: Collection, name: str) -> Collection:
    """Raises Refused (name)."""
    collection.name = _name(name)
    return _saved(collection)


def delete_collection(collection: Collection) -> None:
    """With its documents, chunks and the bytes that no other document uses."""
    _erase(collection, Chunk.objects.filter(collection=collection))


def add_file(collection: Collection, name: str, file: BinaryIO, person: Person | None) -> Document:
    """Keep the bytes of `file` and have them read in the background.

    A file of the same name is that document's new version: only what changed is read again, and nothing where it is
    the same file. Raises Refused (file).
    """
    name = _file_name(name)
    if shutil.disk_usage(settings.DATA_DIR).free < _ROOM:
        raise Refused("file", "There is no room left for documents. Ask whoever runs this site to make some.")
    try:
        incoming = originals.receive(_parts(file), settings.DOCUMENT_MB * 1_000_000)
    except originals.TooLarge:
        raise Refused(
            "file", f"{name} is larger than {settings.DOCUMENT_MB} MB. Split it, or save it without pictures."
        ) from None
    try:
        try:
            kind = kinds.kind_of(incoming.path, name)
        except kinds.Unreadable as problem:
            raise Refused("file", f"{name}: {problem}") from None
        return _add(collection, name, incoming, kind, person)
    finally:
        incoming.discard()


@transaction.atomic
def _add(
    collection: Collection, name: str, incoming: originals.Incoming, kind: kinds.Kind, person: Person | None
) -> Document:
    if not Collection.objects.select_for_update().filter(pk=collection.pk).exists():
        raise Refused("", "This collection has been deleted.")
    twin = collection.documents.filter(digest=incoming.digest).exclude(name=name, kind=Document.Kind.FILE).first()
    if twin:
        raise Refused("file", f"{name} is the same as “{twin}”, which is already in this collection.")
    document = collection.documents.filter(kind=Document.Kind.FILE, name=name).first()
    if document and document.digest == incoming.digest and document.state != Document.State.FAILED:
        return document
    document = document or Document(collection=collection, kind=Document.Kind.FILE, name=name, added_by=person)
    before, document.digest = document.digest, incoming.digest
    document.size, document.media_type = incoming.size, kind.media_type
    document.state, document.progress, document.problem = Document.State.WAITING, 0, ""
    document.due = timezone.now()
    originals.keep(incoming)
    document.save()
    if before != document.digest:
        originals.drop(before)
    queue.read_soon(document)
    return document


def add_url(collection: Collection, url: str, depth: int, pages: int, person: Person | None) -> Crawl:
    """Have the pages from `url` read in the background, `depth` links far (0 to DEEPEST), 1 to MOST_PAGES pages.

    The same address again is the same crawl, run anew. Raises Refused (url, depth, pages).
    """
    try:
        url = web.normal(url)
    except ValueError as problem:
        remedy = {"a name or a password in it": "Leave out the name and password before the @."}.get(
            str(problem), "Give the whole address of a page, such as https://www.example.edu/handbook/."
        )
        raise Refused("url", remedy) from None
    if len(url) > 2000:
        raise Refused("url", "This address is too long; give one of at most 2000 characters.")
    if not url.startswith("https://") and not settings.CRAWL_PRIVATE_ADDRESSES:
        raise Refused("url", "Only pages at https:// addresses are read.")
    if not 0 <= depth <= DEEPEST:
        raise Refused("depth", f"Follow links 0 to {DEEPEST} pages deep.")
    if not 1 <= pages <= MOST_PAGES:
        raise Refused("pages", f"Read 1 to {MOST_PAGES} pages.")
    with transaction.atomic():
        if not Collection.objects.select_for_update().filter(pk=collection.pk).exists():
            raise Refused("", "This collection has been deleted.")
        crawl = collection.crawls.filter(url=url).first() or Crawl(collection=collection, url=url, created_by=person)
        if crawl.started and crawl.is_busy:
            raise Refused("url", "The pages from this address are being read right now.")
        crawl.depth, crawl.pages = depth, pages
        return _run(crawl)


def recrawl(crawl: Crawl) -> Crawl:
    """Fetch its pages again: what changed is read, what is gone is marked so. Raises Refused while it runs."""
    with transaction.atomic():
        crawl = Crawl.objects.select_for_update().filter(pk=crawl.pk).first()
        if crawl is None:
            raise Refused("", "These pages have been deleted.")
        if crawl.is_busy:
            raise Refused("", "These pages are being read right now. Wait until that is done.")
        return _run(crawl)


def delete_crawl(crawl: Crawl) -> None:
    """With all pages that it found."""
    _erase(crawl, Chunk.objects.filter(document__crawl=crawl))


def reread(document: Document) -> Document:
    """Read it again from its kept bytes (a file) or its address (a page). Raises Refused while it is being read."""
    if document.kind == Document.Kind.PAGE and document.crawl is not None:
        recrawl(document.crawl)
        return document
    with transaction.atomic():
        document = Document.objects.select_for_update().filter(pk=document.pk).first()
        if document is None:
            raise Refused("", "This document has been deleted.")
        if document.is_busy:
            raise Refused("", "This document is being read right now. Wait until that is done.")
        document.state, document.progress, document.problem = Document.State.WAITING, 0, ""
        document.due = timezone.now()
        document.save()
        queue.read_soon(document)
    return document


def delete_document(document: Document) -> None:
    """With its chunks, and its bytes where no other document has the same."""
    with transaction.atomic():
        Chunk.objects.filter(document=document).delete()
        Document.objects.filter(pk=document.pk).delete()
        originals.drop(document.digest)


def _erase(whole: Collection | Crawl, chunks: QuerySet[Chunk]) -> None:
    with transaction.atomic():
        digests = set(whole.documents.values_list("digest", flat=True))
        chunks.delete()
        whole.delete()
        for digest in digests:
            originals.drop(digest)


def _run(crawl: Crawl) -> Crawl:
    crawl.state, crawl.problem, crawl.due, crawl.frontier = Crawl.State.WAITING, "", timezone.now(), {}
    crawl.save()
    queue.crawl_soon(crawl)
    return crawl


def _saved(collection: Collection) -> Collection:
    try:
        with transaction.atomic():
            collection.save()
    except IntegrityError:
        raise Refused(
            "name", f"There is already a collection named “{collection.name}”. Choose another name."
        ) from None
    return collection


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused("name", "Give the collection a name.")
    if len(name) > 200:
        raise Refused("name", "Give it a name of at most 200 characters.")
    return name


def _file_name(name: str) -> str:
    """Without folders and control characters; long ones are shortened before their ending."""
    name = PurePosixPath(PurePath(name.replace("\\", "/")).name).name
    name = "".join(c for c in unicodedata.normalize("NFC", name) if c.isprintable()).strip()
    if not name:
        raise Refused("file", "Choose a file.")
    ending = PurePath(name).suffix[:20]
    return name if len(name) <= 250 else name[: 250 - len(ending)] + ending


def _parts(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(_PART):
        yield part
