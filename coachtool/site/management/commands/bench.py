"""`manage.py bench NAME [--cases FILE] [--json]`: measure a part of the product, beside a baseline or on cases."""

import importlib
import json

from django.core.management.base import BaseCommand, CommandError

# name: module with a function of that name, which takes the options named beside it and returns plain figures;
# `report`, which makes them readable; and `ERRORS`, the exceptions whose text tells the person at the keyboard
# what is missing
BENCHES = {
    "closures": ("realtime.rendering.closures", ()),
    "face": ("realtime.rendering.benchmark", ()),
    "guardrails": ("coachtool.coaching.bench_guardrails", ("cases",)),
    "launch": ("lti.benchmark", ()),
    "lipsync": ("realtime.lipsync.benchmark", ()),
    "readback": ("realtime.rendering.readback", ()),
    "render": ("realtime.rendering.video.benchmark", ()),
    "perception": ("realtime.perception.benchmark", ()),
    "retrieval": ("knowledge.benchmark", ("documents", "questions", "pad")),
    "scoring": ("coachtool.coaching.bench", ("cases",)),
    "speech": ("realtime.worker.benchmark", ()),
    "voices": ("realtime.worker.voices_benchmark", ()),
}
NEEDED = ("cases", "documents", "questions")


class Command(BaseCommand):
    help = "Measure a part of the product on this machine, beside a baseline in the same minute."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument("--cases", metavar="FILE.jsonl", help="the labelled cases, one JSON object a line")
        parser.add_argument("--documents", metavar="DIR", help="files of any kind that the product reads")
        parser.add_argument("--questions", metavar="FILE.jsonl", help="what is asked of the documents")
        parser.add_argument("--pad", metavar="N", type=int, help="how many distractor chunks lie beside the documents")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, name, **options):
        path, takes = BENCHES[name]
        for option in ("cases", "documents", "questions", "pad"):
            given = options[option] is not None
            if given and option not in takes:
                raise CommandError(f"bench {name} takes no --{option}")
            if not given and option in takes and option in NEEDED:
                raise CommandError(f"bench {name} needs --{option}")
        module = importlib.import_module(path)
        chosen = {option: options[option] for option in takes if options[option] is not None}
        try:
            figures = getattr(module, name)(**chosen)
        except module.ERRORS as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(figures, indent=1) if options["json"] else module.report(figures))
