"""The gradebook: Assignment and Grade Services 2.0 towards the tool, rows of grades for people.

Line item URLs carry a query string, as Moodle's do: `/scores` and `/results`
go before it, and the query must come along. The tool may change and delete the
columns that it made itself, and no others. As in Canvas, what came last counts,
a score of the tool or a grade that the instructor typed; unless the tool says
that its score gives way to hers.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime

from lti.sandbox import platform
from lti.sandbox.judge import Wrong, json_body, judged
from lti.sandbox.models import Course, Habits, HumanGrade, LineItem, ResourceLink, Score, User
from lti.sandbox.tokens import require_scope

_LINEITEM = "application/vnd.ims.lis.v2.lineitem+json"
_LINEITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
_RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
_SCORE = "application/vnd.ims.lis.v1.score+json"
_READ_ITEMS = (platform.AGS + "lineitem.readonly", platform.AGS + "lineitem")
_WRITE_ITEMS = platform.AGS + "lineitem"
SUBMISSION = "https://canvas.instructure.com/lti/submission"
_ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
_GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}


@dataclass(frozen=True)
class Row:
    """One learner at one item. `score` is on the item's scale, `typed` by the instructor; None while nothing counts."""

    learner: User
    item: LineItem
    score: float | None
    latest: Score | None
    received: int
    typed: bool

    @property
    def as_json(self) -> dict:
        latest, link = self.latest, self.item.link
        return {
            "learner": self.learner.username,
            "name": str(self.learner),
            "item": self.item.pk,
            "resource_link": link.slug if link else "",
            "activity": link.custom.get("activity", "") if link else "",
            "score": self.score,
            "maximum": self.item.maximum,
            "typed": self.typed,
            "activity_progress": latest.activity_progress if latest else "",
            "grading_progress": latest.grading_progress if latest else "",
            "comment": latest.comment if latest else "",
            "timestamp": latest.timestamp.isoformat() if latest else None,
            "submission": latest.submission if latest else None,
            "scores_received": self.received,
        }


def rows(course: Course, viewer: User) -> list[Row]:
    """Every learner at every item for the instructor; one's own for a learner."""
    learners = User.objects.filter(instructor=False)
    if not viewer.instructor:
        learners = learners.filter(pk=viewer.pk)
    items = list(course.items.select_related("link").order_by("pk"))
    scores = _by_cell(Score.objects.filter(item__in=items, user__in=learners))
    typed = _by_cell(HumanGrade.objects.filter(item__in=items, user__in=learners))
    return [
        _row(learner, item, scores.get((learner.pk, item.pk), []), typed.get((learner.pk, item.pk), []))
        for learner in sorted(learners, key=lambda user: user.number)
        for item in items
    ]


def type_grade(item: LineItem, user: User, points: float | None) -> HumanGrade:
    """What the instructor types into a cell: points on the item's scale, or None to empty it. Raises ValueError."""
    if points is not None and not (math.isfinite(points) and 0 <= points <= item.maximum):
        raise ValueError(f"a grade here is from 0 to {item.maximum:g}")
    return HumanGrade.objects.create(item=item, user=user, points=points)


def _by_cell(entries) -> dict[tuple[int, int], list]:
    cells: dict[tuple[int, int], list] = {}
    for entry in entries:
        cells.setdefault((entry.user_id, entry.item_id), []).append(entry)
    return cells


def _row(learner: User, item: LineItem, scores: list[Score], typed: list[HumanGrade]) -> Row:
    """`scores` by timestamp, `typed` by time."""
    # The newest score with a say: fully graded, or taking its grade back by having none.
    saying = [score for score in scores if score.grading_progress == "FullyGraded" or score.given is None]
    grade, human = (saying[-1] if saying else None), (typed[-1] if typed else None)
    by_hand = human is not None and human.points is not None and (grade is None or _stands(human, grade))
    if by_hand:
        value = human.points
    else:
        graded = grade is not None and grade.given is not None
        value = round(min(grade.given / grade.maximum, 1.0) * item.maximum, 2) if graded else None
    return Row(learner, item, value, scores[-1] if scores else None, len(scores), by_hand)


def _stands(human: HumanGrade, score: Score) -> bool:
    return human.typed > score.received or bool((score.submission or {}).get("prioritize_non_tool_grade"))


@judged("lineitem")
def lineitems(request: HttpRequest, course_id: int) -> HttpResponse:
    """The course's line items page by page, filtered (AGS 2.0, section 3.2); POST makes one."""
    _type(request)
    if request.method == "POST":
        require_scope(request, _WRITE_ITEMS)
        return _create(request, course_id)
    if request.method != "GET":
        raise Wrong(405, "GET and POST only")
    require_scope(request, *_READ_ITEMS)
    items = LineItem.objects.filter(course_id=course_id).order_by("pk")
    for name in ("resource_id", "tag"):
        if name in request.GET:
            items = items.filter(**{name: request.GET[name]})
    wanted = request.GET.get("resource_link_id")
    if wanted is not None:
        items = items.filter(link_id=int(wanted)) if wanted.isdecimal() else items.none()
    return _page(request, [_item_json(item) for item in items], _LINEITEMS)


