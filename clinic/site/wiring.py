"""What the workers compute is written to the audit trail, in the transaction that stores it."""

from typing import Any

from clinic.access.actor import actor_of, user_of
from clinic.access.break_glass import acting_on
from clinic.audit.event import SYSTEM, Actor, record
from clinic.audit.models import Action, Outcome
from twins.records.models import Comparison, Job, JobKind, JobState, TwinVersion
from twins.records.signals import comparison_made, job_changed, twin_updated

_ENDS = {
    JobState.DONE: Outcome.SUCCESS,
    JobState.FAILED: Outcome.FAILED,
    JobState.CANCELLED: Outcome.SUCCESS,
}
_PURPOSES = {JobKind.STUDY: "HRESCH", JobKind.MODELS_CHANGE: "HOPERAT"}


def connect() -> None:
    """Listen to the records' signals; safe to call more than once."""
    twin_updated.connect(_record_twin, dispatch_uid="audit of twins")
    comparison_made.connect(_record_comparison, dispatch_uid="audit of comparisons")
    job_changed.connect(_record_job, dispatch_uid="audit of jobs")


def _asker(key: str, subject_key: object = "") -> Actor:
    """Who asked for the work: the person with the roles held now, or the system."""
    user = user_of(key)
    if user is None:
        return SYSTEM
    return acting_on(user, subject_key) if subject_key else actor_of(user)


def _record_twin(*, instance: TwinVersion, asked_by: str, **_: Any) -> None:
    record(
        by=_asker(asked_by, instance.subject_id),
        action=Action.CREATE,
        activity="twin.update",
        subject_key=instance.subject_id,
        entity_type="TwinVersion",
        entity_id=instance.pk,
        entity_version=instance.digest,
        detail={"model": instance.model_id, "number": instance.number, "course": instance.course_digest},
    )


def _record_comparison(*, instance: Comparison, asked_by: str, **_: Any) -> None:
    record(
        by=_asker(asked_by, instance.twin_version.subject_id),
        action=Action.CREATE,
        activity="comparison.make",
        subject_key=instance.twin_version.subject_id,
        entity_type="Comparison",
        entity_id=instance.pk,
        entity_version=instance.digest,
        detail={"twin_version": str(instance.twin_version_id), "plans": len(instance.plans)},
    )


def _record_job(*, instance: Job, asked_by: str, **_: Any) -> None:
    """The end of a job; its beginning is recorded by whoever asked for it."""
    if instance.state not in _ENDS:
        return
    record(
        by=_asker(asked_by),
        action=Action.EXECUTE,
        activity=f"job.{instance.kind}",
        outcome=_ENDS[JobState(instance.state)],
        entity_type="Job",
        entity_id=instance.pk,
        purpose=_PURPOSES.get(instance.kind, "TREAT"),
        detail={"state": str(instance.state), "attempts": instance.attempts},
    )
