"""``manage.py audit_prune FOLDER``: remove audit events at the end of their retention."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.audit.archive import ArchiveError
from clinic.audit.event import SYSTEM, AuditWriteError
from clinic.audit.export import ExportError, read
from clinic.audit.retention import PruneRefusedError, prune
from clinic.audit.signing import SigningKeyError


class Command(BaseCommand):
    help = (
        "Write audit events older than AUDIT_RETENTION_DAYS to files, and remove them up to the last checkpoint that"
        " covers them; a signed stub takes their place."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", help="where the files with the removed events go; keep them as the law asks")

    def handle(self, *_: Any, **options: Any) -> None:
        outside = Path(settings.AUDIT_CHECKPOINT_FILE) if settings.AUDIT_CHECKPOINT_FILE else None
        try:
            exported = read(outside) if outside is not None and outside.exists() else []
            pieces = prune(by=SYSTEM, folder=Path(options["folder"]), exported=exported)
        except (PruneRefusedError, ArchiveError, AuditWriteError) as error:
            raise CommandError(str(error)) from error
        except (ExportError, SigningKeyError) as error:
            raise CommandError(str(error), returncode=2) from error
        for piece in pieces:
            self.stdout.write(f"events {piece.first} to {piece.last} removed; {piece.path} holds them ({piece.sha256})")
        if not pieces:
            self.stdout.write(f"no event is older than {settings.AUDIT_RETENTION_DAYS} days")
