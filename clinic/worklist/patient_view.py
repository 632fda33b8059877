"""The patient page: what was measured and given, and what the twin makes of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic.access.disclosure import digest_of, disclose
from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.charts.unused_rows import NotUsed
from clinic.patients.models import Patient
from clinic.patients.unused import unused_of
from clinic.worklist.attention import renal
from clinic.worklist.drug_shown import Shown
from clinic.worklist.patient_page import TwinView
from clinic.worklist.records import Records, lists, names_of
from clinic.worklist.timeline_view import shown_timeline
from clinic.worklist.track_record import TrackRecord, track_records
from clinic.worklist.window import between
from twins.records.models import Comparison, Job, JobKind
from twins.records.models.job import NOT_DONE, OPEN_STATES
from twins.samples.channel import Channel

TIMELINE = "timeline"
"""The element of the page that another window of the timeline is swapped into."""


@page(Permission.PATIENT_VIEW)
@require_safe
def patient(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """The whole page, or the timeline alone where the page asks for another window of it."""
    found = patient_for(request, subject_key)
    shown = Shown.of(found.subject, request.GET)
    records = Records.of(found, shown)
    twin = TwinView.of(found, shown.name)
    timeline = shown_timeline(found, records, twin, request.GET, timezone.get_current_timezone())
    if twin is None:
        window = f"?{between(timeline.window.start, timeline.window.end)}" if timeline else ""
        entity, digest = f"{found.pk}{window}", digest_of(records.keys)
        disclose(request, found.pk, entity_type="Records", entity_id=entity, entity_version=digest)
    else:
        version = twin.card.version
        disclose(request, found.pk, entity_type="TwinVersion", entity_id=version.pk, entity_version=version.digest)
    content = {
        "section": "worklist",
        "patient": found,
        "shown": shown,
        "unit": shown.levels.name,
        "timeline": timeline,
    }
    if request.headers.get("HX-Target") == TIMELINE:
        return render(request, "worklist/timeline.html", content)
    tracks = _tracks(found, twin, records) if twin else []
    not_used = NotUsed.of(unused_of([found.pk]).get(found.pk, ()), shown.name, twin.course if twin else None)
    main, besides, some_unlisted = records.tables()
    creatinine = [(s.event_time, s.value) for s in records.of_channel(Channel.CREATININE)]
    content |= {
        "place": found.encounters.filter(ended__isnull=True).order_by("-started").first(),
        "twin": twin,
        "not_used": not_used,
        "findings": (*not_used.rows, *(twin.findings if twin else ())),
        "track": tracks[0] if tracks else None,
        "others": list(zip(twin.others, tracks[1:], strict=True)) if twin else (),
        "main_records": main,
        "other_records": besides,
        "some_unlisted": some_unlisted,
        "all_lists": lists(shown.channels),
        "replaced": records.replaced,
        "renal": () if found.subject.haemodialysis_since else renal(creatinine),
        "asked": _asked(twin) if twin else (),
        "job": _job(found, shown.name),
    }
    return render(request, "worklist/patient.html", content)


def _tracks(found: Patient, twin: TwinView, records: Records) -> list[TrackRecord]:
    """How the forecasts of the first twin and of the others turned out, in that order."""
    ids = [card.version.model_id for card in (twin.card, *twin.others)]
    scored = track_records(found, ids, records)
    return [scored[model_id] for model_id in ids]


def _asked(twin: TwinView) -> list[tuple[Comparison, str]]:
    """Comparisons that people asked for, each with the name of who did."""
    names = names_of(comparison.asked_by for comparison in twin.asked)
    return [(comparison, names.get(comparison.asked_by, _("the system"))) for comparison in twin.asked]


@page(Permission.PATIENT_VIEW)
@require_safe
def progress(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """For the page that waits for an update: nothing while it runs, then the word to load the page again."""
    found = patient_for(request, subject_key)
    job = _job(found, Shown.of(found.subject, request.GET).name)
    response = HttpResponse(status=204)
    if job is None or job.state not in OPEN_STATES:
        response = HttpResponse(status=200)
        response["HX-Refresh"] = "true"
    return response


def _job(patient: Patient, drug: str) -> Job | None:
    """The last update job, if it is still open or failed."""
    job = Job.objects.filter(kind=JobKind.TWIN_UPDATE, key=f"{patient.pk}/{drug}").order_by("-enqueued_at").first()
    return job if job is not None and job.state in NOT_DONE else None
