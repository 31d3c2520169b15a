"""The gradebook column of a resource link, where the platform leaves it to the tool to make one.

Everything that may make, change or take away a column runs alone for its link,
whichever process it is in, so that there are never two. A column whose making
was not answered is found again by its resource link.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
from django.db import connection, transaction

from coachtool.activities.models import ActivityVersion
from coachtool.attempts.models import ResourceLink
from lti import ags, grades, products, services
from lti.ags import LineItem
from lti.models import GradeDelivery, GradeService, Registration

TAG = "coachtool-column"  # on every column that we made ourselves

GONE = "The LMS no longer has this gradebook column; it was deleted there."
_NO_SERVICE = "The LMS has not told us of a gradebook for this activity."
_NO_PERMISSION = (
    "The LMS does not let this tool make gradebook columns. Turn on grading in the activity's settings there, "
    "or ask your LMS administrator to allow this tool to manage line items."
)
_NO_ACTIVITY = "Choose an activity first; the column takes its name and points."
_NONE_YET = "There is no gradebook column for this activity yet. Make one on this page, and the grades are sent."
_TAKEN_AWAY = "The gradebook column was taken away. Make one on this page, and the grade is sent again."
_SEVERAL = (
    "The gradebook has {count} columns for this activity, and we cannot tell which one is meant. "
    "Keep one of them there, then try again."
)


class NoColumn(Exception):
    """There is no column and none is made; the text tells the instructor why and what to do."""


def obstacle(service: GradeService | None) -> str:
    """Why no column can be made at this link; '' if one can."""
    if service is None:
        return _NO_SERVICE
    if not service.lineitems or ags.LINE_ITEM not in service.scopes:
        return _NO_PERMISSION
    return "" if service.resource_link.activity_id else _NO_ACTIVITY


def automatic(service: GradeService) -> bool:
    """Whether the tool makes the column without being asked."""
    choice = service.registration.line_items
    always = choice == Registration.LineItems.ALWAYS
    by_product = choice == Registration.LineItems.AUTO and products.makes_no_line_items(service.registration)
    return not service.unwanted and (always or by_product)


def is_behind(service: GradeService) -> bool:
    """Whether our own column has another name or maximum than the activity, or is still to be made by itself."""
    if not service.lineitem:
        return automatic(service) and not obstacle(service)
    try:
        return service.made and service.column != _told(service)
    except NoColumn:
        return False


def keep(http: httpx.Client, link_id: int) -> None:
    """Make the column that is due, or bring ours up to date. Raises services.Failed, NoColumn."""
    service = _service(link_id)
    if service is None or not is_behind(service):
        return
    if service.lineitem:
        follow(http, link_id)
    else:
        ensure(http, link_id)


def ensure(http: httpx.Client, link_id: int, *, asked: bool = False) -> GradeService:
    """The link's grade service with a column, made or found where it is missing.

    `asked`: the instructor wants one, whatever the registration says.
    Raises NoColumn where there is none to be had, services.Failed where the platform fails.
    """
    with _alone(link_id):
        service = _service(link_id)
        if service is not None and service.lineitem:
            return service
        if reason := obstacle(service):
            raise NoColumn(reason)
        if not asked and not automatic(service):
            raise NoColumn(_NONE_YET)
        return _make(http, service)


def make_again(http: httpx.Client, link_id: int, lost: str, *, asked: bool = False) -> bool:
    """Replace a column that the platform no longer has; False where it is still there, or not for us to replace.

    By ourselves we replace our own only, and once: who deletes it a second time
    does not want it. Raises services.Failed, NoColumn.
    """
    with _alone(link_id):
        service = _service(link_id)
        if service is None or service.lineitem != lost:
            return service is not None and bool(service.lineitem)
        if not asked and (not service.made or service.column.get("again")):
            return False
        if reason := obstacle(service):
            raise NoColumn(reason)
        if _is_there(http, service):
            return False
        service.column = {} if asked else {"again": True}
        _make(http, service)
    return True


def follow(http: httpx.Client, link_id: int) -> None:
    """Bring our own column's maximum and name up to date. Raises services.Failed."""
    with _alone(link_id):
        service = _service(link_id)
        if service is not None and service.lineitem and is_behind(service):
            _update(http, service)
            service.save(update_fields=["column"])


