"""`manage.py bench NAME [--json]`: measure a part of the product on this machine, beside a baseline."""

import importlib
import json

from django.core.management.base import BaseCommand, CommandError

from realtime.perception.weights import WeightsError

# name: module with a function of that name, which returns plain figures, and `report`, which makes them readable
BENCHES = {"speech": "realtime.worker.benchmark"}


class Command(BaseCommand):
    help = "Measure a part of the product on this machine, beside a baseline in the same minute."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, name, **options):
        module = importlib.import_module(BENCHES[name])
        try:
            figures = getattr(module, name)()
        except WeightsError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(figures, indent=1) if options["json"] else module.report(figures))
