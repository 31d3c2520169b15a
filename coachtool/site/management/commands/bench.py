"""`manage.py bench NAME [--cases FILE] [--json]`: measure a part of the product, beside a baseline or on cases."""

import importlib
import json

from django.core.management.base import BaseCommand, CommandError

# name: module with a function of that name, which returns plain figures; `report`, which makes them readable;
# and `ERRORS`, the exceptions whose text tells the person at the keyboard what is missing
BENCHES = {"launch": "lti.benchmark", "scoring": "coachtool.coaching.bench", "speech": "realtime.worker.benchmark"}
ON_CASES = {"scoring"}


class Command(BaseCommand):
    help = "Measure a part of the product on this machine, beside a baseline in the same minute."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument("--cases", metavar="FILE.jsonl", help="the labelled cases, one JSON object a line")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, name, **options):
        if (name in ON_CASES) != bool(options["cases"]):
            raise CommandError(f"bench {name} {'needs' if name in ON_CASES else 'takes no'} --cases FILE.jsonl")
        module = importlib.import_module(BENCHES[name])
        try:
            arguments = (module.read(options["cases"]),) if name in ON_CASES else ()
            figures = getattr(module, name)(*arguments)
        except module.ERRORS as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(figures, indent=1) if options["json"] else module.report(figures))
