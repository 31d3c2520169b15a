"""A course at one of its activities, as values: who has practised, how far, and what waits for the instructor.

Everything is read in a fixed number of queries, however many people there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from coachtool.activities.models import ActivityVersion
from coachtool.attempts import counting, escalations
from coachtool.attempts.access import Visit
from coachtool.attempts.counting import Counts
from coachtool.attempts.models import (
    Attempt,
    Course,
    Dispute,
    Enrolment,
    Escalation,
    GradeOverride,
    Person,
    ResourceLink,
)

_FINISHED, _LIVE = Attempt.State.FINISHED, Attempt.State.LIVE
_PASSED, _UNCLEAR = Attempt.Outcome.PASSED, Attempt.Outcome.UNCLEAR
_NEEDED = (
    "resource_link_id",
    "learner_id",
    "version_id",
    "state",
    "graded",
    "created",
    "started",
    "ended",
    "score",
    "outcome",
    "reviewed_score",
    "reviewed_outcome",
)
_RANK = {"": 0, Attempt.Outcome.FAILED: 1, _UNCLEAR: 2, _PASSED: 3}

Sort = Literal["name", "status", "outcome", "points", "last", "waits"]
Show = Literal["all", "not_yet", "passed", "needs_you"]


@dataclass(frozen=True)
class Waiting:
    """Something only an instructor can settle, and the page where it is settled."""

    kind: Literal["unclear", "dispute", "question"]
    href: str


@dataclass(frozen=True)
class Step:
    """How far somebody is with one of the course's activities."""

    title: str
    state: Literal["none", "practised", "passed"]


@dataclass(frozen=True)
class Row:
    """One person. `points` of `maximum` are what counts; `own_grade`: they are the instructor's own.

    `times` counts finished conversations; `best` is the best Attempt.Outcome
    among them, '' if there is none; `href` leads to the report that counts.
    """

    person_id: int
    name: str
    status: Literal["not_yet", "in_progress", "practised"]
    times: int
    best: str
    points: float | None
    maximum: int
    own_grade: bool
    last: datetime | None
    waiting: tuple[Waiting, ...]
    href: str
    steps: tuple[Step, ...]
    gone: Literal["", "left", "suspended"]

    @property
    def passed(self) -> bool:
        return self.best == _PASSED

    @property
    def steps_passed(self) -> int:
        return sum(step.state == "passed" for step in self.steps)


@dataclass(frozen=True)
class Anonymous:
    """Practice by people whom the LMS did not name: counted, not listed."""

    conversations: int
    passed: int


@dataclass(frozen=True)
class Dashboard:
    """`people` are in the course now, `gone` were. `chosen` is each learner's attempt that the class is judged by.

    `unnamed` questions wait besides those in the rows: their learners are not named with them.
    """

    link: ResourceLink
    links: tuple[ResourceLink, ...]
    people: tuple[Row, ...]
    gone: tuple[Row, ...]
    anonymous: Anonymous
    chosen: tuple[Attempt, ...]
    unnamed: int

    @property
    def practised(self) -> int:
        return sum(bool(row.times) for row in self.people)

    @property
    def passed(self) -> int:
        return sum(row.passed for row in self.people)

    @property
    def needing(self) -> int:
        return sum(bool(row.waiting) for row in self.people)

    @property
    def versions(self) -> tuple[int, ...]:
        """The numbers of the activity's versions that `chosen` was made with."""
        return tuple(sorted({attempt.version.number for attempt in self.chosen}))


def links_of(course: Course | int) -> tuple[ResourceLink, ...]:
    """The places in a course where something can be practised."""
    found = ResourceLink.objects.filter(course=course, preview=False, activity__isnull=False)
    return tuple(sorted(found.select_related("activity", "course"), key=lambda link: (str(link).casefold(), link.pk)))


def build(visit: Visit, link: ResourceLink, links: Sequence[ResourceLink]) -> Dashboard:
    """The course of `links` at one of them, as an instructor's visit sees it."""
    return _Reading(visit, link, tuple(links)).dashboard()


def that_counts(attempts: Iterable[Attempt], counts: Counts) -> Attempt | None:
    """The finished attempt that the grade comes from."""
    done = {
        attempt.pk: attempt for attempt in attempts if attempt.state == _FINISHED and attempt.counted_score is not None
    }
    chosen = counting.choose(map(counting.finished, done.values()), counts)
    return done[chosen.attempt] if chosen else None


def shown(rows: Iterable[Row], show: Show = "all", search: str = "") -> list[Row]:
    """The rows that pass a filter and whose names hold every word of `search`."""
    passes: dict[str, Callable[[Row], bool]] = {
        "not_yet": lambda row: not row.times,
        "passed": lambda row: row.passed,
        "needs_you": lambda row: bool(row.waiting),
    }
    keep = passes.get(show, lambda row: True)
    words = search.casefold().split()
    return [row for row in rows if keep(row) and all(word in row.name.casefold() for word in words)]


