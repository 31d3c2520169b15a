"""Assignment and Grade Services 2.0 over HTTP: line items, results, scores.

Line item addresses may have a query string (Moodle's `?type_id=`): what is
below them goes before it. Everything raises services.Failed where the platform
does not do as asked.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from lti import services
from lti.claims import origin
from lti.models import Registration
from lti.services import Answer, Failed

_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM, READ_LINE_ITEM = _SCOPE + "lineitem", _SCOPE + "lineitem.readonly"
READ_RESULTS, SCORE = _SCOPE + "result.readonly", _SCOPE + "score"

_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
_RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
_SCORE = "application/vnd.ims.lis.v1.score+json"


@dataclass(frozen=True)
class LineItem:
    """A column of the platform's gradebook. `id` is its address; '' until the platform has made it.

    `rest` is what else the platform says of it, which an update has to repeat.
    """

    id: str
    label: str
    maximum: float
    resource_link_id: str = ""
    resource_id: str = ""
    tag: str = ""
    rest: dict = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Result:
    """What the gradebook holds for one user. `score` of `maximum`; None where it holds nothing."""

    user_id: str
    score: float | None
    maximum: float


def line_items(
    http: httpx.Client,
    registration: Registration,
    container: str,
    *,
    scope: str = LINE_ITEM,
    resource_link_id: str = "",
    resource_id: str = "",
    tag: str = "",
) -> Iterator[LineItem]:
    """The line items that match, page by page. A platform that knows no filter answers with all of them; none pass."""
    wanted = {"resource_link_id": resource_link_id, "resource_id": resource_id, "tag": tag}
    for page in services.pages(http, registration, [scope], container, _ITEMS, **wanted):
        for entry in _entries(page):
            item = _line_item(entry, page)
            if all(getattr(item, name) == value for name, value in wanted.items() if value):
                yield item


def create_line_item(http: httpx.Client, registration: Registration, container: str, item: LineItem) -> LineItem:
    """Make a column; what the platform made of it, with its address."""
    answer = services.call(
        http, registration, [LINE_ITEM], "POST", container, accept=_ITEM, media=_ITEM, body=_item_body(item)
    )
    return _line_item(answer.body, answer)


def read_line_item(http: httpx.Client, registration: Registration, address: str, *, scope: str = LINE_ITEM) -> LineItem:
    """The column as the platform has it."""
    answer = services.get(http, registration, [scope], address, _ITEM)
    return _line_item(answer.body, answer)


def update_line_item(http: httpx.Client, registration: Registration, item: LineItem) -> LineItem:
    """Replace the column's description, as a whole."""
    answer = services.call(
        http, registration, [LINE_ITEM], "PUT", item.id, accept=_ITEM, media=_ITEM, body=_item_body(item)
    )
    return item if answer.body is None else _line_item(answer.body, answer)


def delete_line_item(http: httpx.Client, registration: Registration, address: str) -> None:
    """Take the column away, with the grades in it. One that is gone already is no failure."""
    try:
        services.call(http, registration, [LINE_ITEM], "DELETE", address)
    except Failed as failed:
        if failed.answer.status not in (404, 410):
            raise


def results(http: httpx.Client, registration: Registration, lineitem: str, *, user_id: str = "") -> Iterator[Result]:
    """What the gradebook holds, of everybody or of one user."""
    address = below(lineitem, "results")
    for page in services.pages(http, registration, [READ_RESULTS], address, _RESULTS, user_id=user_id):
        for entry in _entries(page):
            found = _result(entry, page)
            if not user_id or found.user_id == user_id:
                yield found


def post_score(http: httpx.Client, registration: Registration, lineitem: str, score: dict) -> None:
    """Send one score."""
    services.call(http, registration, [SCORE], "POST", below(lineitem, "scores"), media=_SCORE, body=score)


def below(lineitem: str, what: str) -> str:
    """The address of a line item's `scores` or `results`."""
    parts = urlsplit(lineitem)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/" + what, fragment=""))


def _item_body(item: LineItem) -> dict:
    body = {
        "id": item.id,
        "label": item.label,
        "scoreMaximum": item.maximum,
        "resourceLinkId": item.resource_link_id,
        "resourceId": item.resource_id,
        "tag": item.tag,
    }
    return item.rest | {name: value for name, value in body.items() if value != ""}


def _entries(page: Answer) -> list[dict]:
    if not isinstance(page.body, list) or not all(isinstance(entry, dict) for entry in page.body):
        raise Failed(_unreadable(page))
    return page.body


def _line_item(entry: Any, page: Answer) -> LineItem:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not origin(entry["id"]):
        raise Failed(_unreadable(page))
    label, resource_link_id, resource_id, tag = (
        value if isinstance(value := entry.get(name), str) else ""
        for name in ("label", "resourceLinkId", "resourceId", "tag")
    )
    maximum = _number(entry.get("scoreMaximum"))
    return LineItem(entry["id"], label, maximum or 0.0, resource_link_id, resource_id, tag, entry)


def _result(entry: dict, page: Answer) -> Result:
    user_id = entry.get("userId")
    if not isinstance(user_id, str | int):
        raise Failed(_unreadable(page))
    # Without a maximum the result is a share (AGS 2.0, section 3.3.5).
    return Result(str(user_id), _number(entry.get("resultScore")), _number(entry.get("resultMaximum")) or 1.0)


def _number(value: Any) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if sound else None


def _unreadable(page: Answer) -> Answer:
    return Answer(page.status, "the answer could not be read")
