"""The rows of an export: the versions that were in force at its transaction time, whatever was written since.

A version's row is never changed but for `is_current`. So of the rows that were there then, those count that are still
in force, and those that only a later row has replaced. One query tells, part by part, so nothing is doubled or missed
while others write.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.fhir import visible
from integrations.fhir.bulk.models import Export, ExportMember, ExportPart, Level
from integrations.fhir.registry import TYPES
from integrations.readings.identity import is_later
from integrations.readings.models import Resource

COLUMNS = ("pk", "source_key", "version", "last_updated", "text", "is_current")
Row = tuple[int, str, str, Any, str, bool]
FIRST_BATCH = 50
MOST_IN_BATCH = 2000
_MOST_CHARACTERS = 8_000_000
"""Of one batch, roughly: an electrocardiogram may be one resource of 6 MB."""


def stored(export: Export, resource_type: str, reaches: Any) -> QuerySet[Resource]:
    """All rows of a type that an export may look at, in force or not."""
    rows = Resource.objects.filter(resource_type=resource_type, pk__lte=export.last_number)
    if export.since_number is not None:
        rows = rows.filter(pk__gt=export.since_number)
    elif export.since is not None:
        # Its source may have changed it long before it came in here.
        rows = rows.filter(Q(last_updated__gte=export.since) | Q(reading__received_time__gte=export.since))
    served = TYPES[resource_type]
    for reach in reaches:
        rows = rows.filter(visible.rows(reach, served))
    if export.level == Level.SYSTEM:
        return rows
    theirs = Q(subject__isnull=False)
    if export.only_members:
        theirs = Q(subject__in=ExportMember.objects.filter(export=export).values("subject"))
    if getattr(served, "of_nobody", False):
        theirs |= Q(subject__isnull=True)
    return rows.filter(theirs)


def batches(export: Export, part: ExportPart, reaches: Any) -> Iterator[list[Row]]:
    """The rows of a part in the order of their numbers; a batch is small where resources are large."""
    replaced_since = Resource.objects.filter(
        source_key=OuterRef("source_key"), is_current=True, pk__gt=export.last_number
    )
    rows = stored(export, part.resource_type, reaches).filter(
        Q(is_current=True) | Exists(replaced_since), pk__lte=part.last, deleted=part.deletions
    )
    after, size = part.first - 1, FIRST_BATCH
    while True:
        batch: list[Row] = list(rows.filter(pk__gt=after).order_by("pk").values_list(*COLUMNS)[:size])
        if not batch:
            return
        yield [row for row in batch if row[5] or _was_in_force(row, export.last_number)]
        if len(batch) < size:
            return
        after = batch[-1][0]
        characters = sum(len(row[4]) for row in batch) / len(batch)
        size = max(1, min(MOST_IN_BATCH, int(_MOST_CHARACTERS / (characters + 1))))


def _was_in_force(row: Row, last_number: int) -> bool:
    """Whether, of the versions that were there, this one replaced all others."""
    versions = Resource.objects.filter(source_key=row[1], pk__lte=last_number)
    found = list(versions.values_list("version", "last_updated", "status"))
    newest = found[0]
    for one in found[1:]:
        if is_later(*one, *newest):
            newest = one
    return bool(newest[0] == row[2])
