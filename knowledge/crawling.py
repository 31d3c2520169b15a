"""A crawl, one page a step: what is left to do lies in the crawl's `frontier`, so that any worker can go on."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from knowledge import ingest, originals, queue, web
from knowledge.models import Crawl, Document
from knowledge.reading import kinds, process

_CHANGED = (
    *("state", "problem", "found", "read", "unchanged", "failed", "skipped"),
    *("started", "finished", "frontier", "due"),
)
LEASE = timedelta(minutes=5)  # longer than a step may take
PAUSE = 0.5  # seconds between two pages of a site
LONGEST_PAUSE = 30.0  # what a site's crawl-delay may ask for
_MOST_SEEN = 5000  # addresses
_MOST_SKIPPED = 300
_NO_PAGES = re.compile(
    r"\.(7z|avi|bmp|css|exe|gif|gz|ico|iso|jpe?g|js|json|mov|mp[34]|png|rar|svg|tar|web[mp]|woff2?|xml|zip)$", re.I
)


def step(crawl_id: object) -> float | None:
    """Fetch one page; seconds until the next may be fetched, None when there is nothing more to do."""
    now = timezone.now()
    claimed = Crawl.objects.filter(pk=crawl_id, state__in=Crawl.BUSY, due__lte=now).update(due=now + LEASE)
    crawl = Crawl.objects.filter(pk=crawl_id).first() if claimed else None
    if crawl is None:
        return None
    with web.client() as client:
        if crawl.state == Crawl.State.WAITING:
            _begin(crawl)
            try:
                crawl.frontier["robots"] = web.robots_of(crawl.url, client)
            except web.NotFetched as problem:
                return _end(crawl, str(problem))
        if not crawl.frontier["todo"]:
            return _end(crawl)
        if crawl.tried >= crawl.pages:
            left = len(crawl.frontier["todo"])
            _skip(
                crawl, f"{left} more" if left > 1 else crawl.frontier["todo"][0][0], "The limit of pages was reached."
            )
            return _end(crawl)
        url, depth, parent = crawl.frontier["todo"].pop(0)
        rules = web.rules_of(crawl.frontier["robots"])
        _visit(crawl, client, rules, url, depth, parent)
    if depth == 0 and crawl.failed and crawl.tried == 1 and not crawl.frontier["todo"]:
        return _end(crawl, crawl.skipped[-1]["reason"])
    if not crawl.frontier["todo"]:
        return _end(crawl)
    pause = max(PAUSE, min(float(rules.crawl_delay(web.AGENT) or 0), LONGEST_PAUSE))
    crawl.due = timezone.now() + timedelta(seconds=pause)
    _save(crawl)
    return pause


def fail(crawl_id: object, problem: str) -> None:
    """What was read of it stays."""
    crawl = Crawl.objects.filter(pk=crawl_id, state__in=Crawl.BUSY).first()
    if crawl is not None:
        _end(crawl, problem)


def _begin(crawl: Crawl) -> None:
    """From the start, then what an earlier run found: that is how it notices what is gone."""
    known = [
        [each.url, each.depth, str(each.parent_id or "")]
        for each in crawl.documents.exclude(state=Document.State.GONE).exclude(url=crawl.url).order_by("depth", "added")
    ]
    crawl.state, crawl.started, crawl.finished, crawl.problem = Crawl.State.RUNNING, timezone.now(), None, ""
    crawl.read = crawl.unchanged = crawl.failed = 0
    crawl.skipped = []
    todo = [[crawl.url, 0, ""], *known]
    crawl.found = len(todo)
    crawl.frontier = {"todo": todo, "seen": [url for url, _, _ in todo], "robots": ""}


def _visit(crawl: Crawl, client, rules, url: str, depth: int, parent: str) -> None:
    try:
        page = web.fetch(url, client, rules, elsewhere=depth == 0)
    except web.NotFetched as problem:
        crawl.failed += 1
        _skip(crawl, url, str(problem))
        if problem.gone:
            _gone(crawl, url)
        return
    try:
        _read(crawl, page, url, depth, parent)
    except kinds.Unreadable as problem:
        crawl.failed += 1
        _skip(crawl, url, str(problem))
    finally:
        page.incoming.discard()


def _read(crawl: Crawl, page: web.Page, url: str, depth: int, parent: str) -> None:
    """Raises Unreadable."""
    seen = set(crawl.frontier["seen"])
    if page.url != url and page.url in seen:
        return
    if depth == 0 and url == crawl.url and web.site_of(page.url) != web.site_of(crawl.url):
        crawl.frontier["site"] = web.site_of(page.url)
    crawl.frontier["seen"].append(page.url)
    twin = Document.objects.filter(collection_id=crawl.collection_id, digest=page.incoming.digest).exclude(url=page.url)
    if twin := twin.exclude(state=Document.State.GONE).first():
        _skip(crawl, page.url, f"It is the same as {twin.url or twin.name}.")
        return
    name = _file_name(page)
    kind = kinds.kind_of(page.incoming.path, name)
    reading = process.read(page.incoming.path, kind, name, page.url)
    if reading.unlisted:
        _skip(crawl, page.url, "The page asks not to be kept (noindex).")
    elif _keep(crawl, page, kind, reading, depth, parent):
        crawl.read += 1
    else:
        crawl.unchanged += 1
    document = Document.objects.filter(collection_id=crawl.collection_id, url=page.url).first()
    _follow(crawl, reading.links, depth, str(document.pk) if document else "")


def _file_name(page: web.Page) -> str:
    """What the address ends in; a page by its media type, whatever program made it."""
    name = PurePosixPath(urlsplit(page.url).path).name
    return "page.html" if page.media_type in ("text/html", "application/xhtml+xml") else name


def _keep(crawl: Crawl, page: web.Page, kind: kinds.Kind, reading: process.Reading, depth: int, parent: str) -> bool:
    """Whether there was something new in it."""
    with transaction.atomic():
        if not Crawl.objects.select_for_update().filter(pk=crawl.pk).exists():
            return False
        document = Document.objects.filter(collection_id=crawl.collection_id, url=page.url).first()
        if document and document.digest == page.incoming.digest and document.state == Document.State.READ:
            return False
        document = document or Document(collection_id=crawl.collection_id, kind=Document.Kind.PAGE, url=page.url)
        before, document.digest = document.digest, page.incoming.digest
        document.name = (reading.title or page.url)[:300]
        document.crawl, document.depth, document.added_by_id = crawl, depth, crawl.created_by_id
        document.parent = Document.objects.filter(pk=UUID(parent)).first() if parent else None
        document.size, document.media_type = page.incoming.size, kind.media_type
        document.state, document.due = Document.State.READING, timezone.now()
        originals.keep(page.incoming)
        document.save()
        if before != document.digest:
            originals.drop(before)
        ingest.extract(document, reading)
        queue.read_soon(document)
    return True


def _follow(crawl: Crawl, links: list[str], depth: int, parent: str) -> None:
    if depth >= crawl.depth:
        return
    site = crawl.frontier.get("site") or web.site_of(crawl.url)
    seen = set(crawl.frontier["seen"])
    for link in links:
        try:
            link = web.normal(link)
        except ValueError:
            continue
        unread = _NO_PAGES.search(urlsplit(link).path)
        if link in seen or web.site_of(link) != site or unread or len(link) > 2000 or len(seen) >= _MOST_SEEN:
            continue
        seen.add(link)
        crawl.frontier["seen"].append(link)
        crawl.frontier["todo"].append([link, depth + 1, parent])
        crawl.found += 1


def _gone(crawl: Crawl, url: str) -> None:
    with transaction.atomic():
        for document in Document.objects.select_for_update().filter(collection_id=crawl.collection_id, url=url):
            document.chunks.all().delete()
            originals.drop(document.digest)
            document.digest = document.read_digest = ""
            document.passages = document.words = document.progress = 0
            document.state, document.problem = Document.State.GONE, "The page is no longer at its address."
            document.read = document.skipped = []
            document.save()


def _skip(crawl: Crawl, place: str, reason: str) -> None:
    if len(crawl.skipped) < _MOST_SKIPPED:
        crawl.skipped.append({"place": place, "reason": reason})


def _end(crawl: Crawl, problem: str = "") -> None:
    crawl.state = Crawl.State.FAILED if problem else Crawl.State.DONE
    crawl.problem, crawl.finished, crawl.due, crawl.frontier = problem[:500], timezone.now(), timezone.now(), {}
    _save(crawl)


def _save(crawl: Crawl) -> None:
    """What a step changes; a crawl that was deleted meanwhile stays deleted."""
    Crawl.objects.filter(pk=crawl.pk).update(**{name: getattr(crawl, name) for name in _CHANGED})