@judged("lineitem")
def lineitem(request: HttpRequest, course_id: int, item_id: int) -> HttpResponse:
    """One line item: read, replaced, or taken away."""
    if request.method not in ("GET", "PUT", "DELETE"):
        raise Wrong(405, "GET, PUT and DELETE only")
    require_scope(request, *(_READ_ITEMS if request.method == "GET" else (_WRITE_ITEMS,)))
    item = _item(request, course_id, item_id)
    if request.method != "GET" and not item.made_by_tool:
        raise Wrong(403, "this line item is not the tool's own", "insufficient_scope")
    if request.method == "DELETE":
        item.delete()
        return HttpResponse(status=204)
    if request.method == "PUT":
        body = json_body(request, _LINEITEM)
        if body.get("id") not in (None, _address(item)):
            raise Wrong(400, "id is another line item's")
        _describe(item, body)
        if "resourceLinkId" in body and body["resourceLinkId"] != str(item.link_id or ""):
            raise Wrong(400, "a line item stays with its resource link")
        item.save()
    return JsonResponse(_item_json(item), content_type=_LINEITEM)


@judged("results")
def results(request: HttpRequest, course_id: int, item_id: int) -> HttpResponse:
    """What the gradebook holds."""
    if request.method != "GET":
        raise Wrong(405, "GET only")
    require_scope(request, platform.AGS + "result.readonly")
    item = _item(request, course_id, item_id)
    users = User.objects.filter(instructor=False).order_by("pk")
    if request.GET.get("user_id"):
        users = users.filter(sub=request.GET["user_id"])
    scores, typed = _by_cell(item.scores.filter(user__in=users)), _by_cell(item.human_grades.filter(user__in=users))
    found = [_row(user, item, scores.get((user.pk, item.pk), []), typed.get((user.pk, item.pk), [])) for user in users]
    body = [
        {
            "id": f"{_address(item, '/results')}&user_id={row.learner.sub}",
            "userId": row.learner.sub,
            "resultScore": row.score,
            "resultMaximum": item.maximum,
            "comment": row.latest.comment if row.latest else "",
            "scoreOf": _address(item),
        }
        for row in found
        if row.score is not None
    ]
    return _page(request, body, _RESULTS)


@judged("scores")
def scores(request: HttpRequest, course_id: int, item_id: int) -> HttpResponse:
    """Take one score (AGS 2.0, section 3.4)."""
    if request.method != "POST":
        raise Wrong(405, "scores takes POST only")
    require_scope(request, platform.AGS + "score")
    body = json_body(request, _SCORE)
    item = _item(request, course_id, item_id)
    given, maximum = _points(body)
    timestamp = _timestamp(body.get("timestamp"))
    for name, known in (("activityProgress", _ACTIVITY), ("gradingProgress", _GRADING)):
        if body.get(name) not in known:
            raise Wrong(400, f"{name} is missing or unknown")
    if not isinstance(body.get("comment", ""), str):
        raise Wrong(400, "comment is not text")
    user_id = body.get("userId")
    user = User.objects.filter(sub=user_id).first() if isinstance(user_id, str) else None
    if user is None or user.instructor:
        raise Wrong(422, "userId is not a learner of this course")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        newest = Score.objects.filter(item=item, user=user).last()
        if newest is not None and timestamp <= newest.timestamp:
            raise Wrong(409, "timestamp is not later than that of the score we have")
        Score.objects.create(
            item=item,
            user=user,
            given=given,
            maximum=maximum,
            activity_progress=body["activityProgress"],
            grading_progress=body["gradingProgress"],
            comment=body.get("comment", ""),
            timestamp=timestamp,
            submission=_submission(body.get(SUBMISSION)),
        )
    return JsonResponse({"resultUrl": f"{_address(item, '/results')}&user_id={user.sub}"})


def _create(request: HttpRequest, course_id: int) -> HttpResponse:
    body = json_body(request, _LINEITEM)
    if "id" in body:
        raise Wrong(400, "the platform gives a new line item its id")
    item = LineItem(course_id=course_id, made_by_tool=True)
    _describe(item, body)
    named = body.get("resourceLinkId")
    if named is not None:
        links = ResourceLink.objects.filter(course_id=course_id)
        item.link = links.filter(pk=int(named)).first() if isinstance(named, str) and named.isdecimal() else None
        if item.link is None:
            raise Wrong(400, "resourceLinkId is no link of this course")
    item.save()
    return JsonResponse(_item_json(item), content_type=_LINEITEM, status=201)


