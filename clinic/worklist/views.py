"""The worklist: who of my patients needs attention, why, and how recent the data are."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access.disclosure import digest_of, disclose
from clinic.access.gate import page
from clinic.access.permissions import visible_patients
from clinic.access.roles import Permission
from clinic.worklist.choice import Choice
from clinic.worklist.reason import Urgency, Why
from clinic.worklist.rows import worklist_rows


@page(Permission.WORKLIST_VIEW)
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    return render(request, "worklist/worklist.html", _shown(request))


@page(Permission.WORKLIST_VIEW)
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone, for the page that renews it every minute."""
    return render(request, "worklist/rows.html", _shown(request))


def _shown(request: HttpRequest) -> dict[str, Any]:
    choice = Choice.of(request.GET)
    patients = list(visible_patients(request.user).filter(active=True).select_related("subject"))
    now = timezone.now()
    every = worklist_rows(patients, now)
    wanted = [row for row in every if choice.keeps(row)]
    disclose(
        request,
        *{row.patient.pk for row in wanted},
        entity_type="Worklist",
        entity_id=request.path,
        entity_version=digest_of((row.patient.pk, row.version or "none") for row in wanted),
    )
    return {
        "section": "worklist",
        "choice": choice,
        "whys": [(why, sum(any(r.why is why for r in row.reasons) for row in every)) for why in Why],
        "total": len(every),
        "rows": [row for row in wanted if row.situation.on_drug],
        "people": len({row.patient.pk for row in wanted if row.situation.on_drug}),
        "others": [row for row in wanted if not row.situation.on_drug],
        "pressing": sum(row.urgency is Urgency.ACT for row in wanted),
        "now": now,
    }
