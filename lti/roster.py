"""A course's roster, read from its LMS: Names and Role Provisioning Services 2.0.

A whole reading pages through all members; after it the platform's differences
link (section 2.5.5) tells what has changed, until that runs out or is a day
old. Nothing is written before every page has come, so a reading that breaks
off changes nothing. Of a person the name and the role are kept, no more.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from coachtool.attempts import enrolments
from coachtool.attempts.access import Role
from coachtool.attempts.models import Course, Enrolment, Person
from lti import claims, services
from lti.claim_parts import origin, storable, text
from lti.models import MembershipService

log = logging.getLogger(__name__)

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
PAGE = "200"  # members asked for at a time; a platform may give fewer
FRESH = timedelta(minutes=10)  # a reading, or a failure to read, that is not repeated by itself
WHOLE_AFTER = timedelta(days=1)  # by then the differences are no longer trusted
LONGEST = 120.0  # seconds for all pages of one reading
_LOCK = 240  # seconds: longer than a reading and its writing
_QUEUED = 60  # seconds for which one request to the workers stands
_EXPIRED = (400, 404, 410)  # what platforms say to a differences link that they no longer know
_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_LOOKERS_ON = {"Mentor", "Manager", "Officer", "Observer"}
_ELSEWHERE_LEARNER = {"Learner", "Student", "Member"}


class NotRead(Exception):
    """The roster could not be read; the text says why, for the instructor."""


@dataclass(frozen=True)
class Member:
    """One person as the LMS lists them. `role` is None for those who neither learn nor teach here."""

    user_id: str
    name: str
    role: Role | None
    status: Literal["Active", "Inactive", "Deleted"]

    @property
    def here(self) -> bool:
        return self.role is not None and self.status != "Deleted"


@dataclass(frozen=True)
class Reading:
    """All pages of one reading; `whole` says whether they list everybody or only what has changed."""

    members: tuple[Member, ...]
    whole: bool
    differences_url: str


def came_in(course: Course, person: Person, role: Role, *, anonymous: bool) -> None:
    """A launch let somebody into the course. The first one has the roster read."""
    if not anonymous:
        enrolments.met(course, person, role)
    service = service_of(course)
    if service is not None and service.synced is None and _due(service):
        ask(service)


def state(course: Course, *, again: bool) -> enrolments.Roster:
    """How the roster stands; it is asked for where it is old, or `again`."""
    service = service_of(course)
    if service is None:
        return enrolments.Roster()
    if again or _due(service):
        ask(service)
    reading = cache.get(_key(service)) is not None or cache.get(_queued_key(service)) is not None
    problem = "" if reading else service.last_error
    return enrolments.Roster(offered=True, read=service.synced, reading=reading, problem=problem)


def service_of(course: Course | int) -> MembershipService | None:
    """Where the course's roster is, unless its registration is switched off or is known to lack the permission."""
    service = MembershipService.objects.select_related("registration", "course").filter(course=course).first()
    if service is None or not service.registration.is_active:
        return None
    granted = service.registration.scopes
    return service if not granted or SCOPE in granted else None


def ask(service: MembershipService) -> None:
    """Have a worker read the roster soon; of many who ask at once one is heard."""
    from lti import tasks

    if cache.get(_key(service)) or not cache.add(_queued_key(service), 1, timeout=_QUEUED):
        return
    try:
        tasks.read_roster.apply_async((service.course_id,), retry=False, expires=_QUEUED)
    except Exception as problem:  # whatever the broker's client raises must not keep the page from being shown
        cache.delete(_queued_key(service))
        log.warning("could not ask for a roster to be read (%r)", problem)


def read(service: MembershipService) -> Reading | None:
    """Read the roster now and write it down; None when somebody else is reading it. Raises NotRead."""
    with _alone(service) as alone:
        cache.delete(_queued_key(service))
        if not alone:
            return None
        service.refresh_from_db()
        began = timezone.now()
        service.asked = began
        service.save(update_fields=["asked"])
        try:
            with services.client() as http:
                reading = _fetch(http, service, began)
            with transaction.atomic():
                _write(service.course, reading, began)
                _note(service, reading, began)
        except services.Failed as failed:
            _fail(service, _words(failed))
        except NotRead as problem:
            _fail(service, str(problem))
        return reading


