"""manage.py lti_invite: a link with which an LMS's administrator connects their platform."""

from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError

from lti.models import Registration
from lti.registering import invitations


class Command(BaseCommand):
    help = "Print a link with which one LMS administrator can register their platform and look after the registration."

    def add_arguments(self, parser):
        parser.add_argument("--note", default="", help="whom it is for; shown on the page")
        parser.add_argument("--days", type=float, default=invitations.LASTS.days, help="how long it lasts (default 14)")
        parser.add_argument("--issuer", help="with --client-id: to look after a registration that is there")
        parser.add_argument("--client-id")

    def handle(self, **options):
        if not 0 < options["days"] <= 366:
            raise CommandError("--days: give a number above 0 and up to 366.")
        if len(options["note"]) > 200:
            raise CommandError("--note: at most 200 characters.")
        if bool(options["issuer"]) != bool(options["client_id"]):
            raise CommandError("Give --issuer and --client-id together, or neither.")
        registration = None
        if options["issuer"]:
            registration = Registration.objects.filter(issuer=options["issuer"], client_id=options["client_id"]).first()
            if registration is None:
                raise CommandError("There is no such registration; see manage.py lti_registrations.")
        self.stdout.write(invitations.invite(options["note"], timedelta(days=options["days"]), registration))
