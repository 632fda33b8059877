"""The patient page: what was measured and given, and what the twin makes of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.charts.timeline_chart import timeline_chart
from clinic.patients.models import Patient
from clinic.worklist.attention import renal
from clinic.worklist.patient_page import DecisionRow, Records, TwinView
from clinic.worklist.rows import DRUG
from clinic.worklist.timeline import timeline
from twins.records.models import Job, JobKind, JobState
from twins.records.models.job import OPEN_STATES
from twins.records.twins import result_of
from twins.samples.channel import Channel


@page(Permission.PATIENT_VIEW)
@require_safe
def patient(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    found = patient_for(request, subject_key)
    records = Records.of(found)
    twin = TwinView.of(found)
    if twin is not None:
        shown = twin.card.version
        disclose(request, found.pk, entity_type="TwinVersion", entity_id=shown.pk, entity_version=shown.digest)
    line = timeline(
        subject=found.subject,
        doses=records.doses,
        samples=[s for s in records.samples if s.channel in (Channel.VANCOMYCIN, Channel.CREATININE)],
        questions=records.questions,
        course=twin.course if twin else None,
        result=result_of(twin.comparison) if twin and twin.comparison else None,
    )
    zone = timezone.get_current_timezone()
    main, besides = records.rows()
    creatinine = [(s.event_time, s.value) for s in records.samples if s.channel == Channel.CREATININE]
    content = {
        "section": "worklist",
        "patient": found,
        "place": found.encounters.filter(ended__isnull=True).order_by("-started").first(),
        "twin": twin,
        "wide": timeline_chart(line, zone=zone, prefix="timeline-wide") if line else "",
        "narrow": timeline_chart(line, zone=zone, prefix="timeline-narrow", width=360.0) if line else "",
        "main_records": main,
        "other_records": besides,
        "replaced": records.replaced,
        "renal": () if found.subject.haemodialysis_since else renal(creatinine),
        "decisions": DecisionRow.last_of(found, 5),
        "job": _job(found),
        "last_dose": records.doses[-1] if records.doses else None,
        "last_level": next((s for s in reversed(records.samples) if s.channel == Channel.VANCOMYCIN), None),
    }
    return render(request, "worklist/patient.html", content)


@page(Permission.PATIENT_VIEW)
@require_safe
def progress(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """For the page that waits for an update: nothing while it runs, then the word to load the page again."""
    found = patient_for(request, subject_key)
    job = _job(found)
    response = HttpResponse(status=204)
    if job is None or job.state not in OPEN_STATES:
        response = HttpResponse(status=200)
        response["HX-Refresh"] = "true"
    return response


def _job(patient: Patient) -> Job | None:
    """The last update job, if it is still open or failed."""
    job = Job.objects.filter(kind=JobKind.TWIN_UPDATE, key=f"{patient.pk}/{DRUG}").order_by("-enqueued_at").first()
    return job if job is not None and job.state in (*OPEN_STATES, JobState.FAILED) else None
