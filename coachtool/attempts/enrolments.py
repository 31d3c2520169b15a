"""Who is in a course: from its roster in the LMS where there is one, else from who has opened the activity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coachtool.attempts import signals
from coachtool.attempts.access import Role
from coachtool.attempts.models import Course, Enrolment, Person


@dataclass(frozen=True)
class Roster:
    """How the LMS's roster stands here.

    `offered`: the LMS gives one. `read`: when it was read last, None for never.
    `reading`: it is on its way. `problem`: why the last reading failed, in plain words.
    """

    offered: bool = False
    read: datetime | None = None
    reading: bool = False
    problem: str = ""


def roster(course: Course, *, again: bool = False) -> Roster:
    """How the roster stands; an old one is read anew in the background, with `again` also a fresh one."""
    for _, answer in signals.course_opened.send(Course, course=course, again=again):
        if answer is not None:
            return answer
    return Roster()


def spoken_of(course: Course, person: Person) -> None:
    """The LMS names a learner of the course who has not come in yet; what is known of somebody stays."""
    Enrolment.objects.get_or_create(course=course, person=person, defaults={"role": "learner"})


def met(course: Course, person: Person, role: Role) -> None:
    """Somebody has come in by a launch: they are in the course, whatever the roster said before."""
    known = {"role": role, "active": True, "left": None}
    enrolment, made = Enrolment.objects.get_or_create(course=course, person=person, defaults=known)
    if not made and any(getattr(enrolment, name) != value for name, value in known.items()):
        Enrolment.objects.filter(pk=enrolment.pk).update(**known)
