"""The instructor's page about grades: where each one is, and what she wants done with it."""

from collections.abc import Callable

import httpx
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts.access import NotAdmitted, Visit, admitted
from coachtool.attempts.models import ResourceLink
from lti import grades, line_items, services, standing, tasks
from lti.models import GradeDelivery, GradeService

State = GradeDelivery.State


@require_safe
@never_cache
@admitted("instructor")
def status(request: HttpRequest) -> HttpResponse:
    """Every grade of this place, and its column in the gradebook."""
    link = ResourceLink.objects.select_related("activity", "course").get(pk=request.visit.resource_link_id)
    return render(request, "lti/grades.html", {"link": link, "book": standing.book(link)})


@require_POST
@admitted("instructor")
def retry_all(request: HttpRequest) -> HttpResponse:
    """Send everything that waits or is stuck again, now."""
    waiting = _of(request.visit).filter(state__in=(State.STUCK, State.PENDING))
    count = grades.send_again(waiting)
    tasks.kick()
    messages.success(request, f"{count} grade{'' if count == 1 else 's'} on the way again.")
    return _back(request)


@require_POST
@admitted("instructor")
def retry(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send one grade again, now; of one that was changed in the gradebook, look there again first."""
    delivery = _delivery(request, delivery_id)
    again = _of(request.visit).filter(pk=delivery.pk, state__in=(State.STUCK, State.PENDING, State.HELD))
    if grades.send_again(again):
        messages.success(request, f"{delivery.person}’s grade is on its way again.")
        tasks.kick()
    return _back(request)


@require_POST
@admitted("instructor")
def send(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Put our grade in the place of the one that somebody gave in the gradebook."""
    delivery = _delivery(request, delivery_id)
    chosen = _of(request.visit).filter(pk=delivery.pk, state__in=(State.HELD, State.KEPT))
    later = grades.later_than(delivery.timestamp, timezone.now())
    if grades.send_again(chosen, overrules=True, timestamp=later):
        messages.success(request, f"Our grade for {delivery.person} is on its way; it replaces the gradebook’s.")
        tasks.kick()
    return _back(request)


@require_POST
@admitted("instructor")
def keep(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Let the gradebook's own grade stand."""
    delivery = _delivery(request, delivery_id)
    if _of(request.visit).filter(pk=delivery.pk, state=State.HELD).update(state=State.KEPT):
        messages.success(request, f"{delivery.person} keeps the grade that the gradebook has.")
    return _back(request)


@require_POST
@admitted("instructor")
def make_column(request: HttpRequest) -> HttpResponse:
    """Make a gradebook column where there is none, or none any more."""
    link_id = request.visit.resource_link_id
    lost = GradeService.objects.filter(resource_link_id=link_id).values_list("lineitem", flat=True).first()

    def make(http: httpx.Client) -> str:
        if not lost:
            line_items.ensure(http, link_id, asked=True)
        elif not line_items.make_again(http, link_id, lost, asked=True):
            return "The column is still there; nothing was changed."
        return "The gradebook has a column for this activity now. Grades that waited for it are on their way."

    _with_platform(request, make)
    tasks.kick()
    return _back(request)


@require_POST
@admitted("instructor")
def take_column_away(request: HttpRequest) -> HttpResponse:
    """Delete the column that we made, once she has confirmed that the grades in it go too."""
    if request.POST.get("sure") != "yes":
        messages.error(request, "Tick the box first: the grades in the column go with it.")
        return _back(request)

    def take_away(http: httpx.Client) -> str:
        line_items.take_away(http, request.visit.resource_link_id)
        return "The column was taken out of the gradebook. The grades are kept here."

    _with_platform(request, take_away)
    return _back(request)


def _with_platform(request: HttpRequest, ask: Callable[[httpx.Client], str]) -> None:
    """Ask something of the platform and tell the instructor what came of it."""
    try:
        with services.client() as http:
            messages.success(request, ask(http))
    except line_items.NoColumn as reason:
        messages.error(request, str(reason))
    except services.Failed as failed:
        messages.error(request, f"The LMS did not do it ({failed}). Try again in a moment.")


def _of(visit: Visit) -> QuerySet[GradeDelivery]:
    """The grades that a visit may see: those of its resource link."""
    return GradeDelivery.objects.filter(resource_link_id=visit.resource_link_id)


def _delivery(request: HttpRequest, delivery_id: int) -> GradeDelivery:
    delivery = _of(request.visit).select_related("person").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotAdmitted("This grade belongs to another course.")
    return delivery


def _back(request: HttpRequest) -> HttpResponse:
    return redirect("grades:status", request.visit.id)
