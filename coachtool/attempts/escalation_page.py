"""The reviewers' queue and the learner's answers, as values: just what was consented to share is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from coachtool.activities.brief import Brief
from coachtool.attempts import escalations, sharing
from coachtool.attempts.access import Visit
from coachtool.attempts.escalation_forms import AnswerForm
from coachtool.attempts.models import Attempt, Escalation, Person, ResourceLink

Show = Literal["waiting", "answered"]
_ANSWERED = 100  # the newest that are listed
_SEVERITY = {"high": 0, "medium": 1, "low": 2, "": 3}


@dataclass(frozen=True)
class Said:
    """One turn around a question. `asked`: it is the one with the question in it."""

    who: str
    text: str
    asked: bool


@dataclass(frozen=True)
class Question:
    """One escalated question. `learner` is '' where the name is not shared; `own`: the visit's person asked it.

    `assigned_to` is who is on it, by id and name, 0 and '' for nobody; `hand_to` are the others who could be. `form` is
    None unless it may be answered here.
    """

    id: int
    question: str
    talk: tuple[Said, ...]
    learner: str
    own: bool
    activity: str
    persona: str
    guardrail: str
    rule: str
    severity: str
    asked: datetime
    report: str
    assigned_to: int
    assigned_name: str
    assigned: datetime | None
    hand_to: tuple[Person, ...]
    form: AnswerForm | None
    answer: str
    answered_by: str
    answered: datetime | None
    seen: datetime | None


@dataclass(frozen=True)
class Group:
    """Questions that stand together: whose they are."""

    whose: Literal["mine", "nobody", "others", "answered"]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Choice:
    """An activity or a list to look at."""

    label: str
    href: str
    here: bool
    count: int


@dataclass(frozen=True)
class Queue:
    """The page. `at` is the resource link that it is narrowed to, 0 for the whole course."""

    show: Show
    at: int
    waiting: int
    groups: tuple[Group, ...]
    lists: tuple[Choice, ...]
    activities: tuple[Choice, ...]


@dataclass(frozen=True)
class Answer:
    """One of the learner's own questions, with its answer if there is one. `report` is '' where it is elsewhere."""

    id: int
    question: str
    activity: str
    asked: datetime
    answer: str
    answered_by: str
    answered: datetime | None
    report: str


def build(visit: Visit, show: Show, at: int, refused: AnswerForm | None = None, refused_id: int = 0) -> Queue:
    """The questions of the course, those that wait in the order in which they should be answered.

    `refused` is an answer to `refused_id` that could not be taken.
    """
    course = escalations.of_course(visit)
    found = course.filter(attempt__resource_link_id=at) if at else course
    open_, done = (found.filter(state=state) for state in (escalations.OPEN, escalations.ANSWERED))
    if show == "waiting":
        groups = _waiting(visit, open_, refused, refused_id)
    else:
        newest = _rows(done.order_by("-answered")[:_ANSWERED])
        groups = [Group("answered", tuple(_question(visit, each) for each in newest))]
    counts = {"waiting": open_.count(), "answered": done.count()}
    return Queue(
        show,
        at,
        counts["waiting"],
        tuple(group for group in groups if group.questions),
        tuple(Choice(name.capitalize(), query(name, at), name == show, count) for name, count in counts.items()),
        _activities(course, show, at),
    )


def query(show: Show, at: int) -> str:
    """The page's address from its `?` on; what goes without saying is left out."""
    said = [f"show={show}"] if show != "waiting" else []
    said += [f"at={at}"] if at else []
    return "?" + "&".join(said)


def answers(visit: Visit) -> tuple[Answer, ...]:
    """What became of the visit's own questions: the answers that are new, then what still waits."""
    found = [_answer(visit, each) for each in escalations.of_asker(visit).filter(seen=None)]
    return tuple(sorted(found, key=lambda each: each.answered is None))


