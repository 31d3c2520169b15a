"""The editor's pages: begin, write section by section, check, try, publish."""

from __future__ import annotations

import hashlib
import json
import re
from urllib.parse import urlencode

from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coachtool.activities.models import Activity
from coachtool.attempts.access import NotAdmitted, admitted
from coachtool.attempts.models import Course, Person, ResourceLink
from coachtool.authoring import (
    advice,
    catalogue,
    compare,
    drafts,
    faults,
    first_text,
    labels,
    outline,
    posted,
    reach,
    sheet,
    steps,
    versions,
)
from coachtool.authoring import offer as offers
from coachtool.authoring import preview as previews
from coachtool.authoring.drafts import Edit, Overtaken, Seen
from coachtool.authoring.forms import BeginForm
from coachtool.authoring.models import CourseActivity, Draft
from coachtool.coaching import judge
from coachtool.site.responses import SeeOther

# Beginnings


@require_POST
@admitted("instructor", anywhere=True)
def new(request: HttpRequest) -> HttpResponse:
    """Begin a new activity of this course."""
    visit = request.visit
    made = drafts.new(Course.objects.get(pk=visit.course_id), me(request))
    return redirect("authoring:begin", visit.id, made.activity.slug)


@require_POST
@admitted("instructor", anywhere=True)
def copy(request: HttpRequest, slug: str) -> HttpResponse:
    """Copy an activity that may be read here, to change the copy."""
    visit = request.visit
    source = reach.readable(visit, slug)
    if not source.versions.filter(published=True).exists():
        raise NotAdmitted("This activity has no published version yet that could be copied.")
    made = drafts.copy_of(source, Course.objects.get(pk=visit.course_id), me(request))
    return SeeOther(_section_url(request, made.activity, "settings") + "#f-title")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admitted("instructor", anywhere=True)
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """The guided form of a new activity; the rest is suggested from it."""
    mine = reach.own(request.visit, slug)
    draft = drafts.of(mine.activity)
    if draft.revision or mine.copied_from_id or mine.activity.versions.exists():
        return redirect("authoring:edit", request.visit.id, slug)
    form = BeginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        definition, suggested = first_text.write(form.answers())
        with transaction.atomic():
            drafts.save(mine.activity, "whole", None, me(request), lambda _: Edit(definition, suggested))
            drafts.named(mine.activity, definition["title"])
        return SeeOther(_section_url(request, mine.activity, "objectives") + "?first=1")
    context = {"form": form, "faces": labels.FACES}
    return render(request, "authoring/begin.html", context, status=422 if form.errors else 200)


