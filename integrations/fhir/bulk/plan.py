"""Divide an export into parts of about as many resources, which workers write side by side."""

import logging
import time

from django.db import connection, transaction
from django.utils import timezone

from integrations.fhir.bulk.exported import reaches_of
from integrations.fhir.bulk.files import Writer, folder
from integrations.fhir.bulk.lines import caller_of
from integrations.fhir.bulk.models import Export, ExportPart, ExportState
from integrations.fhir.bulk.outcomes import outcome_lines
from integrations.fhir.bulk.rows import stored
from integrations.fhir.sources import STORED
from integrations.readings.models import Resource

logger = logging.getLogger(__name__)

ROWS = 25_000
"""Rows of a part: a second or two of work, which is what a killed worker loses."""
WAIT_SECONDS = 60.0
"""For writers that were under way when the export was asked for."""


def plan(export_id: object) -> bool:
    """Write down the parts; False where it is not queued, or where older writers do not end and it must wait.

    All of it or nothing: a worker that is killed leaves the export queued.
    """
    if not Export.objects.filter(pk=export_id, state=ExportState.QUEUED).exists() or not _older_writers_ended():
        return False
    with transaction.atomic():
        export = Export.objects.select_for_update().filter(pk=export_id, state=ExportState.QUEUED).first()
        if export is None:
            return False
        parts = [*_noted(export), *(part for name in export.types for part in _parts(export, name))]
        for number, part in enumerate(parts):
            part.number = number
        ExportPart.objects.bulk_create(parts, batch_size=1000)
        export.state, export.moved_at = ExportState.RUNNING, timezone.now()
        export.save(update_fields=["state", "moved_at"])
    return True


def _parts(export: Export, resource_type: str) -> list[ExportPart]:
    def part(first: int, last: int, *, deletions: bool = False) -> ExportPart:
        return ExportPart(
            export=export, resource_type=resource_type, first=first, last=last, deletions=deletions, number=0
        )

    if resource_type not in STORED:
        return [part(0, export.last_number)]
    rows = stored(export, resource_type, reaches_of(caller_of(export), resource_type))
    parts = []
    first = last = counted = 0
    for number in rows.filter(deleted=False).order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10_000):
        first, last, counted = first or number, number, counted + 1
        if counted == ROWS:
            parts.append(part(first, last))
            first = counted = 0
    if counted:
        parts.append(part(first, last))
    if export.since is not None and rows.filter(deleted=True).exists():
        parts.append(part(0, export.last_number, deletions=True))
    return parts


def _noted(export: Export) -> list[ExportPart]:
    """What of the request was not used, as a file of OperationOutcomes: a part that is done when it is planned."""
    if not export.notes:
        return []
    writer = Writer(folder(export.pk), "OperationOutcome.1", "plan")
    writer.write(outcome_lines(export.notes))
    done = {"done_at": timezone.now(), "files": writer.publish()}
    return [ExportPart(export=export, resource_type="OperationOutcome", first=0, last=0, number=0, **done)]


def _older_writers_ended() -> bool:
    """Wait until all who wrote when the export was asked for have ended: rows of theirs may have low numbers.

    A transaction that has written resources holds its lock on their table until it ends. SQLite lets one write at a
    time, so there is nobody to wait for.
    """
    if connection.vendor != "postgresql":
        return True
    older = _writers()
    until = time.monotonic() + WAIT_SECONDS
    while older:
        if time.monotonic() > until:
            logger.warning("somebody has been writing resources for over %.0f s; the export waits", WAIT_SECONDS)
            return False
        time.sleep(0.05)
        older &= _writers()
    return True


def _writers() -> set[str]:
    """The transactions of others that have written resources and have not ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE relation = %s::regclass AND mode = 'RowExclusiveLock'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND granted AND pid <> pg_backend_pid()",
            [Resource._meta.db_table],
        )
        return {str(number) for (number,) in cursor.fetchall()}
