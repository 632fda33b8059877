"""``manage.py bulk_import URL --source NAME``: bring in what a hospital system exports in bulk."""

import signal
import threading
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from integrations.ehr.access import AccessError
from integrations.ehr.address import AddressError, base_url
from integrations.ehr.bulk import BulkError, BulkReport, Wanted, bulk_import
from integrations.ehr.capability import TYPES
from integrations.ehr.client import Client, FetchError
from integrations.ehr.configured import file_hosts
from integrations.ehr.options import access_by, add_access_options
from integrations.ehr.source import SourceError, source_for


class Command(BaseCommand):
    help = (
        "Import by $export (FHIR Bulk Data 2.0): what is new since the last import, or what an unfinished one lacks. "
        "Run it again after a fault; it goes on where it was."
    )
    requires_system_checks = ()  # they load every page, which an import never shows

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help="base of the FHIR server")
        parser.add_argument("--source", required=True, help="short name of the source")
        level = parser.add_mutually_exclusive_group()
        level.add_argument("--group", metavar="ID", help="only the patients of this Group")
        level.add_argument("--system", action="store_true", help="everything of the system, not only of patients")
        parser.add_argument("--types", default=",".join(TYPES), help="resource types, with commas")
        since = parser.add_mutually_exclusive_group()
        since.add_argument("--since", metavar="TIME", help="only what changed after this time, with its offset")
        since.add_argument("--everything", action="store_true", help="from the beginning, with a new export")
        parser.add_argument("--file-host", action="append", default=[], help="another host that files may lie on")
        add_access_options(parser)

    def handle(self, **options: Any) -> None:
        stop = threading.Event()

        def on_signal(*_: object) -> None:
            stop.set()

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._import(options, stop)
        except (FetchError, AccessError, AddressError, BulkError, SourceError) as error:
            raise CommandError(str(error)) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _import(self, options: dict[str, Any], stop: threading.Event) -> None:
        level = "system" if options["system"] else f"Group/{options['group']}" if options["group"] else "Patient"
        wanted = Wanted(
            level=level,
            types=tuple(name.strip() for name in options["types"].split(",") if name.strip()),
            since=self._since(options["since"]),
            everything=options["everything"],
            file_hosts=(*file_hosts(options["source"]), *(host.lower() for host in options["file_host"])),
        )
        base = base_url(options["url"])
        with Client(base, access=access_by(options, base), stop=stop) as client:
            report = bulk_import(
                source_for(options["source"], client.base),
                client,
                wanted,
                on_progress=lambda progress: self.stderr.write(progress.line()),
                on_wait=lambda words: self.stderr.write(f"Waiting: {words}"),
            )
        self._summary(report)

    def _summary(self, report: BulkReport) -> None:
        if report.resumed:
            self.stdout.write("Went on with the export that was asked for before.")
        for progress in report.files:
            self.stdout.write(progress.summary())
        if report.released:
            self.stdout.write(f"{report.released} came out of quarantine.")
        if report.stopped:
            self.stdout.write("Stopped; the next import goes on from here.")
        elif report.bulk.transaction_time is not None:
            self.stdout.write(f"Whole; the next import asks from {report.bulk.transaction_time.isoformat()}.")

    def _since(self, text: str | None) -> datetime | None:
        if text is None:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise CommandError(f"--since is {text!r}; give a time with its offset, like 2026-03-01T00:00:00Z")
        return moment
