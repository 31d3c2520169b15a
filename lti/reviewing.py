"""From the gradebook to what a learner did: Submission Review launches, and links to one attempt's report."""

from dataclasses import dataclass

from coachtool.attempts.models import Attempt, Person, ResourceLink, Tenant
from lti import placement
from lti.claims import Launch, SubmissionReview
from lti.models import GradeDelivery, Registration
from lti.refusals import Refusal


@dataclass(frozen=True)
class Reviewed:
    """Who asks for what a learner did at a link."""

    person: Person
    learner: Person
    resource_link: ResourceLink


def find(registration: Registration, message: SubmissionReview) -> Reviewed:
    """The link of the line item, and the learner in question.

    Raises Refusal where the line item is none of ours, and for a learner who asks for somebody else.
    """
    deployment = placement.check_deployment(registration, message)
    if message.role == "learner" and message.subject != message.for_user:
        raise Refusal("review_of_others", "a learner asks for another user's submission")
    link = _link_of_item(registration, deployment.tenant, message) if deployment is not None else None
    if link is None:
        raise Refusal("review_unknown", "no resource link of this course has the line item")
    tenant = deployment.tenant
    person = placement.person_of(tenant, message)
    learner = placement.keep(Person, {"tenant": tenant, "lms_id": message.for_user}, name=message.for_user_name)
    return Reviewed(person, learner, link)


def counting_attempt(link_id: int, learner_id: int) -> Attempt | None:
    """The attempt that the learner's grade at this link comes from, or the newest that is finished."""
    delivery = GradeDelivery.objects.filter(resource_link_id=link_id, person_id=learner_id, attempt__isnull=False)
    counting = delivery.select_related("attempt").first()
    if counting is not None:
        return counting.attempt
    finished = Attempt.objects.filter(
        resource_link_id=link_id, learner_id=learner_id, state=Attempt.State.FINISHED, graded=True
    )
    return finished.order_by("-ended").first()


def named_attempt(registration: Registration, launch: Launch) -> Attempt | None:
    """The attempt that target_link_uri names, if it was made in this launch's course and its user may see it.

    Canvas opens a submission's link with the course's resource link, not with
    the assignment's: the attempt itself says where it belongs.
    """
    deployment = placement.check_deployment(registration, launch) if launch.attempt else None
    if deployment is None:
        return None
    found = Attempt.objects.select_related("resource_link__course", "learner").filter(
        pk=launch.attempt,
        resource_link__course__tenant=deployment.tenant,
        resource_link__course__lms_id=placement.course_of(launch),
        resource_link__preview=False,
    )
    attempt = found.first()
    if attempt is None or launch.role == "instructor":
        return attempt
    return attempt if launch.subject is not None and attempt.learner.lms_id == launch.subject else None


def _link_of_item(registration: Registration, tenant: Tenant, message: SubmissionReview) -> ResourceLink | None:
    """The link whose grades go to the line item; where the launch names a link or a course, they must agree."""
    links = ResourceLink.objects.filter(
        course__tenant=tenant, grade_service__registration=registration, grade_service__lineitem=message.lineitem
    )
    if message.resource_link_id is not None:
        links = links.filter(lms_id=message.resource_link_id)
    if message.context_id is not None:
        links = links.filter(course__lms_id=message.context_id)
    found = list(links[:2])
    return found[0] if len(found) == 1 else None
