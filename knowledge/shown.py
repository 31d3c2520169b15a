"""Collections and documents as their pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import urlsplit

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet
from django.utils.translation import get_language_info

from coachtool.activities.models import Activity
from knowledge.models import Collection, Crawl, Document

_BUSY = (Document.State.WAITING, Document.State.READING)


def counted(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """By name, with `total`, `searchable`, `busy` and `failed` documents."""
    return collections.order_by("name").annotate(
        total=Count("documents"),
        searchable=Count("documents", filter=Q(documents__passages__gt=0)),
        busy=Count("documents", filter=Q(documents__state__in=_BUSY)),
        failed=Count("documents", filter=Q(documents__state=Document.State.FAILED)),
    )


@dataclass(frozen=True)
class Item:
    """A document in a list. `left_out` counts what was not read of it."""

    document: Document
    title: str
    format: str
    language: str
    left_out: int


@dataclass(frozen=True)
class Site:
    """A crawl with the pages that it found, and how many of them wait to be read."""

    crawl: Crawl
    pages: tuple[Item, ...]
    left_out: int
    busy: int

    @property
    def is_busy(self) -> bool:
        return self.crawl.is_busy or self.busy > 0


@dataclass(frozen=True)
class Listing:
    """Everything in a collection: its files, and its web sites with their pages."""

    files: tuple[Item, ...]
    sites: tuple[Site, ...]

    @property
    def is_busy(self) -> bool:
        return any(item.document.is_busy for item in self.files) or any(site.is_busy for site in self.sites)

    @property
    def passages(self) -> int:
        items = [*self.files, *(page for site in self.sites for page in site.pages)]
        return sum(item.document.passages for item in items)


def listing(collection: Collection) -> Listing:
    """The collection's documents by name, its sites with the newest first."""
    length = Func(F("skipped"), function="jsonb_array_length", output_field=IntegerField())
    found = collection.documents.annotate(left_out=length).defer("read", "skipped")
    items = [item_of(each, each.left_out) for each in found]
    return Listing(
        tuple(item for item in items if item.document.crawl_id is None),
        tuple(_site(crawl, items) for crawl in collection.crawls.all()),
    )


def _site(crawl: Crawl, items: list[Item]) -> Site:
    pages = tuple(item for item in items if item.document.crawl_id == crawl.pk)
    return Site(crawl, pages, len(crawl.skipped), sum(page.document.is_busy for page in pages))


def item_of(document: Document, left_out: int) -> Item:
    """The document with what its bare fields do not say."""
    return Item(document, str(document), _format(document), language(document.language), left_out)


def _format(document: Document) -> str:
    """What kind of file it is, as its owner calls it; a page by its site."""
    if document.kind == Document.Kind.PAGE:
        return urlsplit(document.url).hostname or "Web page"
    return PurePath(document.name).suffix.lstrip(".").upper() or "File"


def language(code: str) -> str:
    """A language's English name; its code where it has none here."""
    try:
        return get_language_info(code)["name"] if code else ""
    except KeyError:
        return code


@dataclass(frozen=True)
class Use:
    """An activity that draws on a collection: what learners meet, or only a draft of it."""

    activity: Activity
    published: bool


def used_by(collection: Collection) -> tuple[Use, ...]:
    """The activities whose newest published version or whose draft names the collection."""
    named = [str(collection.pk)]
    asked = Q(versions__published=True, versions__definition__knowledge__contains=named)
    asked |= Q(draft__definition__knowledge__contains=named)
    found = []
    for activity in Activity.objects.filter(asked).select_related("draft").distinct().order_by("title"):
        published = named[0] in _newest(activity).get("knowledge", ())
        draft = getattr(activity, "draft", None)
        if published or (draft and named[0] in draft.definition.get("knowledge", ())):
            found.append(Use(activity, published))
    return tuple(found)


def _newest(activity: Activity) -> dict:
    version = activity.versions.filter(published=True).order_by("-number").first()
    return version.definition if version else {}
