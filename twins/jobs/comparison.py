"""What if: compare the plans that a person asks about, on one stored twin version."""

import hashlib
from collections.abc import Sequence
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from twins.jobs.ask import ask
from twins.jobs.queue import request
from twins.jobs.work import work
from twins.pharmacology.regimen import Plan
from twins.records.models import Job, JobKind, JobState, TwinVersion
from twins.records.models.job import OPEN_STATES
from twins.records.signals import job_changed
from twins.records.together import together
from twins.records.twins import canonical


class TooFewPlansError(ValueError):
    """A comparison needs two plans or more."""


def request_comparison(
    version: TwinVersion, plans: Sequence[Plan], *, asked_by: str, others: Sequence[TwinVersion] = ()
) -> Job:
    """Ask for a comparison of `plans`, the current one first; when done, ``job.result == {"comparison": "<uuid>"}``.

    Parameters
    ----------
    others
        Twins of other models on the same course: all answer together then, each with its weight.

    Raises
    ------
    TooFewPlansError
        With fewer than two plans.
    OtherDataError
        If one of `others` was made from other data.
    """
    pks = [str(each.pk) for each in together(version, others)]
    if len(plans) < 2:
        raise TooFewPlansError(f"a comparison of {len(plans)} plan(s) was asked for; give two or more")
    asked = [plan.to_json() for plan in plans]
    parameters: dict[str, Any] = {"version": str(version.pk), "plans": asked}
    wanted: Any = asked
    if others:
        parameters["others"] = pks[1:]
        wanted = [asked, pks[1:]]
    return request(
        kind=JobKind.COMPARISON,
        key=f"{version.pk}/{hashlib.sha256(canonical(wanted)).hexdigest()}/{asked_by}",
        parameters=parameters,
        asked_by=asked_by,
    )


def cancel(job: Job, *, asked_by: str) -> bool:
    """Stop a queued or running comparison; what a worker computes of it is dropped. False where it was over already."""
    with transaction.atomic():
        rows = Job.objects.filter(pk=job.pk, kind=JobKind.COMPARISON, state__in=OPEN_STATES)
        if not rows.update(state=JobState.CANCELLED, lease_until=None, finished_at=timezone.now()):
            return False
        job.refresh_from_db()
        job_changed.send(Job, instance=job, asked_by=asked_by)
        return True


@shared_task(name="twins.jobs.comparison.run")
def run(job_id: str) -> None:
    """Do the comparison job `job_id`."""
    work(job_id, ask)
