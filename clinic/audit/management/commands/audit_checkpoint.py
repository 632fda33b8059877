"""``manage.py audit_checkpoint``: sign where the audit chain stands now."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clinic.audit.checkpoint import CheckpointRefusedError, take
from clinic.audit.export import ExportError, announce, append_missing
from clinic.audit.signing import SigningKeyError


class Command(BaseCommand):
    help = "Take a checkpoint of the audit chain, export it to AUDIT_CHECKPOINT_FILE, and print it as a line of JSON."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            taken = take()
            if taken is None:
                raise CommandError("the chain has no event yet, so there is nothing to sign", returncode=2)
            checkpoint, new = taken
            if new:
                announce(checkpoint)
            if settings.AUDIT_CHECKPOINT_FILE:
                path = Path(settings.AUDIT_CHECKPOINT_FILE)
                self.stderr.write(f"{append_missing(path)} checkpoints appended to {path}")
        except CheckpointRefusedError as error:
            raise CommandError(str(error)) from error
        except (ExportError, SigningKeyError) as error:
            raise CommandError(str(error), returncode=2) from error
        if not new:
            self.stderr.write("no event came since this checkpoint")
        self.stdout.write(checkpoint.line())
