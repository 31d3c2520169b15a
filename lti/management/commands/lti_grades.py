"""manage.py lti_grades: what has not reached the platforms, and another try."""

from django.core.management.base import BaseCommand

from lti import grades
from lti.models import GradeDelivery


class Command(BaseCommand):
    help = "List the grades that have not reached their platform; --retry sets the stuck ones on their way again."

    def add_arguments(self, parser):
        parser.add_argument("--retry", action="store_true")

    def handle(self, **options):
        waiting = GradeDelivery.objects.exclude(state=GradeDelivery.State.SENT)
        for delivery in waiting.select_related("resource_link__course").order_by("queued"):
            basis = f"attempt {delivery.attempt_id}" if delivery.attempt_id else "instructor's own grade"
            self.stdout.write(
                f"{delivery.queued:%Y-%m-%d %H:%M}  {delivery.state:7}  tries {delivery.tries}  {basis}  "
                f"{delivery.resource_link.course}: {delivery.last_error or 'on its way'}"
            )
        if options["retry"]:
            again = grades.send_again(waiting.filter(state=GradeDelivery.State.STUCK))
            self.stdout.write(f"{again} set on their way again.")
