"""What happens elsewhere and changes a grade, or the column that grades go to."""

from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from coachtool.activities.models import ActivityVersion
from coachtool.attempts.enrolments import Roster
from coachtool.attempts.models import Attempt, Course, Person, ResourceLink
from coachtool.attempts.signals import attempt_finished, course_opened, grade_reviewed
from lti import grades, line_items, roster, tasks
from lti.models import GradeDelivery, GradeService


@receiver(attempt_finished, dispatch_uid="lti.attempt_finished")
def settle_attempt(sender, attempt: Attempt, **kwargs) -> None:
    """Note the grade to send in the attempt's own transaction; start sending once it holds."""
    if attempt.graded:
        _settle(attempt.resource_link_id, attempt.learner_id)


@receiver(grade_reviewed, dispatch_uid="lti.grade_reviewed")
def settle_review(sender, resource_link: ResourceLink, learner: Person, **kwargs) -> None:
    """An instructor's verdict, or a grade of her own, changes what counts."""
    _settle(resource_link.pk, learner.pk)


@receiver(course_opened, dispatch_uid="lti.course_opened")
def tell_roster(sender, course: Course, again: bool, **kwargs) -> Roster:
    """How the course's roster stands; an old one is read anew."""
    return roster.state(course, again=again)


@receiver(post_save, sender=ActivityVersion, dispatch_uid="lti.version_published")
def follow_version(sender, instance: ActivityVersion, **kwargs) -> None:
    """Another maximum, or another choice of attempt, changes every grade; a title changes our column."""
    if not instance.published:
        return
    earlier = instance.activity.versions.filter(published=True, number__lt=instance.number).order_by("number").last()
    if earlier is None:
        return
    links = ResourceLink.objects.filter(activity_id=instance.activity_id, grade_service__isnull=False)
    regraded = _rules(earlier) != _rules(instance)
    for link in links.select_related("activity"):
        if regraded and grades.settle_link(link):
            transaction.on_commit(tasks.kick, robust=True)
        _keep_column(link)


@receiver(post_save, sender=ResourceLink, dispatch_uid="lti.link_changed")
def follow_link(sender, instance: ResourceLink, created: bool, **kwargs) -> None:
    """An activity was picked, or the link has another title."""
    if not created:
        _keep_column(instance)


@receiver(pre_save, sender=GradeService, dispatch_uid="lti.service_changes")
def note_former_column(sender, instance: GradeService, **kwargs) -> None:
    """Remember where grades went until now, for `follow_service`."""
    former = GradeService.objects.filter(pk=instance.pk).values_list("lineitem", flat=True).first()
    instance.former_lineitem = former or ""


@receiver(post_save, sender=GradeService, dispatch_uid="lti.service_changed")
def follow_service(sender, instance: GradeService, created: bool, **kwargs) -> None:
    """The first column gets the grades that were waiting for it, another column gets all of them anew."""
    news = 0
    if created:
        news = grades.settle_link(instance.resource_link)
    elif instance.former_lineitem and instance.lineitem and instance.former_lineitem != instance.lineitem:
        deliveries = GradeDelivery.objects.filter(resource_link=instance.resource_link)
        with transaction.atomic():
            # None is claimed between the two, by a worker that knows the old address only.
            list(deliveries.select_for_update().order_by("pk").values_list("pk"))
            grades.overtake(deliveries)
            news = grades.send_again(deliveries, submitted=None)
    if news:
        transaction.on_commit(tasks.kick, robust=True)
    _keep_column(instance.resource_link)


def _settle(resource_link_id: int, learner_id: int) -> None:
    if grades.settle(resource_link_id, learner_id) is not None:
        transaction.on_commit(tasks.kick, robust=True)


def _keep_column(link: ResourceLink) -> None:
    """Make or update the column once this holds, if there is anything to do."""
    service = GradeService.objects.select_related("registration", "resource_link__activity").filter(resource_link=link)
    if any(line_items.is_behind(found) for found in service):
        transaction.on_commit(lambda: tasks.kick_column(link.pk), robust=True)


def _rules(version: ActivityVersion) -> tuple:
    return version.brief.max_score, version.brief.counts
