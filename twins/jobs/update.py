"""The twin learns: after a new reading, a new version of each model's twin, and the comparison that comes with it."""

from celery import shared_task

from twins.jobs.learn import learn
from twins.jobs.queue import request
from twins.jobs.work import work
from twins.records.courses import drugs_on_record
from twins.records.models import Job, JobKind, Subject


def request_updates(subject: Subject, *, asked_by: str = "system") -> None:
    """As `request_update`, for each drug that the subject has a record of."""
    for drug in drugs_on_record(subject):
        request_update(subject, drug, asked_by=asked_by)


def request_update(subject: Subject, drug: str, *, asked_by: str = "system") -> Job:
    """Ask for an update of the subject's twins for `drug`; requests that wait already are one.

    Call it in the transaction that stores the new data: the message goes out when that commits, and a worker that takes
    the job before sees none of it.
    """
    return request(
        kind=JobKind.TWIN_UPDATE,
        key=f"{subject.pk}/{drug}",
        parameters={"subject": str(subject.pk), "drug": drug},
        asked_by=asked_by,
    )


@shared_task(name="twins.jobs.update.run")
def run(job_id: str) -> None:
    """Do the update job `job_id`."""
    work(job_id, learn)
