"""manage.py lti_roster: which courses have a roster, how its last reading went, and a reading now."""

from django.core.management.base import BaseCommand, CommandError

from coachtool.attempts.models import Course, ResourceLink
from lti import roster
from lti.models import MembershipService


class Command(BaseCommand):
    help = (
        "List the courses that have a roster in their LMS; --course reads one now; --link says who may open a "
        "resource link, as the LMS has it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--course", help="the course's number in the list, or its id in the LMS")
        parser.add_argument(
            "--whole", action="store_true", help="everybody, also where only changes could be asked for"
        )
        parser.add_argument("--link", help="with --course: the resource link's id in the LMS")

    def handle(self, **options):
        if not options["course"]:
            self._list()
            return
        course = _course(options["course"])
        service = roster.service_of(course)
        if service is None:
            raise CommandError(
                f"The LMS gives no roster of {course} to this tool: no launch has named one, its registration is "
                "switched off, or the permission for names was not granted."
            )
        try:
            if options["link"]:
                self._members(roster.of_link(service, _link(course, options["link"]).lms_id))
            else:
                self._read(service, options["whole"])
        except roster.NotRead as problem:
            raise CommandError(str(problem)) from None

    def _list(self):
        for service in MembershipService.objects.select_related("course").order_by("course_id"):
            read = f"read {service.synced:%Y-%m-%d %H:%M}" if service.synced else "never read"
            here = service.course.enrolments.filter(left=None).count()
            problem = f"  {service.last_error}" if service.last_error else ""
            self.stdout.write(f"{service.course_id:6}  {service.course}: {here} people, {read}{problem}")

    def _read(self, service: MembershipService, whole: bool):
        if whole:
            MembershipService.objects.filter(pk=service.pk).update(differences_url="")
        reading = roster.read(service)
        if reading is None:
            raise CommandError("The roster is being read right now by another process.")
        enrolments = service.course.enrolments
        self.stdout.write(
            f"{service.course}: {'everybody' if reading.whole else 'changes'} read, {len(reading.members)} listed. "
            f"{enrolments.filter(left=None, role='learner').count()} learners, "
            f"{enrolments.filter(left=None, role='instructor').count()} instructors, "
            f"{enrolments.exclude(left=None).count()} have left."
        )

    def _members(self, members: tuple[roster.Member, ...]):
        for member in members:
            self.stdout.write(f"{member.user_id}  {member.role or 'neither'}  {member.status}  {member.name}")


def _course(named: str) -> Course:
    by_number = Course.objects.filter(pk=int(named)) if named.isdecimal() else Course.objects.none()
    found = list(by_number or Course.objects.filter(lms_id=named))
    if len(found) != 1:
        raise CommandError(f"{len(found)} courses are called {named!r}; take the number from manage.py lti_roster.")
    return found[0]


def _link(course: Course, lms_id: str) -> ResourceLink:
    link = course.resource_links.filter(lms_id=lms_id).first()
    if link is None:
        raise CommandError(f"{course} has no resource link {lms_id!r}.")
    return link
