"""Checkpoints outside the database: a file of JSON lines that only grows, and a line of a log."""

import fcntl
import logging
import os
from pathlib import Path

from django.conf import settings

from clinic.audit.models import Checkpoint
from clinic.audit.statement import CheckpointLineError, SignedCheckpoint

log = logging.getLogger("clinic.audit.checkpoints")


class ExportError(RuntimeError):
    """The file cannot be written or read, or says something else than the database; names file, line and remedy."""


def announce(checkpoint: SignedCheckpoint) -> None:
    """Write a new checkpoint to the log, where ``AUDIT_CHECKPOINT_LOG`` asks for it."""
    if settings.AUDIT_CHECKPOINT_LOG:
        log.info("%s", checkpoint.line())


def append_missing(path: Path) -> int:
    """Append to the file all checkpoints after its last one, each on disk before this returns; gives their number.

    A checkpoint that could not be written when it was taken is so written with the next.

    Raises
    ------
    ExportError
        The file's last line is no checkpoint of this database, or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = read_lines(file.read(), path)
            last = known[-1] if known else None
            _same(last, path)
            rows = Checkpoint.objects.filter(number__gt=last.number if last else 0).order_by("number")
            lines = [SignedCheckpoint.of(row).line() + "\n" for row in rows]
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written ({error.strerror}); mend it or change AUDIT_CHECKPOINT_FILE"
        ) from error
    return len(lines)


def read(path: Path) -> list[SignedCheckpoint]:
    """All checkpoints of an exported file, as they stand there; their signatures are not looked at.

    Raises
    ------
    ExportError
        The file cannot be read, or a line of it is no checkpoint.
    """
    try:
        content = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read as checkpoints ({error})") from error
    return read_lines(content, path)


def read_lines(content: str, path: Path) -> list[SignedCheckpoint]:
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            found.append(SignedCheckpoint.from_line(line))
        except CheckpointLineError as error:
            raise ExportError(
                f"line {number} of {path} is no checkpoint: {error}; keep the file and give another copy of it"
            ) from error
    return found


def _same(last: SignedCheckpoint | None, path: Path) -> None:
    if last is None:
        return
    stored = Checkpoint.objects.filter(number=last.number).first()
    if stored is None or SignedCheckpoint.of(stored) != last:
        raise ExportError(
            f"checkpoint {last.number} in {path} is not the database's: keep both and run verify_audit --checkpoints"
        )
