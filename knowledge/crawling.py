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
        if _is_enough(crawl):
            left = len(crawl.frontier["todo"])
            _skip(
                crawl, f"{left} more" if left > 1 else crawl.frontier["todo"][0][0], "The limit of pages was reached."
            )
            return _end(crawl)
        url, depth, parent = crawl.frontier["todo"].pop(0)
        _visit(crawl, client, url, depth, parent)
    if depth == 0 and crawl.failed and crawl.tried == 1 and not crawl.frontier["todo"]:
        return _end(crawl, crawl.skipped[-1]["reason"])
    if not crawl.frontier["todo"]:
        return _end(crawl)
    pause = max(PAUSE, min(web.delay_of(crawl.frontier["robots"]), LONGEST_PAUSE))
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
    seen = [url for url, _, _ in todo]
    crawl.frontier = {"todo": todo, "seen": seen, "robots": "", "known": len(known), "fetched": 0}


def _is_enough(crawl: Crawl) -> bool:
    """Pages that are not kept count too, so that a site full of them comes to an end."""
    most = 2 * crawl.pages + crawl.frontier.get("known", 0)
    return crawl.tried >= crawl.pages or crawl.frontier.get("fetched", 0) >= most


def _site(crawl: Crawl) -> str:
    return crawl.frontier.get("site") or web.site_of(crawl.url)


def _visit(crawl: Crawl, client, url: str, depth: int, parent: str) -> None:
    crawl.frontier["fetched"] = crawl.frontier.get("fetched", 0) + 1
    try:
        page = web.fetch(url, client, crawl.frontier["robots"], _site(crawl), elsewhere=depth == 0)
    except web.NotFetched as problem:
        crawl.failed += 1
        _skip(crawl, url, str(problem))
        if problem.gone:
            _gone(crawl, url, str(problem))
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
    if depth == 0 and url == crawl.url and web.site_of(page.url) != web.site_of(crawl.url):
        crawl.frontier["site"], crawl.frontier["robots"] = web.site_of(page.url), page.robots
    if page.url != url:
        _gone(crawl, url, f"It leads to {page.url} now.")
        if page.url in crawl.frontier["seen"]:
            return
    crawl.frontier["seen"].append(page.url)
    if twin := _twin(crawl, page):
        _leave_out(crawl, page.url, f"It is the same as {twin.url or twin.name}.")
        return
    name = _file_name(page)
    kind = kinds.kind_of(page.incoming.path, name)
    reading = process.read(page.incoming.path, kind, name, page.url)
    if reading.unlisted:
        _leave_out(crawl, page.url, "The page asks not to be kept (noindex).")
    elif _keep(crawl, page, kind, reading, depth, parent):
        crawl.read += 1
    else:
        crawl.unchanged += 1
    document = Document.objects.filter(collection_id=crawl.collection_id, url=page.url).first()
    _follow(crawl, reading.links, depth, str(document.pk) if document else "")


def _twin(crawl: Crawl, page: web.Page) -> Document | None:
    """What says the same at another address; a page still to be fetched may have changed, it will see this one."""
    same = Document.objects.filter(collection_id=crawl.collection_id, digest=page.incoming.digest)
    to_come = {url for url, _, _ in crawl.frontier["todo"]}
    others = same.exclude(url=page.url).exclude(state=Document.State.GONE)
    return next((each for each in others if each.url not in to_come), None)


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
    site = _site(crawl)
    seen = set(crawl.frontier["seen"])
    for link in links:
        try:
            link = web.normal(link)
        except ValueError:
            continue
        unread = _NO_PAGES.search(urlsplit(link).path)
        if link in seen or web.site_of(link) != site or unread or len(link) > web.LONGEST or len(seen) >= _MOST_SEEN:
            continue
        seen.add(link)
        crawl.frontier["seen"].append(link)
        crawl.frontier["todo"].append([link, depth + 1, parent])
        crawl.found += 1


def _leave_out(crawl: Crawl, url: str, reason: str) -> None:
    """Not kept; what an earlier run kept of it goes."""
    _skip(crawl, url, reason)
    _gone(crawl, url, reason)


def _gone(crawl: Crawl, url: str, reason: str) -> None:
    with transaction.atomic():
        for document in Document.objects.select_for_update().filter(collection_id=crawl.collection_id, url=url):
            document.chunks.all().delete()
            originals.drop(document.digest)
            document.digest = document.read_digest = ""
            document.passages = document.words = document.progress = 0
            document.state, document.problem = Document.State.GONE, reason[:500]
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
