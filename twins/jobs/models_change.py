"""After a drug is followed by other models: ask for an update of the twins of everybody who is on it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from twins.forecasts.rehearsal import rehearse
from twins.jobs.claim import Lease
from twins.jobs.queue import request
from twins.jobs.update import request_update
from twins.jobs.work import work
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError
from twins.records.courses import EPISODE_GAP
from twins.records.followed import followed
from twins.records.house import drug_here
from twins.records.models import GivenDose, Job, JobKind, JobState, Order, RecordState, StoredSample, Subject
from twins.records.models.job import OPEN_STATES

logger = logging.getLogger(__name__)

_AT_ONCE = 50
"""Subjects asked for in one transaction."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the last change of a drug's models has come.

    Attributes
    ----------
    subjects, asked : int
        How many are on the drug, once they were looked for, and for how many of them an update was asked.
    waiting, failed : int
        Updates of the drug's twins that wait or are computed now, and subjects of whom one failed since; those for new
        data are among them.
    asking : bool
        Whether the job that asks is still open.
    error : str
        Why it failed, if it did.
    """

    subjects: int
    asked: int
    waiting: int
    failed: int
    asking: bool
    error: str

    @property
    def open(self) -> bool:
        return self.asking or self.waiting > 0

    @property
    def done(self) -> int:
        return max(0, self.asked - self.waiting)


def request_models_change(drug: str, *, asked_by: str) -> Job:
    """Ask for it, in the transaction that stores which models the drug is followed by."""
    return request(kind=JobKind.MODELS_CHANGE, key=drug, parameters={"drug": drug}, asked_by=asked_by)


@shared_task(name="twins.jobs.models_change.run")
def run(job_id: str) -> None:
    """Do the job `job_id`."""
    work(job_id, ask_everybody)


def ask_everybody(lease: Lease) -> None:
    """Ask for an update of each subject who is on the drug; nothing where it is not followed any more."""
    drug = lease.job.parameters["drug"]
    with lease.kept():
        models = followed().get(drug, ())
        subjects = on_drug(drug, timezone.now()) if models else []
        lease.job.total = len(subjects)
        Job.objects.filter(pk=lease.job.pk).update(total=lease.job.total, done=0)
        for done, some in _parts(subjects):
            with transaction.atomic():
                for subject in Subject.objects.filter(pk__in=some).order_by("pk"):
                    request_update(subject, drug)
            Job.objects.filter(pk=lease.job.pk).update(done=done)
        if not subjects:  # else the updates compile what they need
            for model_id in models:
                _load(model_id)
    with transaction.atomic():
        lease.finish({"subjects": len(subjects)})


def on_drug(drug: str, now: datetime) -> list[UUID]:
    """Subjects of whom something of the drug was ordered, given or measured within the length of an episode.

    The twins of the others are made with their next data: what they were last given has left the body.
    """
    since = now - EPISODE_GAP
    recent = Q(event_time__gte=since)

    def some(kind: type, *which: Q, **of: object) -> Exists:
        return Exists(kind.objects.filter(*which, subject=OuterRef("pk"), state=RecordState.ACTIVE, **of))

    on = some(GivenDose, recent, drug=drug) | some(Order, recent | Q(end_time__gte=since), drug=drug)
    channel = formulary.drug(drug).level_channel
    if channel is not None:
        on |= some(StoredSample, recent, channel=channel)
    return list(Subject.objects.filter(on).order_by("pk").values_list("pk", flat=True))


def progress(drug: str) -> Progress | None:
    """Of the last change; None where there was none."""
    job = Job.objects.filter(kind=JobKind.MODELS_CHANGE, key=drug).order_by("-enqueued_at").first()
    if job is None:
        return None
    updates = Job.objects.filter(kind=JobKind.TWIN_UPDATE, key__endswith=f"/{drug}")
    failed = updates.filter(state=JobState.FAILED, enqueued_at__gte=job.started_at or job.enqueued_at)
    return Progress(
        subjects=job.total,
        asked=job.done,
        waiting=updates.filter(state__in=OPEN_STATES).count(),
        failed=failed.values("key").distinct().count(),
        asking=job.state in OPEN_STATES,
        error=job.error if job.state == JobState.FAILED else "",
    )


def _load(model_id: str) -> None:
    """Compile what the model needs into the cache, so that the first patient does not wait for it."""
    model = formulary.model(model_id)
    try:
        rehearse(model, drug_here(model.drug))
    except CovariateError as error:
        logger.warning("the kernels of %s are loaded at their first use: %s", model_id, error)


def _parts(subjects: list[UUID]) -> Iterator[tuple[int, list[UUID]]]:
    """Some at a time, with how many that makes together."""
    for first in range(0, len(subjects), _AT_ONCE):
        some = subjects[first : first + _AT_ONCE]
        yield first + len(some), some
