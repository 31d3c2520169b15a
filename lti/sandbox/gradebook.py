"""The gradebook: Assignment and Grade Services 2.0 towards the tool, rows of grades for people.

Line item URLs carry a query string, as Moodle's do: `/scores` and `/results`
go before it, and the query must come along.
"""

import json
import math
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime

from lti.sandbox import platform
from lti.sandbox.judge import Wrong, judged
from lti.sandbox.models import Course, LineItem, Score, User
from lti.sandbox.tokens import require_scope

_LINEITEM = "application/vnd.ims.lis.v2.lineitem+json"
_LINEITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
_RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
_SCORE = "application/vnd.ims.lis.v1.score+json"
_READ_ITEMS = (platform.AGS + "lineitem.readonly", platform.AGS + "lineitem")
_ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
_GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}


@dataclass(frozen=True)
class Row:
    """One learner at one item. `score` is on the item's scale; None while nothing is fully graded."""

    learner: User
    item: LineItem
    score: float | None
    latest: Score | None
    received: int

    @property
    def as_json(self) -> dict:
        latest = self.latest
        return {
            "learner": self.learner.username,
            "name": str(self.learner),
            "item": self.item.pk,
            "resource_link": self.item.link.slug,
            "activity": self.item.link.custom.get("activity", ""),
            "score": self.score,
            "maximum": self.item.maximum,
            "activity_progress": latest.activity_progress if latest else "",
            "grading_progress": latest.grading_progress if latest else "",
            "comment": latest.comment if latest else "",
            "timestamp": latest.timestamp.isoformat() if latest else None,
            "scores_received": self.received,
        }


def rows(course: Course, viewer: User) -> list[Row]:
    """Every learner at every item for the instructor; one's own for a learner."""
    learners = User.objects.filter(instructor=False)
    if not viewer.instructor:
        learners = learners.filter(pk=viewer.pk)
    items = list(course.items.select_related("link").order_by("pk"))
    received: dict[tuple, list[Score]] = {}
    for score in Score.objects.filter(item__in=items, user__in=learners):
        received.setdefault((score.user_id, score.item_id), []).append(score)
    return [
        _row(learner, item, received.get((learner.pk, item.pk), []))
        for learner in sorted(learners, key=lambda user: user.number)
        for item in items
    ]


def _row(learner: User, item: LineItem, scores: list[Score]) -> Row:
    graded = [score for score in scores if score.grading_progress == "FullyGraded" and score.given is not None]
    grade = graded[-1] if graded else None
    value = round(min(grade.given / grade.maximum, 1.0) * item.maximum, 2) if grade else None
    return Row(learner, item, value, scores[-1] if scores else None, len(scores))


@judged("lineitem")
def lineitems(request: HttpRequest, course_id: int) -> HttpResponse:
    """The course's line items; all of them on one page."""
    _get(request)
    require_scope(request, *_READ_ITEMS)
    _type(request)
    items = LineItem.objects.filter(course_id=course_id)
    wanted = request.GET.get("resource_link_id")
    if wanted is not None:
        items = items.filter(link_id=int(wanted)) if wanted.isdecimal() else items.none()
    return JsonResponse([_item_json(item) for item in items.order_by("pk")], safe=False, content_type=_LINEITEMS)


@judged("lineitem")
def lineitem(request: HttpRequest, course_id: int, item_id: int) -> HttpResponse:
    """One line item."""
    _get(request)
    require_scope(request, *_READ_ITEMS)
    return JsonResponse(_item_json(_item(request, course_id, item_id)), content_type=_LINEITEM)


@judged("results")
def results(request: HttpRequest, course_id: int, item_id: int) -> HttpResponse:
    """What the gradebook holds."""
    _get(request)
    require_scope(request, platform.AGS + "result.readonly")
    item = _item(request, course_id, item_id)
    users = User.objects.filter(instructor=False, scores__item=item).distinct()
    if request.GET.get("user_id"):
        users = users.filter(sub=request.GET["user_id"])
    found = [_row(user, item, list(Score.objects.filter(item=item, user=user))) for user in users]
    body = [
        {
            "id": f"{_address(item, '/results')}&user_id={row.learner.sub}",
            "userId": row.learner.sub,
            "resultScore": row.score,
            "resultMaximum": item.maximum,
            "comment": row.latest.comment,
            "scoreOf": _address(item),
        }
        for row in found
        if row.score is not None
    ]
    return JsonResponse(body, safe=False, content_type=_RESULTS)


@judged("scores")
def scores(request: HttpRequest, course_id: int, item_id: int) -> HttpResponse:
    """Take one score (AGS 2.0, section 3.4)."""
    if request.method != "POST":
        raise Wrong(405, "scores takes POST only")
    require_scope(request, platform.AGS + "score")
    if request.content_type != _SCORE:
        raise Wrong(415, f"Content-Type is {request.content_type!r}, not {_SCORE}")
    item = _item(request, course_id, item_id)
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Wrong(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Wrong(400, "the body is not an object")
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
        )
    return JsonResponse({"resultUrl": f"{_address(item, '/results')}&user_id={user.sub}"})


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


def _get(request: HttpRequest) -> None:
    if request.method != "GET":
        raise Wrong(405, "GET only")


def _address(item: LineItem, what: str = "") -> str:
    path = f"/lti/courses/{item.course_id}/lineitems/{item.pk}/lineitem{what}"
    return platform.url(f"{path}?type_id={settings.DEPLOYMENT_ID}")


def _item_json(item: LineItem) -> dict:
    return {
        "id": _address(item),
        "label": item.label,
        "scoreMaximum": item.maximum,
        "resourceLinkId": str(item.link_id),
    }
