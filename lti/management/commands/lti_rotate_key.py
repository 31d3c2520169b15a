"""manage.py lti_rotate_key: a new signing key, with time for platforms to learn it."""

from datetime import timedelta

from django.core.management.base import BaseCommand

from lti import keys


class Command(BaseCommand):
    help = "Publish a new key now, sign with it after --hours, withdraw the old ones as many hours later."

    def add_arguments(self, parser):
        parser.add_argument("--hours", type=float, default=keys.OVERLAP.total_seconds() / 3600)

    def handle(self, **options):
        key = keys.rotate(timedelta(hours=options["hours"]))
        self.stdout.write(f"Key {key.kid} is published; it signs from {key.signs_from:%Y-%m-%d %H:%M} UTC.")
