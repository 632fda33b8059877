"""What the workers are asked: to go on with an export, and to look for exports that nobody goes on with."""

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.fhir.bulk.files import remove
from integrations.fhir.bulk.models import OPEN_STATES, Export, ExportPart, ExportState
from integrations.fhir.bulk.plan import plan
from integrations.fhir.bulk.send import TASK, send
from integrations.fhir.bulk.work import claim, finish, write

logger = logging.getLogger(__name__)

LANES = 4
"""Workers that one export can keep busy at once."""
SLICE_SECONDS = 2.0
"""How long a worker goes on with one export before it lets other work in between."""


@shared_task(name=TASK)
def run(export_id: str) -> None:
    """Write parts for `SLICE_SECONDS`; then send a message for the rest, or end the export where there is none."""
    if plan(export_id):
        for _ in range(LANES - 1):
            send(export_id)  # type: ignore[arg-type]
    export = Export.objects.filter(pk=export_id, state=ExportState.RUNNING).first()
    if export is None:
        return
    until = time.monotonic() + SLICE_SECONDS
    while (part := claim(export)) is not None:
        if not write(export, part):
            break
        Export.objects.filter(pk=export.pk).update(moved_at=timezone.now())
        if time.monotonic() > until and export.parts.filter(done_at=None, lease_until=None).exists():
            send(export.pk)
            return
    finish(export)


@shared_task(name="integrations.fhir.bulk.tasks.sweep")
def sweep() -> int:
    """Send a message for each export that waits for a worker and is not moved by any; how many."""
    now = timezone.now()
    quiet = now - timedelta(seconds=min(4 * settings.SWEEP_SECONDS, settings.JOB_LEASE_SECONDS))
    held = ExportPart.objects.filter(done_at=None, lease_until__gte=now)
    left = ExportPart.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), done_at=None)
    found = 0
    for export in Export.objects.filter(state__in=OPEN_STATES, moved_at__lt=quiet):
        if held.filter(export=export).exists() and not left.filter(export=export).exists():
            continue
        waiting = Export.objects.filter(pk=export.pk, state__in=OPEN_STATES, moved_at=export.moved_at)
        if waiting.update(moved_at=now):
            found += send(export.pk)
    return found


def forget_expired() -> int:
    """Remove the files of exports that have expired or failed, and what a worker left of cancelled ones; how many.

    The rows of the exports stay: a later one may ask for what came since.
    """
    now = timezone.now()
    over = Q(expires_at__lt=now) | Q(state__in=(ExportState.FAILED, ExportState.CANCELLED))
    recently = now - timedelta(days=2)
    found = 0
    for export in Export.objects.filter(over).filter(Q(files_removed=False) | Q(finished_at__gt=recently)):
        remove(export.pk)
        export.members.all().delete()
        export.parts.all().delete()
        Export.objects.filter(pk=export.pk).update(files_removed=True)
        found += 1
    return found
