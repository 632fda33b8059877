"""``manage.py quarantine list|retry``: what could not be used, and another try once the cause is mended."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.readings.models import QuarantineEntry, QuarantineReason, QuarantineState
from integrations.readings.quarantine import retry


class Command(BaseCommand):
    help = "List what is in quarantine with its reason, or try it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "retry"])
        parser.add_argument("--reason", choices=QuarantineReason.values, help="only what waits for this reason")
        parser.add_argument("--id", type=int, help="only this entry")

    def handle(self, **options: Any) -> None:
        entries = QuarantineEntry.objects.filter(state=QuarantineState.WAITING).order_by("pk")
        if options["reason"]:
            entries = entries.filter(reason=options["reason"])
        if options["id"] is not None:
            entries = entries.filter(pk=options["id"])
            if not entries.exists():
                raise CommandError(f"--id is {options['id']}; no entry of that number waits, see quarantine list")
        if options["verb"] == "retry":
            report = retry(entries)
            self.stdout.write(f"{report.tried} tried again: {report.released} accepted.")
            entries = entries.all()
        for entry in entries.select_related("reading__source").defer("reading__content", "text").iterator():
            self.stdout.write(
                f"{entry.pk}  {entry.reading.source.slug}  {entry.reference}  {entry.reason}: {entry.detail}"
            )
        self.stdout.write(f"{entries.count()} waiting.")
