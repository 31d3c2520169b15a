"""The documents that an attempt's persona answers from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db import Error
from django.db.models import Q

from coachtool.attempts.models import Attempt
from coachtool.coaching.embed import ModelMissing
from coachtool.coaching.types import Passage
from knowledge import retrieval
from knowledge.models import Collection

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Library:
    """Coaching's Library, over collections of one tenant. What goes wrong is logged and finds nothing."""

    tenant: UUID | None = None
    collections: tuple[UUID, ...] = ()

    @classmethod
    def of(cls, attempt: Attempt) -> Library:
        """What the brief names of the collections that the attempt's course may use."""
        named = [found for name in attempt.brief.knowledge if (found := _uuid(name))]
        if not named:
            return cls()
        try:
            course = attempt.resource_link.course
            usable = Collection.objects.filter(Q(course=None) | Q(course=course), tenant_id=course.tenant_id)
            return cls(course.tenant_id, tuple(usable.filter(pk__in=named).values_list("pk", flat=True)))
        except Error:
            log.exception("attempt %s: its documents can't be reached", attempt.pk)
            return cls()

    def search(self, question: str, limit: int = 3) -> tuple[Passage, ...]:
        if self.tenant is None or not self.collections:
            return ()
        try:
            return retrieval.search(self.collections, self.tenant, question, limit)
        except (Error, ModelMissing):
            log.exception("the documents of tenant %s can't be searched", self.tenant)
            return ()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
