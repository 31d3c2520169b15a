"""Starting an attempt, once: a second click, or a second tab, goes into the same conversation."""

from django.db import transaction

from coachtool.attempts import journal
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt, Person, ResourceLink


def counts(visit: Visit) -> bool:
    """Whether an attempt of this visit sends a grade: an instructor's try-out and an anonymous launch do not."""
    return visit.graded and visit.role == "learner"


def open_attempt(visit: Visit, *states: Attempt.State) -> Attempt | None:
    """The visit's newest attempt in one of `states` (live, if none is named)."""
    return (
        Attempt.objects.filter(
            learner_id=visit.person_id,
            resource_link_id=visit.resource_link_id,
            graded=counts(visit),
            state__in=states or (Attempt.State.LIVE,),
        )
        .order_by("-created")
        .first()
    )


def start(visit: Visit, modality: str, consent: dict) -> Attempt:
    """The conversation that goes on, or a new attempt pinned to the activity's latest version.

    One that was created but never began takes over the choices made now.
    """
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=visit.person_id)
        attempt = open_attempt(visit, Attempt.State.CREATED, Attempt.State.LIVE)
        if attempt is None:
            link = ResourceLink.objects.select_related("activity").get(pk=visit.resource_link_id)
            attempt = Attempt.objects.create(
                resource_link=link,
                learner_id=visit.person_id,
                version=link.activity.latest,
                modality=modality,
                graded=counts(visit),
                consent=consent,
            )
            journal.append(attempt.pk, "launched", {"modality": modality})
        else:
            Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.CREATED).update(
                modality=modality, consent=consent
            )
        return attempt