def read_all() -> int:
    """Read the rosters of all courses that have one, each whole where a day has gone by; returns how many were read."""
    done = 0
    for service in MembershipService.objects.filter(registration__is_active=True).select_related("course"):
        if service_of(service.course) is None:
            continue
        try:
            done += read(service) is not None
        except NotRead as problem:
            log.warning("roster of course %s: %s", service.course_id, problem)
    return done


def of_link(service: MembershipService, resource_link_id: str) -> tuple[Member, ...]:
    """Who may open one resource link (section 2.6), read now; nothing is written down. Raises NotRead."""
    try:
        with services.client() as http:
            return _pages(http, service, service.url, limit=PAGE, rl=resource_link_id).members
    except services.Failed as failed:
        raise NotRead(_words(failed)) from failed


def _due(service: MembershipService) -> bool:
    return service.asked is None or service.asked < timezone.now() - FRESH


def _fetch(http: httpx.Client, service: MembershipService, now: datetime) -> Reading:
    """What has changed, where that can be asked, else everybody. Raises services.Failed, NotRead."""
    recent = service.read_whole is not None and service.read_whole > now - WHOLE_AFTER
    if service.differences_url and recent:
        try:
            return _pages(http, service, service.differences_url, whole=False)
        except services.NoToken:
            raise
        except services.Failed as failed:
            if failed.answer.status not in _EXPIRED:
                raise
            log.info("the differences of course %s have run out; reading all of it", service.course_id)
    reading = _pages(http, service, service.url, limit=PAGE)
    if not any(member.here for member in reading.members):
        raise NotRead("The LMS gave a roster with nobody on it.")
    return reading


def _pages(http: httpx.Client, service: MembershipService, url: str, *, whole: bool = True, **params: str) -> Reading:
    members: dict[str, Member] = {}
    differences, ends = "", time.monotonic() + LONGEST
    for answer in services.pages(http, service.registration, [SCOPE], url, MEDIA_TYPE, **params):
        members |= {member.user_id: member for member in _members(answer.body)}
        differences = answer.link("differences") or differences
        if time.monotonic() > ends:
            raise NotRead("The LMS did not give the roster: it took too long.")
    # The token goes to that address too: to no other site.
    kept = differences if origin(differences) == origin(service.url) and len(differences) <= 2000 else ""
    return Reading(tuple(members.values()), whole, kept)


def _members(body: Any) -> Iterator[Member]:
    """The members of one page; raises NotRead where it is no membership container (section 2.2)."""
    listed = body.get("members") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise NotRead("The LMS gave a roster that cannot be read.")
    for entry in listed:
        user_id = entry.get("user_id") if isinstance(entry, dict) else None
        user_id = str(user_id) if isinstance(user_id, int) and not isinstance(user_id, bool) else user_id
        # Whoever cannot be recognised at a launch either is passed over.
        if isinstance(user_id, str) and 0 < len(user_id) <= 255 and user_id == storable(user_id):
            status = entry.get("status")
            known = status if status in ("Inactive", "Deleted") else "Active"
            yield Member(user_id, _name(entry), _role(entry.get("roles")), known)


def _name(entry: dict) -> str:
    parts = (text(entry, "given_name", 150), text(entry, "family_name", 149))
    return text(entry, "name", 300) or " ".join(part for part in parts if part)


def _role(roles: Any) -> Role | None:
    """The role in this course; only where the LMS gives none here does one elsewhere make a learner."""
    said = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    here = {principal for role in said if (principal := _principal(role))}
    if not here:
        elsewhere = {role.rpartition("#")[2] for role in said}
        return "learner" if not said or elsewhere & _ELSEWHERE_LEARNER else None
    if claims.role(said) == "instructor":
        return "instructor"
    return None if here <= _LOOKERS_ON else "learner"


def _principal(role: str) -> str:
    """Learner of membership#Learner, membership/Learner#GuestLearner and the short Learner; '' of roles elsewhere."""
    where, _, name = role.rpartition("#")
    if where.startswith(_MEMBERSHIP):
        return where.removeprefix(_MEMBERSHIP).removeprefix("/") or name
    return "" if "/" in role or ":" in role else role


