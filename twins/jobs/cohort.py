"""A study of virtual patients as chunks: any worker computes any chunk, and each is stored once.

The job starts a few *lanes*, each with its share of the chunks. A lane computes and stores chunks for a moment and then
sends a message for itself, so that a long study never fills the queue and a patient's update waits for a few moments at
most. A lane whose message or worker is lost stops; the other lanes go on, and when all are silent the lease runs out
and the sweep starts the job again for the chunks that are missing.
"""

import hashlib
import logging
import time

import numpy as np
from celery import shared_task
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from twins.cohorts.expose import columns, expose
from twins.cohorts.study import StudySpec
from twins.jobs.claim import claim, lease_end
from twins.jobs.publish import publish
from twins.jobs.queue import request, send, send_task
from twins.jobs.work import PASSING, JobError
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError
from twins.pharmacology.population import PopulationModel
from twins.quantities.sentence import ANY, Sentence
from twins.records.models import Job, JobChunk, JobKind, JobState
from twins.records.runtime import code_version
from twins.records.signals import job_changed
from twins.solvers.system import Equations

logger = logging.getLogger(__name__)

CHUNK = 500
"""Virtual patients in a chunk; the result does not depend on it."""
CHUNK_OF_EQUATIONS = 20
"""Of a model that is solved step by step: a chunk is what cannot be interrupted."""
LANES = 4
"""Workers that one study can keep busy at once."""
SLICE_SECONDS = 0.5
"""How long a lane works before it makes way; a broker that is polled takes a while to hand over each message."""


_CHUNK = Sentence("Chunk {chunk} of {total}: {error}", error=ANY)
_CHUNK_BROKE = Sentence("Chunk {chunk} of {total}: {kind}: {error}")
_OTHER_VERSION = Sentence("the study names version {then} of {model}, which is now {now}; start the study again")
_CHANGED = Sentence("chunk {chunk} of {total} was changed after it was stored; resume the study")


def request_study(spec: StudySpec, *, asked_by: str, chunk: int | None = None, announce: bool = True) -> Job:
    """Ask for a study. Without `announce` no message is sent, and the caller does the job itself (`do_here`)."""
    if chunk is None:
        stepped = isinstance(formulary.model(spec.model_id).system.equations, Equations)
        chunk = CHUNK_OF_EQUATIONS if stepped else CHUNK
    return request(
        kind=JobKind.STUDY,
        key=spec.digest(),
        parameters={"spec": spec.to_json(), "chunk": chunk},
        asked_by=asked_by,
        seed=spec.seed,
        total=-(-spec.patients // chunk),
        announce=announce,
    )


def cancel(job: Job, *, asked_by: str) -> bool:
    """Stop a queued or running study; its finished chunks are kept for `resume`. False where it was over already."""
    return _turn(
        job,
        (JobState.QUEUED, JobState.RUNNING),
        asked_by,
        state=JobState.CANCELLED,
        lease_until=None,
        finished_at=timezone.now(),
    )


def resume(job: Job, *, asked_by: str) -> bool:
    """Queue a cancelled or failed study again, from the chunks it has; False where that cannot be."""
    try:
        with transaction.atomic():
            turned = _turn(
                job,
                (JobState.CANCELLED, JobState.FAILED),
                asked_by,
                state=JobState.QUEUED,
                attempts=0,
                error="",
                enqueued_at=timezone.now(),
                finished_at=None,
            )
            if turned:
                transaction.on_commit(lambda: send(job))
            return turned
    except IntegrityError:  # the same study is queued in another row
        return False


def _turn(job: Job, states: tuple[JobState, ...], asked_by: str, **values: object) -> bool:
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, kind=JobKind.STUDY, state__in=states).update(**values):
            return False
        job.refresh_from_db()
        job_changed.send(Job, instance=job, asked_by=asked_by)
        return True


@shared_task(name="twins.jobs.cohort.run")
def run(job_id: str) -> None:
    """Start a lane for each part of the chunks that are missing."""
    job = start(job_id)
    if job is None:
        return
    missing = missing_chunks(job)
    if not missing:
        finish(job)
    for number in sorted({chunk % LANES for chunk in missing}):
        send_task("twins.jobs.cohort.lane", job_id, number)


