"""One record of a patient, as a page and as a panel beside the timeline; and its text exactly as it was received."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.patients.models import Patient
from clinic.worklist.record_page import RecordPage, received
from clinic.worklist.records import KINDS, Record

PANEL = "record"
"""The element of the patient's page that a record is swapped into."""


@page(Permission.PATIENT_VIEW)
@require_safe
def record(request: HttpRequest, subject_key: UUID, kind: str, number: int) -> HttpResponse:
    """Where a value came from, its text as received, its quality, and who doubted it."""
    patient, found = _found(request, subject_key, kind, number)
    content = {"section": "worklist", "patient": patient, "shown": RecordPage.of(patient, found)}
    part = request.headers.get("HX-Target") == PANEL
    return render(request, "worklist/record_panel.html" if part else "worklist/record.html", content)


@page(Permission.PATIENT_VIEW)
@require_safe
def record_received(request: HttpRequest, subject_key: UUID, kind: str, number: int) -> HttpResponse:
    """The text of the resource, byte for byte, as a file."""
    _, found = _found(request, subject_key, kind, number)
    origin = received(found)
    if origin is None:
        raise Http404("The resource that this record was read from is not here.")
    response = HttpResponse(origin.text.encode(), content_type="application/octet-stream")
    name = "".join(c for c in found.reference.replace("/", "-") if c.isalnum() or c in "-.")[:100]
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _found(request: HttpRequest, subject_key: UUID, kind: str, number: int) -> tuple[Patient, Record]:
    """The record, if it is the patient's; that exactly this version is shown is put on record."""
    patient = patient_for(request, subject_key)
    model = KINDS.get(kind)
    found: Record | None = model.objects.filter(pk=number, subject=patient.pk).first() if model else None
    if found is None:
        raise Http404("This patient has no such record.")
    disclose(
        request,
        patient.pk,
        entity_type=found.source_key.rsplit("/", 2)[-2],
        entity_id=found.source_key,
        entity_version=found.source_version,
    )
    return patient, found
