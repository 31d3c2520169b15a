"""The instructor's pages of a course: its people and progress, what is missed, and a table to take along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts import course_table, dashboard, enrolments, missed
from coachtool.attempts.access import NotAdmitted, Visit, admitted
from coachtool.attempts.models import Course, ResourceLink

COLUMNS = (
    ("name", "Name"),
    ("status", "Practised"),
    ("outcome", "Best outcome"),
    ("points", "Points"),
    ("last", "Last time"),
    ("waits", "Waits for you"),
)
FILTERS = (("all", "Everybody"), ("not_yet", "Not yet"), ("passed", "Passed"), ("needs_you", "Waits for you"))
_DOWN_FIRST = ("points", "last", "waits", "outcome", "status")  # the first click shows the most, the newest


@dataclass(frozen=True)
class Choice:
    """What the address asks to see. `at` is a resource link's id."""

    at: int
    show: str = "all"
    sort: str = "name"
    down: bool = False
    search: str = ""

    @property
    def query(self) -> str:
        """As in an address, with its question mark; what goes without saying is left out."""
        said = {
            "at": self.at,
            "show": self.show if self.show != "all" else "",
            "sort": self.sort if self.sort != "name" or self.down else "",
            "order": "down" if self.down else "",
            "q": self.search,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True)
class Link:
    """A way to see the table differently; `direction` is aria-sort's word for a column it is sorted by."""

    name: str
    label: str
    href: str
    here: bool = False
    count: int = 0
    direction: str = ""


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def page(request: HttpRequest) -> HttpResponse:
    """Who has practised, how far, what the class misses, and what waits for the instructor."""
    visit = request.visit
    course = Course.objects.get(pk=visit.course_id)
    roster = enrolments.roster(course)
    links = dashboard.links_of(course)
    if not links:
        return render(request, "course/nothing_placed.html", {"course": course})
    link = _link(visit, links, request.GET)
    choice = _choice(link, request.GET)
    board = dashboard.build(visit, link, links)
    rows = dashboard.shown(board.people, choice.show, choice.search)
    context = {
        "course": course,
        "link": link,
        "links": links,
        "board": board,
        "roster": roster,
        "missed": missed.build(link.version.brief, board.chosen),
        "rows": dashboard.ordered(rows, choice.sort, choice.down),
        "choice": choice,
        "columns": [_column(choice, name, label) for name, label in COLUMNS],
        "filters": [_filter(choice, board, name, label) for name, label in FILTERS],
        "everybody": replace(choice, show="all", search="").query,
    }
    return render(request, "course/dashboard.html", context)


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def point(request: HttpRequest, point_id: str) -> HttpResponse:
    """Where one key point was missed, learner by learner."""
    visit = request.visit
    links = dashboard.links_of(visit.course_id)
    link = _link(visit, links, request.GET)
    board = dashboard.build(visit, link, links)
    found = missed.examples(link.version.brief, board.chosen, point_id)
    if found is None:
        raise NotAdmitted("This activity has no such key point.")
    return render(request, "course/point.html", {"link": link, "examples": found})


@require_safe
@never_cache
@admitted("instructor", anywhere=True)
def table(request: HttpRequest) -> HttpResponse:
    """The people as they are shown, and those who are gone unless a filter is on, as a CSV file."""
    visit = request.visit
    links = dashboard.links_of(visit.course_id)
    link = _link(visit, links, request.GET)
    choice = _choice(link, request.GET)
    board = dashboard.build(visit, link, links)
    people = board.people if choice.show != "all" else (*board.people, *board.gone)
    rows = dashboard.ordered(dashboard.shown(people, choice.show, choice.search), choice.sort, choice.down)
    response = HttpResponse(course_table.csv_of(rows, links), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{course_table.file_name(link)}"'
    return response


@require_POST
@admitted("instructor", anywhere=True)
def refresh(request: HttpRequest) -> HttpResponse:
    """Have the roster read again."""
    roster = enrolments.roster(Course.objects.get(pk=request.visit.course_id), again=True)
    if roster.offered:
        messages.info(request, "The LMS is being asked for the roster. Reload the page in a moment.")
    else:
        messages.warning(request, "The LMS offers no roster to this tool.")
    back = reverse("course:dashboard", args=[request.visit.id])
    at = request.POST.get("at", "")
    return redirect(f"{back}?at={at}" if at.isdecimal() else back)


def _link(visit: Visit, links: tuple[ResourceLink, ...], asked: QueryDict) -> ResourceLink:
    """The place that the address names, else the visit's own, else the course's first; raises NotAdmitted."""
    by_id = {str(link.pk): link for link in links}
    at = asked.get("at", "")
    if (at and at not in by_id) or not links:
        raise NotAdmitted("There is no such activity in this course.")
    return by_id.get(at) or by_id.get(str(visit.resource_link_id)) or links[0]


def _choice(link: ResourceLink, asked: QueryDict) -> Choice:
    """What is asked for; what cannot be understood goes without saying."""
    show, sort = asked.get("show", "all"), asked.get("sort", "name")
    return Choice(
        at=link.pk,
        show=show if show in dict(FILTERS) else "all",
        sort=sort if sort in dict(COLUMNS) else "name",
        down=asked.get("order") == "down",
        search=asked.get("q", "").strip()[:100],
    )


def _column(choice: Choice, name: str, label: str) -> Link:
    here = choice.sort == name
    down = not choice.down if here else name in _DOWN_FIRST
    direction = ("descending" if choice.down else "ascending") if here else ""
    return Link(name, label, replace(choice, sort=name, down=down).query, here, direction=direction)


def _filter(choice: Choice, board: dashboard.Dashboard, name: str, label: str) -> Link:
    count = len(dashboard.shown(board.people, name, choice.search))
    return Link(name, label, replace(choice, show=name).query, choice.show == name, count)
