"""The versions of an activity: which there are, what they say, how they differ, and putting an activity away."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.activities.models import Activity, ActivityVersion
from coachtool.attempts.access import admitted
from coachtool.attempts.models import ResourceLink
from coachtool.authoring import compare, drafts, labels, outline, reach
from coachtool.authoring import offer as offers
from coachtool.authoring import versions as freezing
from coachtool.authoring.models import CourseActivity, Draft
from coachtool.authoring.views import me, place_here
from coachtool.site.responses import SeeOther


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """The published versions, the newest first, and the differences between two of them."""
    activity = reach.readable(request.visit, slug)
    mine = CourseActivity.objects.filter(activity=activity, course_id=request.visit.course_id).first()
    listed = freezing.published(activity)
    old, new = _pair(request, listed)
    collections = offers.of(request.visit.course_id).names
    places = ResourceLink.objects.filter(activity=activity, preview=False, course_id=request.visit.course_id)
    context = {
        "activity": activity,
        "mine": mine,
        "listed": listed,
        "old": old,
        "new": new,
        "changes": compare.changes(old.definition, new.definition, collections) if old and new else None,
        "draft": Draft.objects.filter(activity=activity).exists() if mine else False,
        "place": place_here(request, activity, mine.copied_from) if mine and listed else {},
        "places": places.count(),
        "just": next((each for each in listed if str(each.version.number) == request.GET.get("published")), None),
        "archived": "archived" in request.GET,
    }
    return render(request, "authoring/versions.html", context)


def _pair(request: HttpRequest, listed: tuple) -> tuple[ActivityVersion | None, ActivityVersion | None]:
    """The two versions to compare, the older first; none unless both are named."""
    by_number = {str(each.version.number): each.version for each in listed}
    asked = [by_number.get(request.GET.get(name, "")) for name in ("old", "new")]
    if None in asked or asked[0] == asked[1]:
        return None, None
    return tuple(sorted(asked, key=lambda version: version.number))


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def text(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What a version says, to read."""
    activity = reach.readable(request.visit, slug)
    version = _version(activity, number)
    definition = outline.filled(version.definition)
    actions = {value: name for value, name, _ in labels.ACTIONS}
    collections = offers.of(request.visit.course_id).names
    context = {
        "activity": activity,
        "version": version,
        "own": reach.is_own(request.visit, activity),
        "text": definition,
        "pass_mark": labels.shown("pass_mark", definition["pass_mark"]),
        "attempts": labels.shown("attempts", definition["attempts"]),
        "objectives": [(each, _ways_on(definition, each)) for each in definition["objectives"]],
        "chosen": [(labels.FIELDS[name], labels.shown(name, definition[name])) for name in ("memory", "coach")],
        "documents": [collections.get(each, "A collection of another course") for each in definition["knowledge"]],
        "guardrails": [(each, actions[each["action"]]) for each in definition["guardrails"]],
    }
    return render(request, "authoring/text.html", context)


def _ways_on(definition: outline.Definition, objective: outline.Definition) -> list[tuple[str, str]]:
    """What is said of an objective's end, where it is not what goes without saying."""
    names = labels.objectives(definition)
    said = [(name, objective[name]) for name in ("if_met", "if_not_met", "confirmation")]
    return [
        (labels.FIELDS[f"objective.{name}"], labels.shown(f"objective.{name}", value, names))
        for name, value in said
        if value not in ("", "automatic")
    ]


@require_POST
@admitted("instructor", anywhere=True)
def restore(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Take this version's text as the draft again."""
    mine = reach.own(request.visit, slug)
    drafts.restore(mine.activity, _version(mine.activity, number), me(request))
    return SeeOther(reverse("authoring:section", args=[request.visit.id, slug, "persona"]) + "?at=undo")


@require_POST
@admitted("instructor", anywhere=True)
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Put an activity away, or bring it back (`undo`): it is no longer offered, places that have it keep it."""
    mine = reach.own(request.visit, slug)
    bring_back = "undo" in request.POST
    mine.archived = None if bring_back else (mine.archived or timezone.now())
    mine.save(update_fields=["archived"])
    if bring_back and not mine.activity.versions.filter(published=True).exists():
        return redirect("authoring:edit", request.visit.id, slug)
    url = reverse("authoring:versions", args=[request.visit.id, slug])
    return SeeOther(url if bring_back else f"{url}?archived=1#archived")


def _version(activity: Activity, number: int) -> ActivityVersion:
    found = activity.versions.filter(number=number, published=True).first()
    if found is None:
        raise Http404
    return found
