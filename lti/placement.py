"""From a verified message to our own records: tenant, course, person, resource link, and the services of the course."""

import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Model

from coachtool.activities.models import Activity
from coachtool.attempts.models import Course, Person, ResourceLink, Tenant
from coachtool.authoring import catalogue
from lti import grades
from lti.claims import DeepLinking, Endpoint, Launch, Message, origin
from lti.models import Deployment, GradeDelivery, GradeService, MembershipService, Registration
from lti.refusals import Refusal


@dataclass(frozen=True)
class Placed:
    """Who launched, and where. The link has no activity until an instructor has picked one."""

    person: Person
    course: Course
    resource_link: ResourceLink


@dataclass(frozen=True)
class Picking:
    """Who picks, and for which course."""

    deployment: Deployment
    person: Person
    course: Course


def place(registration: Registration, launch: Launch) -> Placed | None:
    """Find or make what the launch names.

    None, and nothing made, for a learner who comes before an activity was picked.
    Raises Refusal when the deployment is switched off.
    """
    tenant = deployment_of(registration, launch).tenant
    course_id = course_of(launch)
    known = ResourceLink.objects.select_related("activity", "course")
    link = known.filter(course__tenant=tenant, course__lms_id=course_id, lms_id=launch.resource_link_id).first()
    # A known link that names what it did before is the common case: it costs no further query.
    as_before = link is not None and link.activity is not None and link.named == launch.activity
    named = None if as_before else _named(tenant, launch.activity)
    picked = link.activity if link is not None else _inherited(tenant, launch)
    if named is None and picked is None and launch.role == "learner":
        return None
    if link is None:
        course = keep(Course, {"tenant": tenant, "lms_id": course_id}, title=launch.context_title)
        begun = {"activity": picked, "named": named.slug if named else ""} if picked else {}
        link, _ = ResourceLink.objects.get_or_create(
            course=course, lms_id=launch.resource_link_id, defaults=begun | {"title": launch.resource_link_title}
        )
    course = bring_up_to_date(link.course, title=launch.context_title)
    bring_up_to_date(link, title=launch.resource_link_title)
    person = person_of(tenant, launch)
    if named is not None and link.named != named.slug:
        link.activity, link.named = named, named.slug
        link.save(update_fields=["activity", "named"])
    if launch.says_grades:
        keep_grade_service(link, registration, launch.grades)
    _keep_memberships(course, registration, launch)
    return Placed(person, course, link)


def pick(registration: Registration, message: DeepLinking) -> Picking:
    """Find or make what a launch from the platform's picker names.

    A picker outside of any course is its instructor's own: what they write there nobody else is offered.
    """
    deployment = deployment_of(registration, message)
    person = person_of(deployment.tenant, message)
    course_id = message.context_id or f"deep-linking:{person.pk}"
    course = keep(Course, {"tenant": deployment.tenant, "lms_id": course_id}, title=message.context_title)
    _keep_memberships(course, registration, message)
    return Picking(deployment, person, course)


def course_of(launch: Launch) -> str:
    """The context's id; a link that the platform places in no context is a course of its own."""
    return launch.context_id or f"resource-link:{launch.resource_link_id}"


def deployment_of(registration: Registration, message: Message) -> Deployment:
    """The message's deployment, learnt where that is allowed; raises Refusal."""
    known = check_deployment(registration, message)
    return known or learn_deployment(registration, message.deployment_id, message.platform_name)


def check_deployment(registration: Registration, message: Message) -> Deployment | None:
    """The message's deployment if it is known. Raises Refusal where it may not come in; makes nothing."""
    known = Deployment.objects.select_related("tenant")
    known = known.filter(registration=registration, deployment_id=message.deployment_id).first()
    if known is None and not registration.learns_deployments:
        raise Refusal("deployment_refused", "this registration takes no new deployments")
    if known is not None and not known.is_active:
        raise Refusal("deployment_refused", "the deployment is switched off")
    return known


