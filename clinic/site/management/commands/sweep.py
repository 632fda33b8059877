"""``manage.py sweep``: send again what a lost worker or message left behind."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations.ehr.tasks import sweep as sweep_ehr
from twins.jobs.sweep import sweep


class Command(BaseCommand):
    help = "Re-enqueue jobs whose worker fell silent or whose message was lost; once, or every N seconds."
    requires_system_checks = ()  # they load every page, which takes longer than the command

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="keep sweeping at this interval")

    def handle(self, **options: Any) -> None:
        while True:
            found = sweep() + sweep_ehr()
            if found or options["every"] is None:
                self.stdout.write(f"{found} job{'' if found == 1 else 's'} sent again.")
            if options["every"] is None:
                return
            time.sleep(options["every"])
