"""The report as a page: what is shown of it to whom, and the forms on it that could not be taken."""

from dataclasses import dataclass

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from coachtool.attempts import report as reports
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt


@dataclass(frozen=True)
class Refused:
    """A form that was sent and has errors; `objective` is where on the page it stands."""

    objective: str = ""
    review: Form | None = None
    dispute: Form | None = None
    answer: Form | None = None
    grade: Form | None = None


def may_dispute(visit: Visit, attempt: Attempt) -> bool:
    """Whether somebody would be asked: an instructor's try-out and one without a name are on nobody's list."""
    return visit.role == "learner" and not attempt.learner.is_anonymous


def report_page(
    request: HttpRequest, attempt: Attempt, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    """The report of a finished attempt that the visit may see."""
    visit = request.visit
    own = attempt.learner_id == visit.person_id
    context = {
        "attempt": attempt,
        "brief": attempt.brief,
        "report": reports.build(attempt),
        "own": own,
        "disputable": own and may_dispute(visit, attempt),
        "instructor": visit.role == "instructor",
        "reviews": visit.role == "instructor" and not own,
        "refused": refused,
    }
    return render(request, "attempts/report.html", context, status=status)
