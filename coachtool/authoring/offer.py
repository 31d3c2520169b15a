"""What an author may choose from beside her own words: collections of documents, and the site's language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from knowledge import reach, shown


@dataclass(frozen=True)
class Shelf:
    """A collection that an activity of the course may draw on.

    `searchable` counts the documents in which something can be found, `busy` those that are being read.
    """

    id: str
    name: str
    shared: bool = False
    searchable: int = 0
    busy: int = 0


@dataclass(frozen=True)
class Offer:
    """`generative`: the site has a language model."""

    shelves: tuple[Shelf, ...] = ()
    generative: bool = False

    @property
    def names(self) -> Mapping[str, str]:
        """The collections' names by their ids."""
        return {shelf.id: shelf.name for shelf in self.shelves}


NOTHING = Offer()


def of(course_id: int) -> Offer:
    """What this course's activities may use: its own collections, and those of all courses of its tenant."""
    shelves = (
        Shelf(str(found.pk), found.name, found.course_id is None, found.searchable, found.busy)
        for found in shown.counted(reach.of_course(course_id))
    )
    return Offer(tuple(shelves), bool(getattr(settings, "LLM_URL", "")))