def _describe(item: LineItem, body: dict) -> None:
    """Take over what a line item says of itself, or Wrong."""
    label, maximum = body.get("label"), body.get("scoreMaximum")
    if not isinstance(label, str) or not label.strip() or len(label) > 200:
        raise Wrong(400, "label is missing, empty or too long")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or not math.isfinite(maximum) or maximum <= 0:
        raise Wrong(400, "scoreMaximum is missing or no number above 0")
    for name in ("resourceId", "tag"):
        value = body.get(name, "")
        if not isinstance(value, str) or len(value) > 255:
            raise Wrong(400, f"{name} is not a text of at most 255 characters")
    item.label, item.maximum = label, float(maximum)
    item.resource_id, item.tag = body.get("resourceId", ""), body.get("tag", "")


def _page(request: HttpRequest, entries: list, media: str) -> HttpResponse:
    """The page from `from` on, with a Link header to the others as correct platforms or Moodle write it."""
    habits = Habits.objects.first() or Habits()
    start, limit = (_whole(request, name) for name in ("from", "limit"))
    size = min(limit or habits.page_size, habits.page_size)
    response = JsonResponse(entries[start : start + size], safe=False, content_type=media)
    pages = {"first": 0}
    if start + size < len(entries):
        pages["next"] = start + size
    if len(entries) > size:
        pages["last"] = (len(entries) - 1) // size * size
        response.headers["Link"] = ", ".join(
            _link(request, start, size, relation, habits.curly_links) for relation, start in pages.items()
        )
    return response


def _link(request: HttpRequest, start: int, size: int, relation: str, curly: bool) -> str:
    query = request.GET.copy()
    query["limit"], query["from"] = str(size), str(start)
    address = platform.url(f"{request.path}?{query.urlencode()}")
    if not curly:
        return f'<{address}>; rel="{relation}"'
    # As captured from Moodle 4.5: bytes of UTF-8 in a header that is read as Latin-1.
    quoted = f"“{relation}”".encode().decode("latin-1")
    return f"<{address.replace('&', '&amp;')}>; rel={quoted}"


def _whole(request: HttpRequest, name: str) -> int:
    value = request.GET.get(name, "0")
    if not value.isdecimal():
        raise Wrong(400, f"{name} is not a number")
    return int(value)


def _submission(value: Any) -> dict | None:
    """Canvas's extension as it documents it, or Wrong."""
    if value is None:
        return None
    known = {
        "new_submission": bool,
        "preserve_score": bool,
        "prioritize_non_tool_grade": bool,
        "submission_type": str,
        "submission_data": str,
        "submitted_at": str,
    }
    if not isinstance(value, dict) or any(not isinstance(entry, known.get(name, ())) for name, entry in value.items()):
        raise Wrong(400, f"{SUBMISSION} is not as Canvas documents it")
    return value


def _points(body: dict) -> tuple[float | None, float | None]:
    given, maximum = body.get("scoreGiven"), body.get("scoreMaximum")
    if given is None:
        return None, None
    if maximum is None:
        raise Wrong(400, "scoreGiven without scoreMaximum")
    for name, value in (("scoreGiven", given), ("scoreMaximum", maximum)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise Wrong(400, f"{name} is not a number from 0")
    if maximum == 0:
        raise Wrong(400, "scoreMaximum is 0")
    return float(given), float(maximum)


def _timestamp(value: object) -> datetime:
    try:
        parsed = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise Wrong(400, "timestamp is missing, not ISO 8601 or without a time zone")
    return parsed.replace(microsecond=0)  # Moodle compares by the second


def _item(request: HttpRequest, course_id: int, item_id: int) -> LineItem:
    _type(request)
    item = LineItem.objects.select_related("link").filter(pk=item_id, course_id=course_id).first()
    if item is None:
        raise Wrong(404, "there is no such line item")
    return item


def _type(request: HttpRequest) -> None:
    if request.GET.get("type_id") != settings.DEPLOYMENT_ID:
        raise Wrong(404, "the line item's query string is missing")


def _address(item: LineItem, what: str = "") -> str:
    path = f"/lti/courses/{item.course_id}/lineitems/{item.pk}/lineitem{what}"
    return platform.url(f"{path}?type_id={settings.DEPLOYMENT_ID}")


def _item_json(item: LineItem) -> dict:
    described = {
        "id": _address(item),
        "label": item.label,
        "scoreMaximum": item.maximum,
        "resourceId": item.resource_id,
        "tag": item.tag,
        "resourceLinkId": str(item.link_id or ""),
        "submissionReview": item.submission_review,
    }
    return {name: value for name, value in described.items() if value not in ("", None)}
