"""Ask for work: one queued row stands for all equal requests, and a message is sent once the row is committed."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from twins.records.models import Job, JobKind, JobState
from twins.records.runtime import code_version
from twins.records.signals import job_changed

logger = logging.getLogger(__name__)

TASKS = {
    JobKind.TWIN_UPDATE: "twins.jobs.update.run",
    JobKind.COMPARISON: "twins.jobs.comparison.run",
    JobKind.STUDY: "twins.jobs.cohort.run",
    JobKind.MODELS_CHANGE: "twins.jobs.models_change.run",
}
"""The task that does a job of each kind; it takes the job's id and nothing else."""

_TRIES = 5


class QueueError(DatabaseError):
    """A request could not be written down; nothing was asked for."""


def request(
    *,
    kind: JobKind,
    key: str,
    parameters: dict[str, Any],
    asked_by: str,
    seed: int = 0,
    total: int = 1,
    announce: bool = True,
) -> Job:
    """The queued job of `kind` and `key`: the one that waits already, or a new one.

    A waiting row is locked until the caller's transaction ends, so that a worker cannot begin before the caller's data
    are visible to it. A request that comes while an equal job runs makes a new row: nothing is missed. Without
    `announce` no message is sent, because the caller does the job itself.

    Raises
    ------
    QueueError
        If the row was taken by workers faster than it could be found, several times in a row.
    """
    for _ in range(_TRIES):
        with transaction.atomic():
            waiting = Job.objects.select_for_update().filter(kind=kind, key=key, state=JobState.QUEUED).first()
            if waiting is not None:
                return waiting
            try:
                with transaction.atomic():
                    job = Job.objects.create(
                        kind=kind,
                        key=key,
                        parameters=parameters,
                        seed=seed,
                        total=total,
                        asked_by=asked_by,
                        enqueued_at=timezone.now(),
                        code_version=code_version(),
                    )
                    job_changed.send(Job, instance=job, asked_by=asked_by)
            except IntegrityError:  # another request was first: look for its row again
                continue
            if announce:
                transaction.on_commit(partial(send, job))
            return job
    raise QueueError(f"the {kind} job for {key} could not be queued; ask again")


def send(job: Job) -> bool:
    """Send the job's message; False where the broker cannot be reached, and then the sweep sends it later."""
    return send_task(TASKS[JobKind(job.kind)], str(job.pk))


def send_task(name: str, *arguments: object) -> bool:
    """Send one message, without waiting for a broker that is down."""
    try:
        current_app.send_task(name, args=arguments, retry=False)
    except (BrokerError, OSError) as error:
        logger.warning("no message %s%s was sent, the sweep will do it: %s", name, arguments, error)
        return False
    return True


def lost_before(now: datetime, sweep_seconds: int) -> datetime:
    """Rows still queued that were enqueued before this have probably lost their message."""
    return now - timedelta(seconds=4 * sweep_seconds)
