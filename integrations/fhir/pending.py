"""``[base]/$what-if-status/[job]``: how far a what-if of a worker is; once it is done, its answer; DELETE cancels."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from clinic.patients.models import Patient
from integrations.fhir.door import Door
from integrations.fhir.identity import server_id
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.what_if import kept
from integrations.fhir.operations.whose import patient_of
from integrations.fhir.outcome import Refusal
from twins.jobs.comparison import cancel
from twins.records.models import Comparison, Job, JobKind, JobState, TwinVersion
from twins.records.models.job import OPEN_STATES


class PendingView(Door):
    """For the caller who asked, as long as the scope still covers the patient."""

    activity = "fhir.operation.what-if"
    http_method_names = ["get", "head", "delete"]  # noqa: RUF012 - DRF's way

    def get(self, request: Request, job: UUID, **_: Any) -> HttpResponse:
        return self.reading(lambda ask: _status(ask, job), self.ask(request))

    def delete(self, request: Request, job: UUID, **_: Any) -> HttpResponse:
        return self.writing(lambda ask: _cancelled(ask, job), self.ask(request))


def _status(ask: Ask, identifier: UUID) -> Answer:
    job, asked = _job(ask, identifier)
    whose = patient_of(asked, "RiskAssessment", "Observation")
    detail = {"job": str(job.pk), "state": str(job.state)}
    if job.state in OPEN_STATES:
        words = "waiting" if job.state == JobState.QUEUED else "computing"
        headers = {"X-Progress": words, "Retry-After": "1"}
        return Answer(202, b"", headers, [whose.served], activity="fhir.operation.what-if", detail=detail)
    if job.state == JobState.FAILED:
        raise Refusal(422, "processing", job.error or "The comparison could not be made.")
    comparison = Comparison.objects.select_related("twin_version__subject").get(pk=job.result["comparison"])
    return Answer(
        200, kept(comparison, whose), shown=[whose.served], activity="fhir.operation.what-if", detail=detail
    )  # fmt: skip


def _cancelled(ask: Ask, identifier: UUID) -> Answer:
    job, asked = _job(ask, identifier)
    whose = patient_of(asked, "RiskAssessment", "Observation")
    cancel(job, asked_by=ask.caller.actor.key)
    detail = {"job": str(job.pk), "cancelled": True}
    return Answer(202, b"", {}, [whose.served], activity="fhir.operation.what-if", detail=detail)


def _job(ask: Ask, identifier: UUID) -> tuple[Job, Ask]:
    """The job, and the request as if it were made of its patient; 404 unless this caller asked for it and it stands."""
    job = Job.objects.filter(pk=identifier, kind=JobKind.COMPARISON, asked_by=ask.caller.actor.key).first()
    if job is not None and "superseded_by" in job.result:
        job = Job.objects.filter(pk=job.result["superseded_by"], asked_by=ask.caller.actor.key).first()
    patient = None
    if job is not None and job.state != JobState.CANCELLED:
        version = TwinVersion.objects.only("subject").filter(pk=job.parameters["version"]).first()
        patient = Patient.objects.filter(subject=version.subject_id).first() if version else None
    if job is None or patient is None:
        raise Refusal(404, "not-found", "No what-if of this caller is known by that name; it may have been cancelled.")
    return job, Ask(
        method=ask.method,
        base=ask.base,
        caller=ask.caller,
        resource_type="Patient",
        identifier=server_id(patient.source_key),
        headers=ask.headers,
    )