def keep_grade_service(link: ResourceLink, registration: Registration, endpoint: Endpoint | None) -> None:
    """Remember where grades go. A changed address sets what was stuck on its way again.

    A line item that the tool made itself stays where the platform still names none.
    """
    if endpoint is None:
        GradeService.objects.filter(resource_link=link).delete()
        return
    with transaction.atomic():
        held = GradeService.objects.select_for_update(of=("self",)).select_related("registration")
        kept = held.filter(resource_link=link).first()
        ours = kept is not None and kept.made and kept.registration_id == registration.pk
        still_ours = ours and endpoint.lineitem in ("", kept.lineitem)
        wanted = {
            "registration": registration,
            "lineitem": kept.lineitem if still_ours else endpoint.lineitem,
            "lineitems": endpoint.lineitems,
            "made": still_ours,
            "scopes": sorted(endpoint.scopes),
        }
        if kept is not None and all(getattr(kept, name) == value for name, value in wanted.items()):
            return
        GradeService.objects.update_or_create(resource_link=link, defaults=wanted)
        stuck = GradeDelivery.objects.filter(resource_link=link, state=GradeDelivery.State.STUCK)
        grades.send_again(stuck)


def frame_origin(registration: Registration, message: Message) -> str:
    """The platform's origin, which may show us in its frame."""
    answer = message.settings.return_url if isinstance(message, DeepLinking) else ""
    return origin(message.return_url) or origin(answer) or origin(registration.auth_login_url)


def learn_product(registration: Registration, message: Message) -> None:
    """Remember which product the platform is, from whatever says so last."""
    if message.product and registration.product != message.product:
        Registration.objects.filter(pk=registration.pk).update(product=message.product)
        registration.product = message.product


def learn_deployment(registration: Registration, deployment_id: str, name: str = "") -> Deployment:
    """The deployment with a tenant of its own, made once however many ask at the same time."""
    key = {"registration": registration, "deployment_id": deployment_id}
    known = Deployment.objects.select_related("tenant").filter(**key)
    try:
        with transaction.atomic():
            return known.first() or Deployment.objects.create(
                **key,
                tenant=Tenant.objects.create(name=(name or str(registration))[:200], issuer=registration.issuer),
            )
    except IntegrityError:
        return known.get()


def person_of(tenant: Tenant, message: Message) -> Person:
    """Who launched."""
    # Nobody can be recognised again without a sub: every anonymous launch is a person of its own.
    subject = message.subject or f"{Person.ANONYMOUS}{uuid.uuid4()}"
    return keep(Person, {"tenant": tenant, "lms_id": subject}, name=message.name)


def _named(tenant: Tenant, slug: str) -> Activity | None:
    """The activity that the launch's custom parameter names, if this tenant may have it."""
    return catalogue.for_tenant(tenant).filter(slug=slug).first() if slug else None


def _inherited(tenant: Tenant, launch: Launch) -> Activity | None:
    """What had been picked at the link that a new one was copied from, with its course.

    Known by the link's own history; from the course's history only where a single link there had the same name.
    """
    links = ResourceLink.objects.filter(course__tenant=tenant, activity__isnull=False, preview=False)
    links = links.filter(named=launch.activity).select_related("activity")
    for ancestor in launch.link_history:
        found = links.filter(lms_id=ancestor).first()
        if found is not None:
            return found.activity
    for ancestor in launch.context_history if launch.activity else ():
        found = list(links.filter(course__lms_id=ancestor)[:2])
        if found:
            return found[0].activity if len(found) == 1 else None
    return None


def _keep_memberships(course: Course, registration: Registration, message: Message) -> None:
    """Remember where the course's roster is; a launch without a course or an address says nothing new."""
    if not message.memberships or message.context_id is None:
        return
    wanted = {"registration": registration, "url": message.memberships}
    if not MembershipService.objects.filter(course=course, **wanted).exists():
        MembershipService.objects.update_or_create(course=course, defaults=wanted | {"differences_url": ""})


def keep(model: type, key: dict, **shown: str):
    """The row with this key, what is shown of it brought up to date; an empty value says nothing new."""
    row, made = model.objects.get_or_create(**key, defaults=shown)
    return row if made else bring_up_to_date(row, **shown)


def bring_up_to_date(row: Model, **shown: str):
    """The row, showing what is new of `shown`; an empty value says nothing new."""
    changed = [name for name, value in shown.items() if value and getattr(row, name) != value]
    for name in changed:
        setattr(row, name, shown[name])
    if changed:
        row.save(update_fields=changed)
    return row
