"""Which collections a visit may read and which it may change. Everything else is refused.

A course's own collections are read and changed by its instructors. One without a course is there for every course of
its tenant: their instructors read it, try questions on it and choose it for activities, but nobody changes it here,
because it would change under every other course.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from coachtool.attempts.access import NotAdmitted, Visit
from coachtool.attempts.models import Course
from knowledge.models import Collection, Crawl, Document


def of_course(course_id: int) -> QuerySet[Collection]:
    """The course's own collections, and those of all courses of its tenant."""
    tenant = Course.objects.filter(pk=course_id).values("tenant")
    return Collection.objects.filter(Q(course_id=course_id) | Q(course=None, tenant__in=tenant))


def readable(visit: Visit, collection_id: UUID) -> Collection:
    """Raises NotAdmitted."""
    found = of_course(visit.course_id).filter(pk=collection_id).first()
    if found is None:
        raise NotAdmitted("These documents belong to another course, or were deleted.")
    return found


def own(visit: Visit, collection_id: UUID) -> Collection:
    """Raises NotAdmitted."""
    found = readable(visit, collection_id)
    if not is_own(visit, found):
        raise NotAdmitted("Documents that all courses share can be used here, but not changed.")
    return found


def is_own(visit: Visit, collection: Collection) -> bool:
    """Whether the collection is this course's alone."""
    return collection.course_id == visit.course_id


def document_of(collection: Collection, document_id: UUID) -> Document:
    """Raises NotAdmitted."""
    found = collection.documents.select_related("crawl", "parent", "added_by").filter(pk=document_id).first()
    if found is None:
        raise NotAdmitted("There is no such document in this collection; it may have been deleted.")
    return found


def crawl_of(collection: Collection, crawl_id: UUID) -> Crawl:
    """Raises NotAdmitted."""
    found = collection.crawls.select_related("created_by").filter(pk=crawl_id).first()
    if found is None:
        raise NotAdmitted("There is no such web address in this collection; it may have been deleted.")
    return found
