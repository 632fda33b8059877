"""What the audit chain does by the clock: checkpoints, and an incremental verification."""

import logging
from pathlib import Path

from celery import shared_task
from django.conf import settings

from clinic.audit import progress
from clinic.audit.checkpoint import is_due, take
from clinic.audit.export import announce, append_missing, read
from clinic.audit.verify import verify_onwards as onwards

log = logging.getLogger(__name__)


@shared_task
def checkpoint() -> None:
    """Take a checkpoint when one is due, and bring the file outside the database up to date.

    What is wrong, the task raises: it stands in the worker's log and nothing is signed.
    """
    if is_due():
        taken = take()
        if taken is not None and taken[1]:
            announce(taken[0])
    if settings.AUDIT_CHECKPOINT_FILE:
        append_missing(Path(settings.AUDIT_CHECKPOINT_FILE))


@shared_task
def verify_onwards() -> None:
    """Verify what came since the last verified checkpoint; a broken chain is a critical line in the log."""
    path = Path(settings.AUDIT_CHECKPOINT_FILE) if settings.AUDIT_CHECKPOINT_FILE else None
    found = onwards(exported=read(path) if path is not None and path.exists() else ())
    if not found.ok:
        log.critical("the audit chain is broken at event %s: %s", found.first_broken, found.reason)
    elif found.from_start is not None:
        progress.remember(until=found.sequence, from_start=found.from_start)