@shared_task(name="twins.jobs.cohort.lane")
def lane(job_id: str, number: int) -> None:
    """Compute missing chunks of one lane for `SLICE_SECONDS`, then make way for other work."""
    job = Job.objects.get(pk=job_id)
    until = time.monotonic() + SLICE_SECONDS
    for chunk in (chunk for chunk in missing_chunks(job) if chunk % LANES == number):
        if not do_chunk(job, chunk):
            return
        if time.monotonic() > until:
            break
    missing = missing_chunks(job)
    if not missing:
        finish(job)
    elif any(chunk % LANES == number for chunk in missing):
        send_task("twins.jobs.cohort.lane", job_id, number)


def do_here(job: Job) -> None:
    """Do the whole study in this process, chunk by chunk; the job row says how it went."""
    started = start(str(job.pk))
    if started is None:
        return
    for number in missing_chunks(started):
        if not do_chunk(started, number):
            return
    finish(started)


def start(job_id: str) -> Job | None:
    """Claim the job, and forget chunks that other code computed; None where it is not queued."""
    computed_by = Job.objects.values_list("code_version", flat=True).get(pk=job_id)
    lease = claim(job_id)
    if lease is None:
        return None
    if computed_by != code_version():
        lease.job.chunks.all().delete()
    Job.objects.filter(pk=job_id).update(done=lease.job.chunks.count())
    return lease.job


def missing_chunks(job: Job) -> list[int]:
    """Numbers of the chunks that are not stored, in order."""
    there = set(job.chunks.values_list("number", flat=True))
    return [number for number in range(job.total) if number not in there]


def do_chunk(job: Job, number: int) -> bool:
    """Compute and store one chunk; False where the study no longer runs or has failed.

    Idempotent by job and number. Every chunk renews the job's lease, and a new one wipes the count of vain attempts.
    """
    running = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, code_version=code_version())
    if not running.update(lease_until=lease_end()):
        logger.info("study %s is not running this code; chunk %s is dropped", job.pk, number)
        return False
    if job.chunks.filter(number=number).exists():
        return True
    try:
        spec = StudySpec.from_json(job.parameters["spec"])
        size = job.parameters["chunk"]
        first = number * size
        numbers = expose(spec, known_model(spec), first, min(size, spec.patients - first))
    except (CovariateError, JobError) as error:
        _fail(job, _CHUNK(chunk=number + 1, total=job.total, error=error))
        return False
    except Exception as error:
        _fail(job, _CHUNK_BROKE(chunk=number + 1, total=job.total, kind=type(error).__name__, error=error))
        raise
    content = np.ascontiguousarray(numbers, dtype="<f8").tobytes()
    with transaction.atomic():
        _, made = JobChunk.objects.get_or_create(
            job=job,
            number=number,
            defaults={"digest": hashlib.sha256(content).hexdigest(), "content": content},
        )
        if made:
            running.update(lease_until=lease_end(), done=F("done") + 1, attempts=0)
    return True


def known_model(spec: StudySpec) -> PopulationModel:
    """The study's model as it ships now.

    Raises
    ------
    JobError
        If the formulary holds another version of it, or none.
    """
    try:
        model = formulary.model(spec.model_id)
    except formulary.UnknownModelError as error:
        raise JobError(f"{error}") from error
    if model.version != spec.model_version:
        raise JobError(_OTHER_VERSION(then=spec.model_version, model=spec.model_id, now=model.version))
    return model


def finish(job: Job) -> None:
    """All chunks are there: check them, write the files, and end the job."""
    spec = StudySpec.from_json(job.parameters["spec"])
    try:
        model = known_model(spec)
        names = columns(spec, model)
        parts = []
        for part in job.chunks.order_by("number"):
            content = bytes(part.content)
            if hashlib.sha256(content).hexdigest() != part.digest:
                raise JobError(_CHANGED(chunk=part.number + 1, total=job.total))
            parts.append(np.frombuffer(content, dtype="<f8").reshape(-1, len(names)))
        result = publish(job, spec, model, names, np.vstack(parts))
    except PASSING:
        raise
    except JobError as error:
        job.chunks.all().delete()
        _fail(job, str(error))
        return
    except Exception as error:
        _fail(job, f"{type(error).__name__}: {error}")
        raise
    with transaction.atomic():
        _turn(
            job,
            (JobState.RUNNING,),
            job.asked_by,
            state=JobState.DONE,
            result=result,
            done=job.total,
            lease_until=None,
            finished_at=timezone.now(),
        )


def _fail(job: Job, error: str) -> None:
    _turn(
        job,
        (JobState.RUNNING,),
        job.asked_by,
        state=JobState.FAILED,
        error=error,
        lease_until=None,
        finished_at=timezone.now(),
    )
