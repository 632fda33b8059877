"""The worklist: who of my patients needs attention, why, and how recent the data are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import visible_patients
from clinic.access.roles import Permission
from clinic.worklist.attention import Urgency
from clinic.worklist.rows import worklist_rows


@page(Permission.WORKLIST_VIEW)
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    patients = list(visible_patients(request.user).filter(active=True).select_related("subject"))
    disclose(request, *(patient.pk for patient in patients))
    rows = worklist_rows(patients, timezone.now())
    content = {
        "section": "worklist",
        "rows": [row for row in rows if row.situation.on_drug],
        "others": [row for row in rows if not row.situation.on_drug],
        "pressing": sum(row.urgency is Urgency.ACT for row in rows),
    }
    return render(request, "worklist/worklist.html", content)
