"""Nothing asked for is lost: find jobs whose worker or message disappeared, and send them again.

Runs on a schedule (``settings.SWEEP_SECONDS``); several sweeps at once do no harm."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from twins.jobs.claim import abandon
from twins.jobs.queue import lost_before, send
from twins.quantities.sentence import Sentence
from twins.records.models import Job, JobState

_LOST_WORKER = Sentence("The worker that had it fell silent.")
LOST_WORKER = _LOST_WORKER()


def sweep() -> int:
    """Re-enqueue jobs whose lease ran out and queued jobs whose message seems lost; how many.

    A job that fell silent again and again is failed with its reason (see `twins.jobs.claim.abandon`).
    """
    now = timezone.now()
    found = 0
    for job in Job.objects.filter(state=JobState.RUNNING, lease_until__lt=now):
        if abandon(job, LOST_WORKER, lease_until=job.lease_until) and job.state == JobState.QUEUED:
            found += send(job)
    lost = lost_before(now, settings.SWEEP_SECONDS)
    for job in Job.objects.filter(state=JobState.QUEUED, enqueued_at__lt=lost):
        waiting = Job.objects.filter(pk=job.pk, state=JobState.QUEUED, enqueued_at=job.enqueued_at)
        if waiting.update(enqueued_at=now):
            found += send(job)
    return found


@shared_task(name="twins.jobs.sweep.run")
def run() -> int:
    return sweep()
