"""The worklist: who of my patients needs attention, why, and how recent the data are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import visible_patients
from clinic.access.roles import Permission


@page(Permission.WORKLIST_VIEW)
def worklist(request: HttpRequest) -> HttpResponse:
    patients = list(visible_patients(request.user))
    disclose(request, *(patient.pk for patient in patients))
    return render(request, "worklist/worklist.html", {"section": "worklist", "patients": patients})