# Writing


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Into the editor: the guided form while nothing is written yet, else the first section."""
    mine = reach.own(request.visit, slug)
    draft = drafts.of(mine.activity)
    if not draft.revision and not mine.copied_from_id and not mine.activity.versions.exists():
        return redirect("authoring:begin", request.visit.id, slug)
    return redirect("authoring:section", request.visit.id, slug, "persona")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admitted("instructor", anywhere=True)
def section(request: HttpRequest, slug: str, section: str) -> HttpResponse:
    """One section of the draft: shown, saved, and changed by its buttons."""
    if section not in posted.SECTIONS:
        raise Http404
    mine = reach.own(request.visit, slug)
    if request.method == "POST":
        return _saved(request, mine, section)
    return _page(request, mine, section, drafts.of(mine.activity))


def _saved(request: HttpRequest, mine: CourseActivity, name: str) -> HttpResponse:
    """Keep what was typed, do what the button says, and lead on."""
    do, activity = request.POST.get("do", "save"), mine.activity
    if do == "theirs":
        return SeeOther(_section_url(request, activity, name))
    taken: list[steps.Step] = []
    offer = offers.of(mine.course_id)

    def change(draft: Draft) -> Edit:
        taken.append(steps.take(do, name, request.POST, draft, offer))
        return taken[-1].edit

    try:
        draft = drafts.save(activity, name, _seen(request), me(request), change)
    except Overtaken as overtaken:
        return _conflict(request, mine, name, overtaken.draft)
    if "application/json" in request.headers.get("Accept", ""):
        seen = drafts.seen(draft)
        saved = {"base": seen.base, "revision": seen.revision, "at": (draft.updated or timezone.now()).isoformat()}
        return JsonResponse({"saved": saved, "suggested": draft.suggested})
    return _onward(request, mine, name, do, draft, taken[-1])


def _onward(
    request: HttpRequest, mine: CourseActivity, name: str, do: str, draft: Draft, step: steps.Step
) -> HttpResponse:
    activity = mine.activity
    kind, _, where = do.partition(":")
    found = faults.of(draft.definition, offers.of(mine.course_id))
    wrong = [fault for fault in found if fault.section == name and not fault.missing]
    if kind == "next" and not wrong:
        order = [*posted.SECTIONS, "check"]
        where = order[order.index(name) + 1]
    if kind in ("go", "next") and where in (*posted.SECTIONS, "check"):
        if where == "check":
            return SeeOther(reverse("authoring:check", args=[request.visit.id, activity.slug]))
        return SeeOther(_section_url(request, activity, where))
    if kind == "try":
        return _try(request, activity)
    anchor = step.at and ("undo" if step.at == "undo" else f"{step.at}-{_FIRST.get(step.at.split('-')[0], 'text')}")
    if kind in ("up", "down", "suggest", "line", "looked"):
        anchor = f"{step.at}-{kind}"
    if kind == "next" and wrong:
        anchor = "faults"
    # The fragment leads a browser to the place; `to` tells the script, to which a redirect shows no fragment.
    query = {"at": step.at, "inspire": step.inspire, "problem": step.problem, "to": anchor}
    query = urlencode({name: value for name, value in query.items() if value})
    url = _section_url(request, activity, name)
    return SeeOther(url + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else ""))


_FIRST = {"objective": "name", "point": "text", "guardrail": "name", "fact": "asked_by"}


def _conflict(request: HttpRequest, mine: CourseActivity, name: str, theirs: Draft) -> HttpResponse:
    """Somebody saved this section since: both texts are shown, nothing is lost until the author says which stays."""
    offer = offers.of(mine.course_id)
    definition = posted.read(name, request.POST, theirs.definition, offer)
    changes = compare.changes(theirs.definition, definition, offer.names)
    changes = [change for change in changes if change.section == name]
    conflict = {"editor": theirs.editor, "at": theirs.updated, "changes": changes, "published": not theirs.pk}
    return _page(request, mine, name, theirs, definition=definition, conflict=conflict, status=409)


def _page(
    request: HttpRequest,
    mine: CourseActivity,
    name: str,
    draft: Draft,
    *,
    definition: outline.Definition | None = None,
    conflict: dict | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = outline.filled(definition or draft.definition)
    offer = offers.of(mine.course_id)
    found = faults.of(shown, offer)
    checked = "check" in request.GET
    inspire = request.GET.get("inspire", "")
    page = sheet.Sheet(
        shown,
        tuple(fault for fault in found if checked or not fault.missing),
        (*advice.on_wording(shown), *advice.on_choices(shown, offer)),
        draft.suggested,
        request.GET.get("at", ""),
        inspire,
        tuple(activity.latest.brief for activity in catalogue.library()) if inspire else (),
        offer,
    )
    here = [fault for fault in page.faults if fault.section == name]
    order = [*posted.SECTIONS, "check"]
    context = {
        **_frame(request, mine, draft, name, offer),
        "title": shown["title"],
        "persona": shown["persona"],
        "section": name,
        "heading": labels.SECTIONS[name],
        "page": page,
        "fields": page.fields(name) if name in ("persona", "situation", "closing", "settings") else (),
        "more": page.more(name),
        "phrases": page.phrases(name),
        "faults": [(fault, sheet.dom_id(shown, fault.path)) for fault in here],
        "undo": _undo(draft, name) if conflict is None else "",
        "at": page.at,
        "anchor": "conflict" if conflict else request.GET.get("to", ""),
        "problem": request.GET.get("problem", "")[:300],
        "conflict": conflict,
        "first": "first" in request.GET,
        "next": {**labels.SECTIONS, "check": "Check and publish"}[order[order.index(name) + 1]],
        "room": {
            kind: len(shown[outline.LISTS[kind]]) < most for kind, most in outline.MOST.items() if kind != "point"
        },
    }
    return render(request, "authoring/edit.html", context, status=status)


def _undo(draft: Draft, name: str) -> str:
    """What the button takes back, on the page where one sees it come back."""
    if not draft.undo or steps.undone_in(draft.undo[-1]) not in ("", name):
        return ""
    return steps.words_for(draft.undo[-1])


def _frame(request: HttpRequest, mine: CourseActivity, draft: Draft, here: str, offer: offers.Offer) -> dict:
    """What every page of the editor shows around its section."""
    wanting = {fault.section for fault in faults.of(draft.definition, offer)}
    nav = [(name, label, name == here, name in wanting) for name, label in labels.SECTIONS.items()]
    seen = drafts.seen(draft)
    return {
        "activity": mine.activity,
        "mine": mine,
        "draft": draft,
        "seen": seen,
        "nav": nav,
        "checking": here == "check",
        "other": draft.editor if draft.editor_id and draft.editor_id != request.visit.person_id else None,
        "published": seen.base,
    }


# Checking, trying, publishing


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """What is missing, what a careful colleague would say, and the way to learners."""
    mine = reach.own(request.visit, slug)
    return _check(request, mine, drafts.of(mine.activity))


def _check(request: HttpRequest, mine: CourseActivity, draft: Draft, problem: str = "", status: int = 200):
    definition = outline.filled(draft.definition)
    offer = offers.of(mine.course_id)
    missing = faults.of(definition, offer)
    said = advice.in_order((*_advice(definition), *advice.on_choices(definition, offer)))
    suggested = [
        (point["text"], draft.suggested[point["id"]], point["id"])
        for _, point in outline.points(definition)
        if draft.suggested.get(point["id"])
    ]
    latest = mine.activity.versions.filter(published=True).order_by("-number").first()
    context = {
        **_frame(request, mine, draft, "check", offer),
        "title": definition["title"],
        "persona": definition["persona"],
        "missing": [_linked(request, mine.activity, definition, fault) for fault in missing],
        "advice": [_linked(request, mine.activity, definition, each) for each in said],
        "suggested": suggested,
        "changes": compare.changes(
            latest.definition, outline.complete(definition, slug=mine.activity.slug), offer.names
        )
        if latest and not missing
        else (),
        "latest": latest,
        "changed": not missing and versions.differs(mine.activity, draft),
        "problem": problem,
        "note": request.POST.get("note", ""),
    }
    return render(request, "authoring/check.html", context, status=status)


def _advice(definition: outline.Definition) -> tuple[advice.Advice, ...]:
    """Advice on the text, remembered for a day: the judge takes seconds over a long one."""
    text = json.dumps([definition, judge.version()], sort_keys=True)
    key = f"authoring:advice:{hashlib.sha256(text.encode()).hexdigest()}"
    return cache.get_or_set(key, lambda: advice.of(definition), timeout=86400)


def _linked(request: HttpRequest, activity: Activity, definition: dict, found: faults.Fault | advice.Advice) -> dict:
    """A fault or advice with what its place is called and where it is."""
    url = f"{_section_url(request, activity, found.section)}?check=1&at={_item_of(definition, found.path)}"
    return {
        "said": found,
        "where": _called(definition, found.path),
        "href": f"{url}#{sheet.dom_id(definition, found.path)}",
    }


def _item_of(definition: dict, path: str) -> str:
    found = re.match(r"(objectives\.\d+\.key_points\.\d+)\.", path)
    return sheet.dom_id(definition, found[1]) if found else ""


def _called(definition: dict, path: str) -> str:
    found = re.match(r"objectives\.(\d+)\.key_points\.(\d+)\.(\w+)", path)
    if found:
        point = definition["objectives"][int(found[1])]["key_points"][int(found[2])]
        return f"Key point {int(found[2]) + 1}{_of_several(definition, found[1])}: {_short(point['text'])}"
    found = re.match(r"(objectives|guardrails|facts)\.(\d+)", path)
    if found:
        name = {"objectives": "Objective", "guardrails": "Limit", "facts": "Fact"}[found[1]]
        item = definition[found[1]][int(found[2])]
        return f"{name} {int(found[2]) + 1}: {_short(item.get('name') or item.get('answer') or '')}".rstrip(": ")
    return labels.FIELDS.get(path, labels.SECTIONS.get(path, ""))


def _of_several(definition: dict, number: str) -> str:
    return f" of objective {int(number) + 1}" if len(definition["objectives"]) > 1 else ""


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:68].rstrip()}…"


@require_POST
@admitted("instructor", anywhere=True)
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """Try an activity in text or voice before anybody else meets it."""
    return _try(request, reach.readable(request.visit, slug))


def _try(request: HttpRequest, activity: Activity) -> HttpResponse:
    visit = request.visit
    if reach.is_own(visit, activity):
        try:
            versions.frozen(activity)
        except versions.Faulty as faulty:
            first = faulty.faults[0]
            url = _section_url(request, activity, first.section)
            definition = outline.filled(drafts.of(activity).definition)
            return SeeOther(f"{url}?check=1&try=1#{sheet.dom_id(definition, first.path)}")
    begun = previews.begin(request, visit, activity)
    return SeeOther(reverse("attempts:lobby", args=[begun.id]))


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def back(request: HttpRequest, slug: str) -> HttpResponse:
    """From a preview back to where it was begun."""
    visit = request.visit
    activity = reach.readable(visit, slug)
    from_visit = visit.origin if visit.origin in request.session.get("visits", {}) else visit.id
    if not reach.is_own(visit, activity):
        return redirect("picking:activities", from_visit)
    if Draft.objects.filter(activity=activity).exists():
        return redirect("authoring:check", from_visit, slug)
    return redirect("authoring:versions", from_visit, slug)


@require_POST
@admitted("instructor", anywhere=True)
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Freeze the draft as what learners meet from their next attempt on."""
    mine = reach.own(request.visit, slug)
    what = _seen(request)
    try:
        version = versions.publish(
            mine.activity,
            me(request),
            revision=what.revision,
            base=what.base if "base" in request.POST else None,
            seen=request.POST.get("looked") == "yes",
            note=request.POST.get("note", ""),
        )
    except versions.Faulty:
        return _check(
            request, mine, drafts.of(mine.activity), "A few things are missing before it can be published.", 422
        )
    except versions.Unread:
        problem = "Look at the suggested sentences first, then tick that you have read them."
        return _check(request, mine, drafts.of(mine.activity), problem, 422)
    except versions.Changed:
        problem = "The text was changed in another window or by a colleague. Here it is as it stands now."
        return _check(request, mine, drafts.of(mine.activity), problem, 409)
    url = reverse("authoring:versions", args=[request.visit.id, slug])
    return SeeOther(f"{url}?published={version.number}#published")


def _section_url(request: HttpRequest, activity: Activity, name: str) -> str:
    return reverse("authoring:section", args=[request.visit.id, activity.slug, name])


def _seen(request: HttpRequest) -> Seen:
    def number(name: str) -> int:
        value = request.POST.get(name, "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else -1

    return Seen(number("base"), number("revision"))


def me(request: HttpRequest) -> Person:
    return Person.objects.get(pk=request.visit.person_id)


def place_here(request: HttpRequest, activity: Activity, copied_from: Activity | None) -> dict:
    """What the button that places an activity says, from where the author came; empty where it cannot be placed."""
    visit = request.visit
    if visit.placing:
        return {"words": "Place it in the course", "placed": False}
    link = ResourceLink.objects.select_related("activity").filter(pk=visit.resource_link_id).first()
    if link is None or link.preview:
        return {}
    if link.activity_id == activity.pk:
        return {"words": "", "placed": True, "link": link}
    if link.activity and copied_from and link.activity_id == copied_from.pk:
        return {"words": "Put the copy in its place", "placed": False, "link": link, "original": True}
    words = "Use it here instead" if link.activity else "Place it in the course"
    return {"words": words, "placed": False, "link": link}
