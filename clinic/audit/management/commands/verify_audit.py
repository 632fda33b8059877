"""``manage.py verify_audit``: is the audit chain whole?"""

import re
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.audit import progress
from clinic.audit.export import ExportError, read
from clinic.audit.signing import Keyring, SigningKeyError, keyring_of
from clinic.audit.statement import SignedCheckpoint
from clinic.audit.verify import Anchor, Verification, verify, verify_onwards


class Command(BaseCommand):
    help = (
        "Walk the audit chain and check all that was signed about it; name the first broken link."
        " Ends with code 0 if all is whole, 1 if something is broken, 2 if it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--noted",
            metavar="NUMBER:HASH",
            help="the last event that an earlier run named: the chain must still hold it",
        )
        parser.add_argument(
            "--checkpoints",
            metavar="FILE",
            help="exported checkpoints that the chain must still hold (default: AUDIT_CHECKPOINT_FILE, if it is there)",
        )
        parser.add_argument(
            "--public-key",
            metavar="FILE",
            help="believe only the public keys of this file, kept elsewhere, instead of this machine's own",
        )
        parser.add_argument(
            "--incremental", action="store_true", help="go on from the last verified checkpoint, not from the start"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        anchor = _anchor(options["noted"])
        try:
            exported, keys = _exported(options["checkpoints"]), _keys(options["public_key"])
            began = time.perf_counter()
            check = verify_onwards if options["incremental"] else verify
            found = check(anchor, exported=exported, keys=keys)
            seconds = time.perf_counter() - began
            if not found.ok:
                raise CommandError(
                    f"broken at event {found.first_broken}: {found.reason} ({found.checked} events before it)"
                )
            if found.from_start is not None and keys is None:
                progress.remember(until=found.sequence, from_start=found.from_start)
        except (ExportError, SigningKeyError) as error:
            raise CommandError(str(error), returncode=2) from error
        self._say(found, seconds)

    def _say(self, found: Verification, seconds: float) -> None:
        self.stdout.write(
            f"{found.reason}: {found.checked} events checked from {found.began.origin} in {seconds:.2f} s"
        )
        self.stdout.write(f"{found.checkpoints} checkpoints of the database and {found.exported} exported ones agree")
        if found.from_start is not None:
            self.stdout.write(f"last walked from its start: {found.from_start:%Y-%m-%d %H:%M} UTC")
        if found.sequence:
            self.stdout.write(f"Note elsewhere, and give back with --noted: {found.sequence}:{found.hash}")


def _exported(name: str | None) -> list[SignedCheckpoint]:
    if name is not None:
        return read(Path(name))
    path = Path(settings.AUDIT_CHECKPOINT_FILE) if settings.AUDIT_CHECKPOINT_FILE else None
    return read(path) if path is not None and path.exists() else []


def _keys(name: str | None) -> Keyring | None:
    if name is None:
        return None
    try:
        return keyring_of(Path(name).read_text(encoding="ascii"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise SigningKeyError(f"{name} cannot be read as public keys ({error})") from error


def _anchor(text: str | None) -> Anchor | None:
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]*):([0-9a-f]{64})", text)
    if match is None:
        raise CommandError(
            f"--noted is {text!r}; give what an earlier run printed: a number, a colon and 64 hex digits", returncode=2
        )
    return Anchor(int(match[1]), match[2])
