"""What is remembered of a learner: theirs alone to read, correct, delete and take along."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from coachtool.attempts import memory, memory_page
from coachtool.attempts.access import NotAdmitted, Visit, admitted
from coachtool.attempts.memory_forms import CorrectForm
from coachtool.attempts.models import Attempt, Memory, ResourceLink

UNDO_SALT = "forgotten memories"
_UNDO_SECONDS = 600
_KEPT = ("id", "attempt", "kind", "objective", "key_point", "text", "corrected", "seq")


@require_safe
@never_cache
@admitted("learner")
def page(request: HttpRequest) -> HttpResponse:
    """Everything that is remembered of the learner in this tenant."""
    return _page(request)


@require_POST
@admitted("learner")
def correct(request: HttpRequest, memory_id: int) -> HttpResponse:
    """Put it as it was."""
    chosen = _mine(request.visit, memory_id)
    form = CorrectForm(request.POST, memory=chosen)
    if not form.is_valid():
        return _page(request, refused=form, status=422)
    chosen.corrected = form.cleaned_data["words"]
    chosen.save(update_fields=["corrected"])
    messages.success(request, "Corrected." if chosen.corrected else "Your correction is taken back.")
    return redirect("memory:page", request.visit.id)


@require_POST
@admitted("learner")
def forget(request: HttpRequest, memory_id: int) -> HttpResponse:
    """Delete one memory; the answer can undo it."""
    return _forget(request, memory.mine(request.visit).filter(pk=memory_id))


@require_POST
@admitted("learner")
def forget_all(request: HttpRequest) -> HttpResponse:
    """Delete everything; the answer can undo it."""
    return _forget(request, memory.mine(request.visit))


@require_POST
@admitted("learner")
def restore(request: HttpRequest) -> HttpResponse:
    """Undo a deletion that has just been made. What was deleted is in the form alone, signed."""
    try:
        forgotten = signing.loads(request.POST.get("forgotten", ""), salt=UNDO_SALT, max_age=_UNDO_SECONDS)
    except signing.BadSignature:
        messages.info(request, "It is too late to undo this; it stays forgotten.")
        return redirect("memory:page", request.visit.id)
    if forgotten["learner"] != request.visit.person_id:
        raise NotAdmitted("These memories are somebody else’s.")
    _write_back(request.visit, forgotten["memories"])
    messages.success(request, "It is remembered again.")
    return redirect("memory:page", request.visit.id)


@require_safe
@never_cache
@admitted("learner")
def export(request: HttpRequest) -> HttpResponse:
    """Everything that is remembered, as a JSON file."""
    data = memory_page.export(memory.mine(request.visit))
    response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="what-is-remembered.json"'
    return response


def _page(request: HttpRequest, *, refused: CorrectForm | None = None, status: int = 200, **more) -> HttpResponse:
    link = ResourceLink.objects.select_related("activity", "course").get(pk=request.visit.resource_link_id)
    context = {
        "brief": link.version.brief,
        "personas": memory_page.build(request.visit, memory.mine(request.visit), refused),
        "refused": refused,
        **more,
    }
    return render(request, "attempts/memory.html", context, status=status)


def _forget(request: HttpRequest, chosen: Iterable[Memory]) -> HttpResponse:
    with transaction.atomic():
        going = list(chosen)
        Memory.objects.filter(pk__in=[each.pk for each in going]).delete()
    kept = [{**model_to_dict(each, _KEPT), "id": each.pk, "attempt": str(each.attempt_id)} for each in going]
    forgotten = {"learner": request.visit.person_id, "memories": kept}
    undo = signing.dumps(forgotten, salt=UNDO_SALT, compress=True) if going else ""
    return _page(request, undo=undo, forgotten=len(going))


def _write_back(visit: Visit, forgotten: list[dict]) -> None:
    """Each under its old id, so that a second undo changes nothing; those whose attempt is gone stay gone."""
    own = {str(pk) for pk in Attempt.objects.filter(learner_id=visit.person_id).values_list("pk", flat=True)}
    Memory.objects.bulk_create(
        (
            Memory(learner_id=visit.person_id, attempt_id=each.pop("attempt"), **each)
            for each in forgotten
            if each["attempt"] in own
        ),
        ignore_conflicts=True,
    )


def _mine(visit: Visit, memory_id: int) -> Memory:
    found = memory.mine(visit).filter(pk=memory_id).first()
    if found is None:
        raise NotAdmitted("This memory is somebody else’s, or is forgotten already.")
    return found