def ordered(rows: Iterable[Row], sort: Sort = "name", down: bool = False) -> list[Row]:
    """The rows by one column; whoever has nothing there comes last either way, equals stay by name."""
    keys: dict[str, Callable[[Row], object]] = {
        "name": lambda row: row.name.casefold(),
        "status": lambda row: ({"not_yet": 0, "in_progress": 1, "practised": 2}[row.status], row.times),
        "outcome": lambda row: _RANK[row.best] or None,
        "points": lambda row: row.points,
        "last": lambda row: row.last,
        "waits": lambda row: len(row.waiting) or None,
    }
    key = keys[sort]
    by_name = sorted(rows, key=lambda row: (row.name.casefold(), row.person_id))
    having = [row for row in by_name if key(row) is not None]
    return sorted(having, key=key, reverse=down) + [row for row in by_name if key(row) is None]


class _Reading:
    """One reading of the record; each part is fetched once, when it is first needed."""

    def __init__(self, visit: Visit, link: ResourceLink, links: tuple[ResourceLink, ...]):
        self.visit, self.link, self.links = visit, link, links
        self.brief = link.version.brief

    def dashboard(self) -> Dashboard:
        learners = [person for person in self.people.values() if self._is_learner(person)]
        rows = [self._row(person) for person in learners]
        present = [row for row in rows if not row.gone]
        here = {row.person_id for row in present}
        nameless = [person.pk for person in self.people.values() if person.is_anonymous]
        chosen = [self._chosen(person_id) for person_id in (*sorted(here), *nameless)]
        return Dashboard(
            link=self.link,
            links=self.links,
            people=tuple(present),
            gone=tuple(ordered(row for row in rows if row.gone)),
            anonymous=self._anonymous(nameless),
            chosen=tuple(attempt for attempt in chosen if attempt is not None),
            unnamed=self.open_questions.count() - sum(one.kind == "question" for row in rows for one in row.waiting),
        )

    @cached_property
    def enrolments(self) -> dict[int, Enrolment]:
        found = Enrolment.objects.filter(course_id=self.link.course_id).select_related("person")
        return {enrolment.person_id: enrolment for enrolment in found}

    @cached_property
    def attempts(self) -> dict[tuple[int, int], list[Attempt]]:
        """All that began in this course, by resource link and learner, oldest first."""
        began = Attempt.objects.filter(resource_link__in=self.links, started__isnull=False).only(*_NEEDED)
        grouped: dict[tuple[int, int], list[Attempt]] = {}
        for attempt in began.order_by("started"):
            grouped.setdefault((attempt.resource_link_id, attempt.learner_id), []).append(attempt)
        mine = [attempt for key, some in grouped.items() if key[0] == self.link.pk for attempt in some]
        versions = ActivityVersion.objects.in_bulk({attempt.version_id for attempt in mine})
        for attempt in mine:
            attempt.version = versions[attempt.version_id]
        # What was practised here before another activity was picked counts no more.
        for key in [key for key in grouped if key[0] == self.link.pk]:
            grouped[key] = [one for one in grouped[key] if one.version.activity_id == self.link.activity_id]
        return grouped

    @cached_property
    def people(self) -> dict[int, Person]:
        """Everybody on the roster, and whoever practised without being on it."""
        known = {person_id: enrolment.person for person_id, enrolment in self.enrolments.items()}
        others = {learner_id for _, learner_id in self.attempts} - known.keys()
        return known | Person.objects.in_bulk(others)

    @cached_property
    def overrides(self) -> dict[int, GradeOverride]:
        """The grades of the instructor's own that stand, by learner."""
        standing = GradeOverride.objects.filter(resource_link=self.link, withdrawn=None).order_by("pk")
        return {override.learner_id: override for override in standing}

    @cached_property
    def disputes(self) -> dict[int, list[tuple[object, str]]]:
        """Attempt and objective of every open dispute, by learner."""
        found = Dispute.objects.filter(outcome__attempt__resource_link=self.link, state=Dispute.State.OPEN)
        return _by_learner(
            found.order_by("created").values_list(
                F("outcome__attempt__learner_id"), F("outcome__attempt_id"), F("outcome__objective")
            )
        )

    @property
    def open_questions(self) -> QuerySet[Escalation]:
        at_link = Q(attempt__resource_link=self.link)
        return escalations.of_course(self.visit).filter(at_link, state=escalations.OPEN)

    @cached_property
    def questions(self) -> dict[int, list[tuple[int]]]:
        """The ids of the open escalations with which a name is shared, by learner."""
        named = self.open_questions.filter(shared__name=True).order_by("created")
        return _by_learner(named.values_list(F("attempt__learner_id"), F("pk")))

    def _is_learner(self, person: Person) -> bool:
        """On the roster as one, or graded as one; an instructor's try-outs make nobody a learner."""
        if person.is_anonymous:
            return False
        enrolment = self.enrolments.get(person.pk)
        if enrolment is not None:
            return enrolment.role == "learner"
        return any(attempt.graded for link in self.links for attempt in self._of(person.pk, link))

    def _of(self, person_id: int, link: ResourceLink | None = None) -> list[Attempt]:
        return self.attempts.get(((link or self.link).pk, person_id), [])

    def _chosen(self, person_id: int) -> Attempt | None:
        some = self._of(person_id)
        graded = [attempt for attempt in some if attempt.graded]
        chosen = that_counts(graded, self.brief.counts) or that_counts(some, "last")
        if chosen is not None:
            chosen.learner = self.people[person_id]
        return chosen

    def _row(self, person: Person) -> Row:
        attempts = self._of(person.pk)
        done = [attempt for attempt in attempts if attempt.state == _FINISHED]
        graded = [attempt for attempt in done if attempt.graded]
        live = any(attempt.state == _LIVE for attempt in attempts)
        counted = that_counts(graded, self.brief.counts)
        own = self.overrides.get(person.pk)
        to_read = counted or (done[-1] if done else None)
        return Row(
            person_id=person.pk,
            name=person.name or "Name unknown",
            status="in_progress" if live else "practised" if done else "not_yet",
            times=len(done),
            best=max((attempt.counted_outcome for attempt in graded), key=_RANK.__getitem__, default=""),
            points=self._points(own, counted),
            maximum=self.brief.max_score,
            own_grade=own is not None,
            last=attempts[-1].started if attempts else None,
            waiting=self._waiting(person.pk, graded),
            href=self._report(to_read.pk) if to_read else "",
            steps=self._steps(person.pk) if len(self.links) > 1 else (),
            gone=self._gone(person.pk),
        )

    def _points(self, own: GradeOverride | None, counted: Attempt | None) -> float | None:
        """As the gradebook gets them: of the newest version's maximum."""
        share = None
        if own is not None:
            share = own.points / own.maximum if own.maximum else 0.0
        elif counted is not None:
            share = counted.counted_score
        return None if share is None else round(share * self.brief.max_score, 2)

    def _waiting(self, person_id: int, graded: list[Attempt]) -> tuple[Waiting, ...]:
        unclear = [] if person_id in self.overrides else self._undecided(graded)
        found = [Waiting("unclear", self._report(attempt.pk)) for attempt in unclear]
        found += [
            Waiting("dispute", f"{self._report(attempt)}#objective-{objective}")
            for attempt, objective in self.disputes.get(person_id, ())
        ]
        queue = reverse("escalations:page", args=[self.visit.id])
        found += [
            Waiting("question", f"{queue}?at={self.link.pk}#question-{question}")
            for (question,) in self.questions.get(person_id, ())
        ]
        return tuple(found)

    def _undecided(self, graded: list[Attempt]) -> list[Attempt]:
        """The attempts without a clear outcome on which the grade may still hang."""
        if self.brief.counts == "last":
            graded = graded[-1:]
        elif self.brief.counts == "first":
            graded = graded[:1]
        elif any(attempt.counted_outcome == _PASSED for attempt in graded):
            return []
        return [attempt for attempt in graded if attempt.counted_outcome == _UNCLEAR]

    def _steps(self, person_id: int) -> tuple[Step, ...]:
        return tuple(Step(str(link), _how_far(self._of(person_id, link))) for link in self.links)

    def _gone(self, person_id: int) -> str:
        enrolment = self.enrolments.get(person_id)
        if enrolment is None:
            return ""
        return "left" if enrolment.left else "" if enrolment.active else "suspended"

    def _anonymous(self, people: list[int]) -> Anonymous:
        done = [attempt for person in people for attempt in self._of(person) if attempt.state == _FINISHED]
        return Anonymous(
            conversations=len(done),
            passed=sum(attempt.counted_outcome == _PASSED for attempt in done),
        )

    def _report(self, attempt_id: object) -> str:
        return reverse("attempts:report", args=[self.visit.id, attempt_id])


def _how_far(attempts: list[Attempt]) -> Literal["none", "practised", "passed"]:
    outcomes = {attempt.counted_outcome for attempt in attempts if attempt.graded and attempt.state == _FINISHED}
    return "passed" if _PASSED in outcomes else "practised" if attempts else "none"


def _by_learner(rows: Iterable[tuple]) -> dict[int, list[tuple]]:
    grouped: dict[int, list[tuple]] = {}
    for learner, *rest in rows:
        grouped.setdefault(learner, []).append(tuple(rest))
    return grouped
