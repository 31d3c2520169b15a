"""manage.py lti_keys: the tool's signing keys, rotated with time for platforms to learn the new one."""

from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lti import keys
from lti.models import ToolKey


class Command(BaseCommand):
    help = "List, rotate or retire the keys that the tool signs with."

    def add_arguments(self, parser):
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the keys that are published, and what each is for")
        rotate = actions.add_parser(
            "rotate", help="publish a new key now, sign with it after the overlap, withdraw the old ones one more later"
        )
        rotate.add_argument(
            "--overlap",
            type=float,
            default=keys.OVERLAP.total_seconds() / 3600,
            metavar="HOURS",
            help="0 changes over at once: platforms that keep a copy refuse us until they fetch again (default 24)",
        )
        retire = actions.add_parser("retire", help="withdraw one key now, as when somebody else may know it")
        retire.add_argument("kid")

    def handle(self, **options):
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options) -> None:
        now, signs = timezone.now(), keys.signing_key().kid
        for key in keys.published():
            state = "signs" if key.kid == signs else "published, has signed"
            if key.signs_from > now:
                state = f"published, signs from {key.signs_from:%Y-%m-%d %H:%M} UTC"
            until = f", withdrawn at {key.retires:%Y-%m-%d %H:%M} UTC" if key.retires else ""
            self.stdout.write(f"{key.kid}  made {key.created:%Y-%m-%d}  {state}{until}")

    def _rotate(self, options) -> None:
        if not 0 <= options["overlap"] <= 24 * 90:
            raise CommandError("--overlap: give hours from 0 to 2160.")
        key = keys.rotate(timedelta(hours=options["overlap"]))
        self.stdout.write(f"Key {key.kid} is published; it signs from {key.signs_from:%Y-%m-%d %H:%M} UTC.")

    def _retire(self, options) -> None:
        try:
            keys.retire(options["kid"])
        except ToolKey.DoesNotExist:
            raise CommandError(f"There is no key {options['kid']}; see manage.py lti_keys list.") from None
        except keys.StillNeeded:
            raise CommandError("No other key may sign yet; run manage.py lti_keys rotate --overlap 0 first.") from None
        self.stdout.write(f"Key {options['kid']} is withdrawn.")
