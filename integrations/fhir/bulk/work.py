"""Write the parts of an export: each is claimed with a lease, written once however often it is begun, and counted.

A worker that is killed leaves a lease that runs out; the sweep then sends a message, and another worker writes the part
anew. An attempt whose lease was lost, or whose export was cancelled, publishes nothing.
"""

import logging
import secrets
import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from clinic.audit.event import Actor, record
from clinic.audit.models import Action, Outcome
from integrations.fhir.bulk.files import Writer, folder, remove
from integrations.fhir.bulk.lines import lines
from integrations.fhir.bulk.models import OPEN_STATES, Export, ExportPart, ExportState
from twins.jobs.claim import MOST_ATTEMPTS, lease_end
from twins.jobs.work import PASSING

logger = logging.getLogger(__name__)


class LostError(RuntimeError):
    """The part is another's now, or its export no longer wanted."""


def claim(export: Export) -> ExportPart | None:
    """A part for this worker; None where every part is done or being written, or the export does not run."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    for part in export.parts.filter(free, done_at=None).order_by("number")[:20]:
        if part.attempts >= MOST_ATTEMPTS:
            fail(export, f"part {part.number + 1} was begun {part.attempts} times and never finished")
            return None
        holder = secrets.token_hex(16)
        unchanged = ExportPart.objects.filter(
            pk=part.pk, holder=part.holder, lease_until=part.lease_until, done_at=None,
            export__state=ExportState.RUNNING,
        )  # fmt: skip
        if unchanged.update(holder=holder, lease_until=lease_end(), attempts=F("attempts") + 1):
            part.holder = holder
            return part
    return None


def write(export: Export, part: ExportPart) -> bool:
    """Write a claimed part; False where it was lost meanwhile, or failed in passing."""
    stem = f"{part.resource_type}{'.deleted' if part.deletions else ''}.{part.number + 1}"
    writer = Writer(folder(export.pk), stem, part.holder)
    try:
        renewed = time.monotonic()
        for some in lines(export, part):
            writer.write(some)
            if time.monotonic() - renewed > settings.JOB_LEASE_SECONDS / 4:
                renewed = time.monotonic()
                _renew(part)
        _publish(part, writer)
    except (LostError, FileNotFoundError) as error:  # a cancelled export loses its folder
        logger.info("%s of export %s is dropped: %s", stem, export.pk, error)
        if not Export.objects.filter(pk=export.pk, state__in=OPEN_STATES).exists():
            remove(export.pk)
        return False
    except PASSING as error:
        logger.warning("%s of export %s is to be written again: %s", stem, export.pk, error)
        _held(part).update(lease_until=timezone.now())
        return False
    except Exception as error:
        fail(export, f"{stem}: {type(error).__name__}")
        raise
    finally:
        writer.drop()
    return True


def _held(part: ExportPart) -> QuerySet[ExportPart]:
    return ExportPart.objects.filter(pk=part.pk, holder=part.holder, done_at=None, export__state=ExportState.RUNNING)


def _renew(part: ExportPart) -> None:
    if not _held(part).update(lease_until=lease_end()):
        raise LostError("its lease was lost, or the export cancelled")
    Export.objects.filter(pk=part.export_id).update(moved_at=timezone.now())


def _publish(part: ExportPart, writer: Writer) -> None:
    """Name the files and count the part; both attempts of a part that was written twice name the same content."""
    _renew(part)
    files = writer.publish()
    if not _held(part).update(files=files, done_at=timezone.now(), lease_until=None):
        raise LostError("its lease was lost, or the export cancelled")


def finish(export: Export) -> bool:
    """End an export whose parts are all written; False where some are not, or it does not run."""
    if export.parts.filter(done_at=None).exists():
        return False
    now = timezone.now()
    expires = now + timedelta(hours=settings.EXPORT_HOURS)
    return _end(export, state=ExportState.DONE, finished_at=now, expires_at=expires, moved_at=now)


def fail(export: Export, error: str) -> bool:
    """Give an export up, with the reason; its files go."""
    ended = _end(export, state=ExportState.FAILED, error=error, finished_at=timezone.now())
    if ended:
        remove(export.pk)
    return ended


def cancel(export: Export, *, by: Actor) -> bool:
    """Withdraw an export, done or not; its files go, and from then on it is not there."""
    with transaction.atomic():
        rows = Export.objects.filter(pk=export.pk).exclude(state=ExportState.CANCELLED)
        if not rows.update(state=ExportState.CANCELLED, finished_at=timezone.now(), files_removed=True):
            return False
        transaction.on_commit(lambda: remove(export.pk))
    logger.info("export %s was cancelled by %s", export.pk, by.key)
    return True


def _end(export: Export, **values: object) -> bool:
    with transaction.atomic():
        if not Export.objects.filter(pk=export.pk, state__in=OPEN_STATES).update(**values):
            return False
        export.refresh_from_db()
        files = [one for part in export.parts.all() for one in part.files]
        record(
            by=Actor(export.actor),
            action=Action.EXECUTE,
            activity="fhir.export.end",
            outcome=Outcome.SUCCESS if export.state == ExportState.DONE else Outcome.FAILED,
            entity_type="Export",
            entity_id=export.pk,
            detail={
                "state": str(export.state),
                "client_id": export.client_id,
                "files": len(files),
                "resources": sum(one["count"] for one in files),
            },
        )
    return True
