"""The comparison page."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from twins.records.models import Comparison


@page(Permission.COMPARISON_VIEW)
def comparison(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = get_object_or_404(Comparison.objects.select_related("twin_version"), pk=comparison_id)
    patient = patient_for(request, found.twin_version.subject_id)
    return render(request, "comparisons/comparison.html", {"comparison": found, "patient": patient})
