"""The patient page: what was measured and given, and what the twin makes of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission


@page(Permission.PATIENT_VIEW)
def patient(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    return render(
        request, "worklist/patient.html", {"section": "worklist", "patient": patient_for(request, subject_key)}
    )
