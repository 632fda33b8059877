"""``manage.py pull URL|DIRECTORY``: bring in what is new of a FHIR server or a folder."""

import signal
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.ehr.access import Access, AccessError
from integrations.ehr.address import AddressError, base_url
from integrations.ehr.capability import CapabilityError
from integrations.ehr.client import Client, FetchError
from integrations.ehr.folder import FolderError, pull_folder
from integrations.ehr.options import access_by, add_access_options
from integrations.ehr.progress import PullReport, TypeProgress
from integrations.ehr.pull import PAGE_SIZE, pull
from integrations.ehr.source import SourceError, source_for

_LINE_EVERY_S = 1.0
_LARGEST_PAGE = 1000


class Command(BaseCommand):
    help = "Pull what is new from a FHIR R4 server, or read Bundles (*.json) and *.ndjson from a folder."
    requires_system_checks = ()  # they load every page, which a puller never shows

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("origin", metavar="URL|DIRECTORY")
        how_often = parser.add_mutually_exclusive_group()
        how_often.add_argument("--once", action="store_true", help="pull once and end (the default)")
        how_often.add_argument("--every", type=float, metavar="SECONDS", help="pull again and again, this far apart")
        add_access_options(parser)
        parser.add_argument("--page-size", type=int, default=PAGE_SIZE, help=f"resources a page (default {PAGE_SIZE})")
        parser.add_argument("--source", default="", help="short name of the source; by default made from its address")

    def handle(self, **options: Any) -> None:
        stop = threading.Event()

        def on_signal(*_: object) -> None:
            stop.set()

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._loop(options, stop)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _loop(self, options: dict[str, Any], stop: threading.Event) -> None:
        every = options["every"]
        if every is not None and every <= 0:
            raise CommandError(f"--every is {every:g}; give a number of seconds above 0")
        if not 1 <= options["page_size"] <= _LARGEST_PAGE:
            raise CommandError(f"--page-size is {options['page_size']}; give 1 to {_LARGEST_PAGE}")
        access = self._access(options)
        while True:
            try:
                report = self._once(options, access, stop)
            except (FetchError, AddressError, CapabilityError, FolderError, SourceError) as error:
                if every is None:
                    raise CommandError(str(error)) from error
                self.stderr.write(str(error))
            else:
                self._summary(report)
                if every is None and not report.ok and not report.stopped:
                    raise CommandError("not everything could be pulled; see above, and run it again")
            if every is None or stop.wait(every):
                return

    def _access(self, options: dict[str, Any]) -> Access | None:
        """How the server lets us in, the same for every round; none for a folder."""
        if "://" not in options["origin"]:
            return None
        try:
            return access_by(options, base_url(options["origin"]), settings.PULL_TOKEN)
        except (AccessError, AddressError) as error:
            raise CommandError(str(error)) from error

    def _once(self, options: dict[str, Any], access: Access | None, stop: threading.Event) -> PullReport:
        origin, name = options["origin"], options["source"]
        shown: dict[str, float] = {}

        def on_progress(progress: TypeProgress) -> None:
            now = time.monotonic()
            if progress.done or now - shown.get(progress.resource_type, 0.0) >= _LINE_EVERY_S:
                shown[progress.resource_type] = now
                self.stderr.write(progress.line())

        if "://" not in origin:
            folder = Path(origin).resolve()
            return pull_folder(source_for(name, str(folder)), folder, stopped=stop.is_set, on_progress=on_progress)
        with Client(origin, access=access, stop=stop) as client:
            source = source_for(name, client.base)
            return pull(source, client, on_progress=on_progress, page_size=options["page_size"])

    def _summary(self, report: PullReport) -> None:
        if report.opened_before:
            self.stdout.write(f"{report.opened_before} readings of an unfinished run were opened first.")
        if report.missing:
            self.stdout.write(f"The server does not offer {', '.join(report.missing)}.")
        for progress in report.types.values():
            self.stdout.write(progress.summary())
        if report.released:
            self.stdout.write(f"{report.released} came out of quarantine.")
        if report.stopped:
            self.stdout.write("Stopped; the next run goes on from here.")
