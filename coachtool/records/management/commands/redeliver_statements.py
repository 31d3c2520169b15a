"""Puts statements back into the queue after their cause was put right, or a record store was configured."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coachtool.records.models import StatementOutbox


class Command(BaseCommand):
    help = "Send again what the record store refused (--dead), or send what was kept before there was one (--kept)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dead", action="store_true", help="statements that were refused")
        parser.add_argument("--kept", action="store_true", help="statements made while no record store was configured")

    def handle(self, *args: Any, **options: Any) -> None:
        states = [state for state in (StatementOutbox.State.DEAD, StatementOutbox.State.KEPT) if options[state.value]]
        if not states:
            raise CommandError("Say which: --dead, --kept or both.")
        if not settings.LRS_URL:
            raise CommandError("Set COACHTOOL_LRS_URL first: there is no record store to send to.")
        chosen = StatementOutbox.objects.filter(state__in=states)
        count = chosen.update(state=StatementOutbox.State.PENDING, next_try=timezone.now(), tries=0, last_error="")
        self.stdout.write(f"{count} statements will be sent.")
