"""From a verified launch to our own records: tenant, course, person, resource link, grade service."""

import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from coachtool.activities.models import Activity
from coachtool.attempts.models import Course, Person, ResourceLink, Tenant
from lti.claims import Endpoint, Launch, origin
from lti.models import Deployment, GradeDelivery, GradeService, Registration
from lti.refusals import Refusal


@dataclass(frozen=True)
class Placed:
    """Who launched, and where. `resource_link` is None until an instructor has picked an activity."""

    person: Person
    course: Course
    resource_link: ResourceLink | None


def place(registration: Registration, launch: Launch) -> Placed | None:
    """Find or make what the launch names.

    None, and nothing made, for a learner who comes before an activity was picked.
    Raises Refusal when the deployment is switched off.
    """
    deployment = _deployment(registration, launch)
    course_id = launch.context_id or f"resource-link:{launch.resource_link_id}"
    link = ResourceLink.objects.filter(
        course__tenant=deployment.tenant, course__lms_id=course_id, lms_id=launch.resource_link_id
    ).first()
    activity = Activity.objects.filter(slug=launch.activity).first() if launch.activity else None
    if link is None and activity is None and launch.role == "learner":
        return None
    course = _keep(Course, {"tenant": deployment.tenant, "lms_id": course_id}, title=launch.context_title)
    # Nobody can be recognised again without a sub: every anonymous launch is a person of its own.
    subject = launch.subject or f"anonymous:{uuid.uuid4()}"
    person = _keep(Person, {"tenant": deployment.tenant, "lms_id": subject}, name=launch.name)
    if link is not None or activity is not None:
        link = link_to(course, launch.resource_link_id, launch.resource_link_title, activity or link.activity)
        if launch.says_grades:
            keep_grade_service(link, registration, launch.grades)
    return Placed(person, course, link)


def link_to(course: Course, lms_id: str, title: str, activity: Activity) -> ResourceLink:
    """The resource link, with `activity` in it."""
    link, made = ResourceLink.objects.get_or_create(
        course=course, lms_id=lms_id, defaults={"title": title, "activity": activity}
    )
    if not made and (link.activity_id != activity.pk or (title and link.title != title)):
        link.activity, link.title = activity, title or link.title
        link.save(update_fields=["activity", "title"])
    return link


def keep_grade_service(link: ResourceLink, registration: Registration, endpoint: Endpoint | None) -> None:
    """Remember where grades go. A changed address sets what was stuck on its way again."""
    if endpoint is None:
        GradeService.objects.filter(resource_link=link).delete()
        return
    scopes = sorted(endpoint.scopes)
    wanted = {"registration": registration, "lineitem": endpoint.lineitem, "scopes": scopes}
    if GradeService.objects.filter(resource_link=link, **wanted).exists():
        return
    GradeService.objects.update_or_create(resource_link=link, defaults=wanted)
    now = timezone.now()
    stuck = GradeDelivery.objects.filter(resource_link=link, state=GradeDelivery.State.STUCK)
    stuck.update(state=GradeDelivery.State.PENDING, tries=0, next_try=now, queued=now)


def frame_origin(registration: Registration, launch: Launch) -> str:
    """The platform's origin, which may show us in its frame."""
    return origin(launch.return_url) or origin(registration.auth_login_url)


def _deployment(registration: Registration, launch: Launch) -> Deployment:
    key = {"registration": registration, "deployment_id": launch.deployment_id}
    known = Deployment.objects.select_related("tenant").filter(**key)
    deployment = known.first()
    if deployment is None:
        if not registration.learns_deployments:
            raise Refusal("deployment_refused", "this registration takes no new deployments")
        deployment = learn_deployment(registration, launch.deployment_id, launch.platform_name)
    if not deployment.is_active:
        raise Refusal("deployment_refused", "the deployment is switched off")
    return deployment


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


def _keep(model: type, key: dict, **shown: str):
    """The row with this key, what is shown of it brought up to date; an empty value says nothing new."""
    row, made = model.objects.get_or_create(**key, defaults=shown)
    changed = [name for name, value in shown.items() if value and getattr(row, name) != value]
    if changed and not made:
        for name in changed:
            setattr(row, name, shown[name])
        row.save(update_fields=changed)
    return row
