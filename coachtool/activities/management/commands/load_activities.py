"""Loads the authored activities of the library: a new version only where the wording changed."""

from pathlib import Path

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from coachtool.activities import brief
from coachtool.activities.models import Activity, ActivityVersion

LIBRARY = Path(__file__).resolve().parents[2] / "library"


class Command(BaseCommand):
    help = "Load every activity of the library (or of --from DIRECTORY); running it again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--from", dest="directory", type=Path, default=LIBRARY, help="directory of *.yaml files")

    def handle(self, *args, directory: Path, **options):
        files = sorted(directory.glob("*.yaml"))
        if not files:
            raise CommandError(f"No activities found: {directory} holds no *.yaml file.")
        definitions = [(path, _read(path)) for path in files]
        with transaction.atomic():
            for path, definition in definitions:
                self.stdout.write(_store(path, definition))


def _read(path: Path) -> dict:
    try:
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        brief.load(definition)
    except (yaml.YAMLError, brief.BriefError) as wrong:
        raise CommandError(f"{path.name}: {wrong}") from wrong
    return definition


def _store(path: Path, definition: dict) -> str:
    activity, _ = Activity.objects.get_or_create(slug=definition["slug"], defaults={"title": definition["title"]})
    activity = Activity.objects.select_for_update().get(pk=activity.pk)
    latest = activity.versions.order_by("-number").first()
    if latest is not None and latest.definition == definition:
        return f"{activity.slug}: version {latest.number}, unchanged"
    if activity.title != definition["title"]:
        activity.title = definition["title"]
        activity.save(update_fields=["title"])
    number = latest.number + 1 if latest else 1
    ActivityVersion.objects.create(activity=activity, number=number, definition=definition)
    return f"{activity.slug}: version {number}, new"
