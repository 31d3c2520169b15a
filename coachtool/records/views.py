"""The attempt's statements, and the profile that explains our own terms."""

from collections import Counter
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from coachtool.attempts.access import admitted, attempt_for
from coachtool.records import profile
from coachtool.records.models import StatementOutbox


@require_safe
@never_cache
@admitted("learner", "instructor")
def statements(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """An attempt's statements in order, and how many of them have reached the record store."""
    rows = list(attempt_for(request.visit, attempt_id).statements.order_by("sequence"))
    counted = Counter(row.state for row in rows)
    delivery = {state.value: counted[state.value] for state in StatementOutbox.State}
    return JsonResponse({"statements": [row.body for row in rows], "delivery": delivery})


@require_safe
@cache_control(public=True, max_age=3600)
def xapi_profile(request: HttpRequest) -> HttpResponse:
    """Our xAPI profile. Public: it is vocabulary, the same everywhere."""
    response = JsonResponse(profile.DOCUMENT, content_type="application/ld+json")
    response["Access-Control-Allow-Origin"] = "*"
    return response
