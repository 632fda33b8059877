"""``manage.py verify_audit``: is the audit chain whole?"""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.audit.verify import Anchor, verify


class Command(BaseCommand):
    help = "Walk the audit chain; name the first broken link and end with code 1 if there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--noted",
            metavar="NUMBER:HASH",
            help="the last event that an earlier run named: the chain must still hold it",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        found = verify(_anchor(options["noted"]))
        if not found.ok:
            raise CommandError(
                f"broken at event {found.first_broken}: {found.reason} ({found.checked} events before it)"
            )
        self.stdout.write(f"{found.reason}: {found.checked} events checked")
        if found.checked:
            self.stdout.write(f"Note elsewhere, and give back with --noted: {found.sequence}:{found.hash}")


def _anchor(text: str | None) -> Anchor | None:
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]*):([0-9a-f]{64})", text)
    if match is None:
        raise CommandError(
            f"--noted is {text!r}; give what an earlier run printed: a number, a colon and 64 hex digits"
        )
    return Anchor(int(match[1]), match[2])
