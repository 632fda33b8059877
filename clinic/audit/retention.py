"""Remove events at the end of their retention, so that the chain still proves what is left and that nothing else went.

The events go to a file first; a signed stub takes their place; the database lets go of nothing that no stub covers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clinic.audit import archive
from clinic.audit.event import Actor, record
from clinic.audit.models import Action, AuditEvent, ChainHead, Checkpoint, Stub
from clinic.audit.signing import digest, signer
from clinic.audit.statement import BEFORE_THE_FIRST, SignedCheckpoint
from clinic.audit.verify import verify
from clinic.audit.walk import beginning, rows
from clinic.audit.witnesses import stub_statement

AT_ONCE = 100_000
"""So many events go in one transaction, where checkpoints lie that near to each other."""


class PruneRefusedError(RuntimeError):
    """Nothing more was removed; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """One stub and its file."""

    first: int
    last: int
    path: Path
    sha256: str


def prune(
    *, by: Actor, folder: Path, exported: Sequence[SignedCheckpoint] = (), now: datetime | None = None
) -> list[Pruned]:
    """Remove what is older than ``AUDIT_RETENTION_DAYS``, up to the last checkpoint that covers it.

    Each piece is written to a file in `folder`, read back, and removed in one transaction with its stub and its event.

    Raises
    ------
    PruneRefusedError
        The chain is not whole, or no signed checkpoint covers what is old enough.
    ArchiveError
        A file cannot be written, or did not read back.
    """
    return list(_pieces(by, folder, exported, (now or timezone.now()) - timedelta(days=settings.AUDIT_RETENTION_DAYS)))


def _pieces(by: Actor, folder: Path, exported: Sequence[SignedCheckpoint], limit: datetime) -> Iterator[Pruned]:
    until = _last_older(limit)
    if until <= beginning().sequence:
        return
    found = verify(exported=exported)
    if not found.ok:
        raise PruneRefusedError(f"the chain is broken, and stays as it is: {found.reason}; find out why first")
    if not _covers(until).exists():
        raise PruneRefusedError(
            f"events until {until} are old enough, and no signed checkpoint covers them alone: checkpoints are taken by"
            " the clock or by audit_checkpoint, and the first one to lie within them lets them go"
        )
    while (checkpoint := _next(until)) is not None:
        yield _remove(checkpoint, by, folder)


def _last_older(limit: datetime) -> int:
    """The last event that, with all before it, was recorded before `limit`."""
    kept = AuditEvent.objects.filter(recorded__gte=limit).order_by("sequence").first()
    if kept is not None:
        return kept.sequence - 1
    return ChainHead.objects.values_list("sequence", flat=True).get(pk=1)


def _covers(until: int) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(sequence__gt=beginning().sequence, sequence__lte=until)


def _next(until: int) -> Checkpoint | None:
    """The farthest checkpoint within one piece, or the nearest one."""
    near = _covers(until).filter(sequence__lte=beginning().sequence + AT_ONCE).order_by("-sequence").first()
    return near or _covers(until).order_by("sequence").first()


def _remove(checkpoint: Checkpoint, by: Actor, folder: Path) -> Pruned:
    start = beginning()
    first, last = start.sequence + 1, checkpoint.sequence
    path = folder / f"audit-{first}-{last}.jsonl.gz"
    sha256 = archive.write(path, rows(start.sequence, last))
    if archive.read_back(path, after=start.hash) != (last - start.sequence, checkpoint.head):
        raise archive.ArchiveError(f"{path} does not end with checkpoint {checkpoint.number}; remove it and try again")
    old = AuditEvent.objects.filter(sequence__gte=first, sequence__lte=last)
    counts = Counter(old.order_by().values_list("action", flat=True).iterator())
    times = old.order_by("recorded").values_list("recorded", flat=True)
    earliest, latest = times.first(), times.last()
    before = Stub.objects.order_by("-sequence").first()
    key = signer()
    stub = Stub(
        sequence=last,
        head=checkpoint.head,
        first=first,
        counts=dict(sorted(counts.items())),
        recorded_from=earliest,
        recorded_until=latest,
        checkpoint=checkpoint.number,
        checkpoint_hash=checkpoint.hash,
        archive=path.name,
        archive_sha256=sha256,
        pruned=timezone.now(),
        key=key.key_id,
        previous=before.hash if before else BEFORE_THE_FIRST,
    )
    stub.signature = key.sign(stub_statement(stub))
    stub.hash = digest(stub_statement(stub))
    try:
        with transaction.atomic():
            stub.save(force_insert=True)
            gone = old._raw_delete(old.db)
            if gone != last - start.sequence:
                raise PruneRefusedError(f"{gone} events would have gone instead of {last - start.sequence}; none went")
            _record(by, stub)
    except DatabaseError as error:
        path.unlink()
        raise PruneRefusedError(f"nothing was removed: {error}; try again") from error
    except PruneRefusedError:
        path.unlink()
        raise
    return Pruned(first, last, path, sha256)


def _record(by: Actor, stub: Stub) -> None:
    record(
        by=by,
        action=Action.DELETE,
        activity="audit.prune",
        entity_type="AuditEvent",
        entity_id=f"{stub.first}-{stub.sequence}",
        entity_version=stub.archive_sha256,
        purpose="HOPERAT",
        detail={"counts": stub.counts, "checkpoint": stub.checkpoint, "archive": stub.archive, "stub": stub.hash},
    )
