"""From draft to frozen version: for a preview, or published for learners."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.models import Person
from coachtool.authoring import drafts, faults, outline
from coachtool.authoring import offer as offers
from coachtool.authoring.faults import Fault
from coachtool.authoring.models import Draft, Publication
from coachtool.authoring.outline import Definition


class Faulty(Exception):
    """The draft is not complete; `faults` says where."""

    def __init__(self, found: tuple[Fault, ...]):
        super().__init__(found[0].message)
        self.faults = found


class Unread(Exception):
    """There are suggested sentences in the draft that nobody has looked at."""


class Changed(Exception):
    """The draft was saved since the author looked at it."""


def frozen(activity: Activity) -> ActivityVersion:
    """The newest version with the text that the author has before her, made where there is none; not published.

    Raises Faulty.
    """
    with transaction.atomic():
        Activity.objects.select_for_update().get(pk=activity.pk)
        return _freeze(activity, drafts.of(activity))


def publish(
    activity: Activity, author: Person, *, revision: int, seen: bool, note: str = "", base: int | None = None
) -> ActivityVersion:
    """Make the draft what learners meet from their next attempt on. Attempts that have begun keep their version.

    Raises Faulty; Unread when suggestions are left that were not `seen`; Changed when the draft is no longer at
    `revision`, or another one follows by now on the version `base`, since revisions count anew.
    """
    with transaction.atomic():
        Activity.objects.select_for_update().get(pk=activity.pk)
        draft = drafts.of(activity)
        if draft.revision != revision or base not in (None, drafts.seen(draft).base):
            raise Changed("The draft was saved in the meantime.")
        if draft.suggested and not seen:
            raise Unread("Some suggested sentences have not been looked at yet.")
        version = _freeze(activity, draft)
        Activity.objects.filter(pk=activity.pk).update(title=version.definition["title"])
        if not version.published:
            version.published = True
            version.save(update_fields=["published"])
            Publication.objects.create(version=version, author=author, note=note.strip()[:500])
        Draft.objects.filter(activity=activity).delete()
        return version


def _freeze(activity: Activity, draft: Draft) -> ActivityVersion:
    found = faults.of(draft.definition, offers.of(activity.owned.course_id))
    if found:
        raise Faulty(found)
    definition = outline.complete(draft.definition, activity.slug)
    newest = activity.versions.order_by("-number").first()
    if newest is not None and _says(newest) == _plain(definition):
        return newest
    number = newest.number + 1 if newest else 1
    return ActivityVersion.objects.create(activity=activity, number=number, definition=definition, published=False)


def differs(activity: Activity, draft: Draft) -> bool:
    """Whether the draft says anything else than the latest published version."""
    latest = activity.versions.filter(published=True).order_by("-number").first()
    return latest is None or _says(latest) != _plain(outline.complete(draft.definition, activity.slug))


def _says(version: ActivityVersion) -> Definition:
    return _plain(outline.complete(version.definition, version.activity.slug))


def _plain(definition: Definition) -> Definition:
    """Without what is empty, so that a field that nobody filled is no difference."""
    if isinstance(definition, dict):
        return {name: _plain(value) for name, value in definition.items() if value not in ("", [], None, False)}
    if isinstance(definition, list):
        return [_plain(value) for value in definition]
    return definition


@dataclass(frozen=True)
class Listed:
    """A published version in the list. `attempts` were made with it, previews not counted."""

    version: ActivityVersion
    publication: Publication | None
    attempts: int

    @property
    def at(self):
        return self.publication.created if self.publication else self.version.created


def published(activity: Activity) -> tuple[Listed, ...]:
    """The published versions, the newest first."""
    made = Count("attempts", filter=Q(attempts__resource_link__preview=False, attempts__started__isnull=False))
    found = activity.versions.filter(published=True).annotate(made=made).order_by("-number")
    return tuple(
        Listed(version, getattr(version, "publication", None), version.made)
        for version in found.select_related("activity", "publication__author")
    )
