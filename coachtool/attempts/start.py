"""Starting an attempt, once: a second click, or a second tab, goes into the same conversation."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import journal
from coachtool.attempts.access import Visit
from coachtool.attempts.models import Attempt, Person, ResourceLink


@dataclass(frozen=True)
class Allowance:
    """How many attempts of this visit count. `limit` 0: as many as they like. `graded`: this visit may send a grade."""

    graded: bool
    limit: int = 0
    used: int = 0

    @property
    def used_up(self) -> bool:
        """Whether further attempts are practice because those that count are used."""
        return self.graded and 0 < self.limit <= self.used

    @property
    def counts(self) -> bool:
        """Whether an attempt that begins now sends a grade."""
        return self.graded and not self.used_up

    @property
    def number(self) -> int:
        """Which of those that count the next attempt is, from 1."""
        return self.used + 1

    @property
    def left(self) -> int:
        """How many that count are left; meaningless without a limit."""
        return max(0, self.limit - self.used)


def allowance(visit: Visit) -> Allowance:
    """What the activity's limit leaves this visit: attempts that began count, whether they were finished or not.

    An instructor's try-out and an anonymous launch send no grade at all.
    """
    if not (visit.graded and visit.role == "learner"):
        return Allowance(graded=False)
    link = ResourceLink.objects.select_related("activity").get(pk=visit.resource_link_id)
    try:
        limit = link.version.brief.attempts
    except ActivityVersion.DoesNotExist:
        limit = 0
    if not limit:
        return Allowance(graded=True)
    used = _graded(visit).filter(version__activity_id=link.activity_id).exclude(state=Attempt.State.CREATED)
    return Allowance(True, limit, used.count())


def counts(visit: Visit) -> bool:
    """Whether an attempt that begins now sends a grade."""
    return allowance(visit).counts


def open_attempt(visit: Visit, *states: Attempt.State) -> Attempt | None:
    """The visit's newest attempt in one of `states` (live, if none is named).

    Once the attempts that count are used up, that may be one for practice; the
    last one that counts comes first as long as it is open.
    """
    # One that never began on an activity that was here before is of no use any more.
    past = Q(state=Attempt.State.CREATED) & ~Q(version__activity=F("resource_link__activity"))
    open_ = Q(state__in=states or (Attempt.State.LIVE,)) & ~past
    allowed = allowance(visit)
    counting = _graded(visit).filter(open_).order_by("-created").first() if allowed.graded else None
    if counting is not None and not (allowed.used_up and counting.state == Attempt.State.CREATED):
        return counting
    if allowed.counts:
        return None
    return _mine(visit).filter(open_, graded=False).order_by("-created").first()


def start(visit: Visit, modality: str, consent: dict) -> Attempt:
    """The conversation that goes on, or a new attempt pinned to the link's version.

    One that was created but never began takes over the choices made now, and the
    version that the lobby shows. Of an instructor's try-out nothing is remembered.
    """
    consent = {**consent, "memory": visit.role == "learner" and consent.get("memory", False)}
    with transaction.atomic():
        # Whoever starts at the same time waits here, and then finds and counts what we made.
        Person.objects.select_for_update().get(pk=visit.person_id)
        attempt = open_attempt(visit, Attempt.State.CREATED, Attempt.State.LIVE)
        if attempt is not None and attempt.state == Attempt.State.LIVE:
            return attempt
        link = ResourceLink.objects.select_related("activity").get(pk=visit.resource_link_id)
        if attempt is None:
            attempt = Attempt.objects.create(
                resource_link=link,
                learner_id=visit.person_id,
                version=link.version,
                modality=modality,
                graded=counts(visit),
                consent=consent,
            )
            journal.append(attempt.pk, "launched", {"modality": modality})
        else:
            Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.CREATED).update(
                modality=modality, consent=consent, version=link.version
            )
        return attempt


def _mine(visit: Visit):
    return Attempt.objects.filter(learner_id=visit.person_id, resource_link_id=visit.resource_link_id)


def _graded(visit: Visit):
    return _mine(visit).filter(graded=True)