def _write(course: Course, reading: Reading, began: datetime) -> None:
    """The course's enrolments, as they were read. Those who came in while it was read are left alone."""
    here = {member.user_id: member for member in reading.members if member.here}
    people = _people(course, here.values())
    known = {one.person_id: one for one in Enrolment.objects.select_for_update().filter(course=course)}
    changed, new = [], []
    for user_id, member in here.items():
        values = {"role": member.role, "active": member.status == "Active", "left": None}
        enrolment = known.get(people[user_id].pk)
        if enrolment is None:
            new.append(Enrolment(course=course, person=people[user_id], **values))
        elif any(getattr(enrolment, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(enrolment, name, value)
            changed.append(enrolment)
    Enrolment.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    Enrolment.objects.bulk_update(changed, ["role", "active", "left"], batch_size=1000)
    present = {person.pk for person in people.values()}
    if reading.whole:
        gone = [one.pk for one in known.values() if one.person_id not in present and one.joined < began]
    else:
        named = [member.user_id for member in reading.members if not member.here]
        lost = set(Person.objects.filter(tenant_id=course.tenant_id, lms_id__in=named).values_list("pk", flat=True))
        gone = [one.pk for one in known.values() if one.person_id in lost]
    Enrolment.objects.filter(pk__in=gone, left=None).update(left=began)


def _people(course: Course, members: Iterable[Member]) -> dict[str, Person]:
    """The tenant's people by their id in the LMS, made where they are new and named as they are called now."""
    names = {member.user_id: member.name for member in members}
    of_tenant = Person.objects.filter(tenant_id=course.tenant_id, lms_id__in=names)
    known = set(of_tenant.values_list("lms_id", flat=True))
    Person.objects.bulk_create(
        [
            Person(tenant_id=course.tenant_id, lms_id=user_id, name=name)
            for user_id, name in names.items()
            if user_id not in known
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )
    people = {person.lms_id: person for person in of_tenant}
    renamed = [person for person in people.values() if names[person.lms_id] not in ("", person.name)]
    for person in renamed:
        person.name = names[person.lms_id]
    Person.objects.bulk_update(renamed, ["name"], batch_size=1000)
    return people


def _note(service: MembershipService, reading: Reading, began: datetime) -> None:
    service.synced, service.last_error = timezone.now(), ""
    if reading.whole:
        service.read_whole = began
        service.differences_url = reading.differences_url
    elif reading.differences_url:
        service.differences_url = reading.differences_url
    # A launch that named another address meanwhile has the next reading begin there.
    MembershipService.objects.filter(pk=service.pk, url=service.url).update(
        synced=service.synced,
        last_error="",
        read_whole=service.read_whole,
        differences_url=service.differences_url,
    )


def _fail(service: MembershipService, problem: str) -> None:
    MembershipService.objects.filter(pk=service.pk).update(last_error=problem[:500])
    log.warning("roster of course %s: %s", service.course_id, problem)
    raise NotRead(problem)


def _words(failed: services.Failed) -> str:
    answer = failed.answer
    why = services.plain(answer)
    if answer.status in (401, 403) or answer.problem == "invalid_scope":
        why = "its permission for names was taken away"
    elif answer.status in (404, 410):
        why = "it says that the course is no longer there"
    elif answer.status == 429:
        why = "it is too busy now"
    elif answer.status >= 500:
        why = f"it has a problem of its own (HTTP {answer.status})"
    return f"The LMS did not give the roster: {why}."


@contextmanager
def _alone(service: MembershipService) -> Iterator[bool]:
    """Whether nobody else reads this roster meanwhile. The lock ends by itself: who holds it may be killed."""
    key, mine = _key(service), uuid.uuid4().hex
    alone = cache.add(key, mine, timeout=_LOCK)
    try:
        yield alone
    finally:
        if alone and cache.get(key) == mine:
            cache.delete(key)


def _key(service: MembershipService) -> str:
    return f"lti-roster:{service.pk}"


def _queued_key(service: MembershipService) -> str:
    return f"lti-roster:{service.pk}:queued"
