"""Drafts in the database: opened, saved without overwriting another editor, and stepped back."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.models import Course, Person
from coachtool.authoring import outline
from coachtool.authoring.models import CourseActivity, Draft
from coachtool.authoring.outline import Definition
from coachtool.authoring.posted import SECTIONS

_STEPS = 10  # that can be undone


class Overtaken(Exception):
    """The section was saved by somebody else, or in another window, since it was opened; `draft` is theirs."""

    def __init__(self, draft: Draft):
        super().__init__("This part was saved elsewhere since you opened it.")
        self.draft = draft


@dataclass(frozen=True)
class Edit:
    """What one save did to a draft: its new text, what was suggested in it, and a step that can be undone, if any."""

    definition: Definition
    suggested: Mapping[str, list[str]]
    step: Definition | None = None
    undone: bool = False


def new(course: Course, author: Person) -> CourseActivity:
    """A new activity of the course with an empty draft; the author's last one, if nothing was written in it yet."""
    unused = CourseActivity.objects.filter(
        course=course, author=author, archived=None, copied_from=None, activity__draft__revision=0
    ).exclude(activity__versions__isnull=False)
    found = unused.select_related("activity").first()
    return found or _make(course, author, "", outline.blank())


def copy_of(source: Activity, course: Course, author: Person) -> CourseActivity:
    """A copy of the activity's latest text to be changed, with a slug of its own."""
    definition = outline.filled(source.latest.definition)
    definition.pop("slug", None)
    definition["title"] = f"{definition['title']} (copy)"[:200]
    return _make(course, author, definition["title"], definition, source)


def _make(
    course: Course, author: Person, title: str, definition: Definition, source: Activity | None = None
) -> CourseActivity:
    with transaction.atomic():
        activity = Activity.objects.create(slug=_slug(title), title=title or "Untitled activity")
        Draft.objects.create(activity=activity, definition=definition, editor=author)
        return CourseActivity.objects.create(activity=activity, course=course, author=author, copied_from=source)


def _slug(title: str) -> str:
    """A slug that nobody has yet and that cannot be guessed: a launch may name any activity of its tenant by it."""
    return f"{slugify(title)[:36].strip('-') or 'activity'}-{secrets.token_hex(4)}"


def named(activity: Activity, title: str) -> Activity:
    """Give a new activity, which nothing refers to yet, a slug that tells its title."""
    activity.slug, activity.title = _slug(title), title
    activity.save(update_fields=["slug", "title"])
    return activity


def of(activity: Activity) -> Draft:
    """The activity's draft; a new one, not yet in the database, with the latest published text where there is none."""
    found = Draft.objects.filter(activity=activity).select_related("editor").first()
    return found or Draft(activity=activity, definition=_published(activity))


def _published(activity: Activity) -> Definition:
    definition = outline.filled(activity.latest.definition)
    definition.pop("slug", None)
    return definition


@dataclass(frozen=True)
class Seen:
    """Which text an editor had before her: of the draft begun on published version `base`, at `revision`."""

    base: int
    revision: int


def seen(draft: Draft) -> Seen:
    """The draft as it is now."""
    return Seen(_base(draft.activity), draft.revision)


def _base(activity: Activity) -> int:
    return activity.versions.filter(published=True).aggregate(newest=Max("number"))["newest"] or 0


def save(activity: Activity, section: str, what: Seen | None, editor: Person, change: Callable[[Draft], Edit]) -> Draft:
    """Apply `change` to the newest draft; raises Overtaken when `section` was saved since the editor saw `what`.

    With None it is applied whatever was saved. A change that changes nothing is no save.
    """
    with transaction.atomic():
        Activity.objects.select_for_update().get(pk=activity.pk)
        draft = of(activity)
        if what is not None and (what.base != _base(activity) or draft.touched.get(section, 0) > what.revision):
            raise Overtaken(draft)
        before = copy.deepcopy(draft.definition)
        edit = change(draft)
        step = edit.step is not None or edit.undone
        if draft.pk and not step and edit.definition == before and dict(edit.suggested) == draft.suggested:
            return draft
        draft.definition = edit.definition
        draft.suggested = _still_there(edit.suggested, edit.definition)
        if edit.undone:
            draft.undo = draft.undo[:-1]
        if edit.step is not None:
            draft.undo = [*draft.undo, dict(edit.step)][-_STEPS:]
        draft.revision += 1
        draft.touched = {**draft.touched, section: draft.revision}
        if section == "whole":
            draft.touched = dict.fromkeys(SECTIONS, draft.revision)
        draft.editor = editor
        draft.save()
        title = str(edit.definition.get("title") or "")[:200]
        if title and activity.title != title and not activity.versions.filter(published=True).exists():
            Activity.objects.filter(pk=activity.pk).update(title=title)
        return draft


def _still_there(suggested: Mapping[str, list[str]], definition: Definition) -> dict[str, list[str]]:
    """The suggestions that nobody has touched: those whose sentence stands in its key point word for word."""
    kept = {}
    for _, point in outline.points(definition):
        lines = {*(point.get("met_by") or ()), *(point.get("not_met_by") or ())}
        left = [text for text in suggested.get(point.get("id"), ()) if text in lines]
        if left:
            kept[point["id"]] = left
    return kept


def restore(activity: Activity, version: ActivityVersion, editor: Person) -> Draft:
    """Take a version's text as the draft; the draft that it replaces can be undone."""
    definition = outline.filled(version.definition)
    definition.pop("slug", None)

    def change(draft: Draft) -> Edit:
        return Edit(definition, {}, {"whole": draft.definition})

    return save(activity, "whole", None, editor, change)
