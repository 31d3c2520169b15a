"""manage.py lti_registrations: which platforms are connected; switch them, or single deployments, on and off."""

from django.core.management.base import BaseCommand, CommandError

from lti.models import Registration
from lti.registering.state import state


class Command(BaseCommand):
    help = "List the registered platforms, or switch one (or one of its deployments) on or off."

    def add_arguments(self, parser):
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--activate", nargs=2, metavar=("ISSUER", "CLIENT_ID"))
        which.add_argument("--deactivate", nargs=2, metavar=("ISSUER", "CLIENT_ID"))
        parser.add_argument("--deployment", help="switch this deployment only")

    def handle(self, **options):
        pair = options["activate"] or options["deactivate"]
        if pair:
            self._switch(*pair, deployment_id=options["deployment"], on=bool(options["activate"]))
        elif options["deployment"]:
            raise CommandError("--deployment goes with --activate or --deactivate.")
        else:
            self._list()

    def _switch(self, issuer: str, client_id: str, *, deployment_id: str | None, on: bool) -> None:
        found = Registration.objects.filter(issuer=issuer, client_id=client_id).first()
        if found is None:
            raise CommandError(f"There is no registration for {issuer} with client id {client_id}.")
        what = found
        if deployment_id is not None:
            what = found.deployments.filter(deployment_id=deployment_id).first()
            if what is None:
                raise CommandError(f"{found} has no deployment {deployment_id}.")
        elif on and self._elsewhere(found):
            raise CommandError(
                f"Client id {client_id} is active at another issuer too. Client ids are random: whoever says that "
                "theirs is another's may be after that platform's access tokens. If it is right, use lti_register."
            )
        what.is_active = on
        what.save(update_fields=["is_active"])
        self.stdout.write(f"{what} is {'active' if on else 'switched off'}.")

    @staticmethod
    def _elsewhere(registration: Registration) -> bool:
        same = Registration.objects.filter(client_id=registration.client_id, is_active=True)
        return same.exclude(issuer=registration.issuer).exists()

    def _list(self) -> None:
        registrations = Registration.objects.order_by("created", "pk")
        if not registrations:
            self.stdout.write("No platform is registered. manage.py lti_invite prints a link for its administrator.")
        for registration in registrations:
            now = state(registration)
            self.stdout.write(
                f"{'active  ' if registration.is_active else 'INACTIVE'}  {registration.issuer}  "
                f"{registration.client_id}  {registration.name or '-'}  ({registration.registered_by}, "
                f"{registration.created:%Y-%m-%d}, {'launched' if now.launched else 'no launch yet'})"
            )
            for deployment in now.deployments:
                self.stdout.write(f"    deployment {deployment.deployment_id}{'' if deployment.is_active else '  OFF'}")
            for _, meaning in now.missing:
                self.stdout.write(f"    not granted: {meaning}")
