"""Take a job for one worker: a conditional update with a lease, renewed while the work goes on.

A lease is named by its end. Every later write of the worker asks for the row *with that lease*, so a worker that was
silent for too long, and whose job was given to another, can no longer say anything about it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from twins.quantities.sentence import ANY, Sentence
from twins.records.models import Job, JobState
from twins.records.runtime import code_version
from twins.records.signals import job_changed

MOST_ATTEMPTS = 5
"""Failed or abandoned attempts after which a job is given up."""


_GIVEN_UP = Sentence("Given up after {attempts} attempts. The last one: {error}", error=ANY)
_SUPERSEDED = Sentence("{error} The same request was queued again meanwhile as job {job}.", error=ANY)


class LeaseLostError(RuntimeError):
    """The job was cancelled, or given to another worker because this one was silent for too long."""


def lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def claim(job_id: str) -> "Lease | None":
    """The lease on a queued job; None where it is not queued (another worker has it, or it is over)."""
    until = lease_end()
    with transaction.atomic():
        taken = Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
            state=JobState.RUNNING,
            lease_until=until,
            started_at=Coalesce("started_at", timezone.now()),
            finished_at=None,
            error="",
            code_version=code_version(),
        )
        if not taken:
            return None
        job = Job.objects.get(pk=job_id)
        job_changed.send(Job, instance=job, asked_by=job.asked_by)
    return Lease(job, until)


@dataclass(slots=True)
class Lease:
    """One worker's right to a running job, until `until`."""

    job: Job
    until: datetime
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def renew(self) -> bool:
        """Push the end of the lease into the future; False where the lease was lost."""
        with self._writing:
            until = lease_end()
            if not self._held().update(lease_until=until):
                return False
            self.until = until
            return True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease from a thread while the block runs. Leave the block before opening a transaction."""
        over = threading.Event()

        def beat() -> None:
            try:
                while not over.wait(settings.JOB_LEASE_SECONDS / 3):
                    if not self.renew():
                        return
            finally:
                connection.close()

        thread = threading.Thread(target=beat, name=f"lease of {self.job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def finish(self, result: dict[str, Any]) -> None:
        """The job is done. Call it in the transaction that stores what it made.

        Raises
        ------
        LeaseLostError
            If the job is no longer this worker's; the transaction must then be rolled back.
        """
        self._write(
            state=JobState.DONE, result=result, done=self.job.total, lease_until=None, finished_at=timezone.now()
        )

    def fail(self, error: str) -> None:
        """The job has failed for good, with the sentence that says why."""
        self._write(state=JobState.FAILED, error=error, lease_until=None, finished_at=timezone.now())

    def give_back(self, error: str) -> None:
        """The attempt failed for a passing reason: the job is queued again, or failed after `MOST_ATTEMPTS`."""
        abandon(self.job, error, lease_until=self.until)

    def _held(self):
        return Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING, lease_until=self.until)

    def _write(self, **values: Any) -> None:
        with transaction.atomic():
            if not self._held().update(**values):
                raise LeaseLostError(f"job {self.job.pk} is no longer this worker's; what it computed is dropped")
            self.job.refresh_from_db()
            job_changed.send(Job, instance=self.job, asked_by=self.job.asked_by)


def abandon(job: Job, error: str, *, lease_until: datetime) -> bool:
    """Take a running job with that lease back into the queue; False where it is not so any more.

    After `MOST_ATTEMPTS` it fails instead. Where an equal job is queued already, that one does the work and this one is
    cancelled with a pointer to it.
    """
    held = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_until=lease_until)
    attempts = job.attempts + 1
    now = timezone.now()
    successor = Job.objects.filter(kind=job.kind, key=job.key, state=JobState.QUEUED).first()
    if attempts >= MOST_ATTEMPTS:
        values = {
            "state": JobState.FAILED,
            "error": _GIVEN_UP(attempts=attempts, error=error),
            "finished_at": now,
        }
    elif successor is not None:
        values = {
            "state": JobState.CANCELLED,
            "error": _SUPERSEDED(error=error, job=successor.pk),
            "result": {"superseded_by": str(successor.pk)},
            "finished_at": now,
        }
    else:
        values = {"state": JobState.QUEUED, "error": error, "enqueued_at": now}
    try:
        with transaction.atomic():
            if not held.update(lease_until=None, attempts=attempts, **values):
                return False
            job.refresh_from_db()
            job_changed.send(Job, instance=job, asked_by=job.asked_by)
    except IntegrityError:  # an equal job was queued this very moment: the next sweep will see it
        return False
    return True