def _waiting(visit: Visit, found: QuerySet[Escalation], refused: AnswerForm | None, refused_id: int) -> Sequence[Group]:
    rows = sorted(_rows(found), key=lambda each: (_SEVERITY.get(each.severity, 3), each.created))
    reviewers = escalations.reviewers(visit)
    whose: dict[str, list[Question]] = {"mine": [], "nobody": [], "others": []}
    for row in rows:
        mine, free = row.assigned_to_id == visit.person_id, row.assigned_to_id is None
        form = refused if row.pk == refused_id else AnswerForm(escalation=row) if mine or free else None
        whose["mine" if mine else "nobody" if free else "others"].append(_question(visit, row, form, reviewers))
    return [Group(name, tuple(questions)) for name, questions in whose.items()]


def _rows(found: QuerySet[Escalation]) -> list[Escalation]:
    """With everything that is shown of them; those of one version share it, so that its brief is read once."""
    rows = list(
        found.select_related(
            "attempt__learner", "attempt__version", "attempt__resource_link__activity", "assigned_to", "answered_by"
        )
    )
    versions = {row.attempt.version_id: row.attempt.version for row in rows}
    for row in rows:
        row.attempt.version = versions[row.attempt.version_id]
    return rows


def _question(
    visit: Visit, row: Escalation, form: AnswerForm | None = None, reviewers: Sequence[Person] = ()
) -> Question:
    attempt, shared = row.attempt, row.shared
    brief = attempt.brief
    rule = next((each for each in brief.guardrails if each.id == row.guardrail), None)
    own = attempt.learner_id == visit.person_id
    over = attempt.state == Attempt.State.FINISHED
    return Question(
        id=row.pk,
        question=_shown(row),
        talk=tuple(_said(brief, turn, shared["seq"]) for turn in shared.get("turns", ())),
        learner=attempt.learner.name if shared.get("name") else "",
        own=own,
        activity=str(attempt.resource_link),
        persona=brief.persona.name,
        guardrail=rule.name if rule else row.guardrail,
        rule=rule.rule if rule else "",
        severity=row.severity,
        asked=row.created,
        report=reverse("attempts:report", args=[visit.id, attempt.pk]) if over else "",
        assigned_to=row.assigned_to_id or 0,
        assigned_name=_name(row.assigned_to),
        assigned=row.assigned,
        hand_to=tuple(each for each in reviewers if each.pk not in (visit.person_id, row.assigned_to_id)),
        form=form,
        answer=row.answer,
        answered_by=_name(row.answered_by),
        answered=row.answered,
        seen=row.seen,
    )


def _shown(row: Escalation) -> str:
    return row.shared.get("question") or sharing.masked(row.question)


def _said(brief: Brief, turn: dict, asked: int) -> Said:
    return Said(brief.persona.name if turn["speaker"] == "persona" else "", turn["text"], turn["seq"] == asked)


def _name(person: Person | None) -> str:
    return "" if person is None else person.name or "An instructor"


def _activities(course: QuerySet[Escalation], show: Show, at: int) -> tuple[Choice, ...]:
    """The course's activities at which something was asked, if there is more than one, behind all of them."""
    state = escalations.OPEN if show == "waiting" else escalations.ANSWERED
    counted = Count("pk", filter=Q(state=state))
    counts = dict(course.values_list("attempt__resource_link_id").annotate(count=counted).order_by())
    if len(counts) < 2:
        return ()
    links = ResourceLink.objects.filter(pk__in=counts).select_related("activity").order_by("pk")
    each = [Choice(str(link), query(show, link.pk), link.pk == at, counts[link.pk]) for link in links]
    return (Choice("All activities", query(show, 0), not at, sum(counts.values())), *each)


def _answer(visit: Visit, row: Escalation) -> Answer:
    attempt = row.attempt
    here = attempt.resource_link_id == visit.resource_link_id and attempt.state == Attempt.State.FINISHED
    return Answer(
        row.pk,
        row.question,
        str(attempt.resource_link),
        row.created,
        row.answer,
        _name(row.answered_by),
        row.answered,
        reverse("attempts:report", args=[visit.id, attempt.pk]) if here else "",
    )