def take_away(http: httpx.Client, link_id: int) -> None:
    """Delete the column that we made, with the grades in it. Raises services.Failed, NoColumn."""
    with _alone(link_id):
        service = _service(link_id)
        if service is None or not service.made or not service.lineitem:
            raise NoColumn("This column was made in the LMS; take it away there.")
        ags.delete_line_item(http, service.registration, service.lineitem)
        service.lineitem, service.made, service.column, service.unwanted = "", False, {}, True
        with transaction.atomic():
            service.save(update_fields=["lineitem", "made", "column", "unwanted"])
            GradeDelivery.objects.filter(resource_link_id=link_id).update(
                state=GradeDelivery.State.STUCK, sent=None, claimed_until=None, last_error=_TAKEN_AWAY
            )


def _make(http: httpx.Client, service: GradeService) -> GradeService:
    """Find the link's column or make it, and send there what has waited."""
    found = _existing(http, service)
    item = found or ags.create_line_item(http, service.registration, service.lineitems, _wanted(service))
    service.lineitem, service.made = item.id, found is None or found.tag == TAG
    service.column = _told(service)
    if service.made and item.maximum != service.column["maximum"]:
        _update(http, service)
    service.unwanted, service.trouble = False, ""
    with transaction.atomic():
        service.save(update_fields=["lineitem", "made", "column", "unwanted", "trouble"])
        # A column just made holds nothing; one that was found may hold what we sent before.
        due = GradeDelivery.objects.filter(resource_link_id=service.resource_link_id)
        grades.send_again(due.filter(state=GradeDelivery.State.STUCK) if found else due, submitted=None)
    return service


def _existing(http: httpx.Client, service: GradeService) -> LineItem | None:
    """The link's own column, or one of ours that hangs nowhere; None where it is to be made."""
    link, wanted = service.resource_link, _wanted(service)
    of_link = list(ags.line_items(http, service.registration, service.lineitems, resource_link_id=link.lms_id))
    if len(of_link) > 1:
        ours = [item for item in of_link if item.tag == TAG]
        if len(ours) != 1:
            raise NoColumn(_SEVERAL.format(count=len(of_link)))
        return ours[0]
    if of_link:
        return of_link[0]
    # Course copies keep resource_id and tag: only one that is nobody else's can be meant.
    taken = set(
        GradeService.objects.filter(resource_link__course=link.course_id)
        .exclude(pk=service.pk)
        .values_list("lineitem", flat=True)
    )
    loose = [
        item
        for item in ags.line_items(
            http, service.registration, service.lineitems, resource_id=wanted.resource_id, tag=TAG
        )
        if not item.resource_link_id and item.id not in taken
    ]
    return loose[0] if len(loose) == 1 else None


def _update(http: httpx.Client, service: GradeService) -> None:
    """Change what changed here; a name that somebody gave the column in the LMS stays."""
    item = ags.read_line_item(http, service.registration, service.lineitem)
    told = _told(service)
    label = told["label"] if item.label == service.column.get("label") else item.label
    ags.update_line_item(http, service.registration, replace(item, label=label, maximum=told["maximum"]))
    service.column = told


def _is_there(http: httpx.Client, service: GradeService) -> bool:
    try:
        ags.read_line_item(http, service.registration, service.lineitem)
    except services.Failed as failed:
        if failed.answer.status in (404, 410):
            return False
        raise
    return True


def _wanted(service: GradeService) -> LineItem:
    link = service.resource_link
    if link.activity_id is None:
        raise NoColumn(_NO_ACTIVITY)
    return LineItem(
        "",
        (link.title or link.activity.title)[:250],
        _maximum(link),
        resource_link_id=link.lms_id,
        resource_id=link.activity.slug,
        tag=TAG,
    )


def _told(service: GradeService) -> dict:
    """What the platform should know of our column."""
    wanted = _wanted(service)
    again = {"again": True} if service.column.get("again") else {}
    return {"label": wanted.label, "maximum": wanted.maximum} | again


def _maximum(link: ResourceLink) -> float:
    try:
        return float(link.version.brief.max_score)
    except ActivityVersion.DoesNotExist:
        raise NoColumn(_NO_ACTIVITY) from None


def _service(link_id: int) -> GradeService | None:
    return (
        GradeService.objects.select_related("registration", "resource_link__activity")
        .filter(resource_link_id=link_id)
        .first()
    )


@contextmanager
def _alone(link_id: int) -> Iterator[None]:
    """One process at a time per link; a lock of the connection, which ends with its process.

    Not a row's lock, so that launches at the link go on; and not a transaction,
    so that the platform sees what we have written when it asks back for our keys.
    """
    name = f"lti.line_item {link_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
