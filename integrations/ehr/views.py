"""Where a clinician sends a signed decision to the chart."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from clinic.decisions.models import Decision
from integrations.ehr.write_back import ChartError, send_to_chart


@page(Permission.COMPARISON_SIGN)
@require_POST
def to_chart(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Send the last decision on a comparison; back to the comparison, which shows how it fares."""
    decision = (
        Decision.objects.select_related("comparison__twin_version", "decided_by", "second__decided_by")
        .filter(comparison_id=comparison_id)
        .order_by("-number")
        .first()
    )
    if decision is None:
        raise Http404("Nothing was decided on this comparison.")
    patient = patient_for(request, decision.comparison.twin_version.subject_id)
    try:
        send_to_chart(decision=decision, by=request.user, actor=request.actor)
    except ChartError as error:
        record(
            by=request.actor,
            action=Action.EXECUTE,
            activity="chart.send",
            outcome=Outcome.REFUSED,
            subject_key=patient.pk,
            entity_type="Decision",
            entity_id=decision.pk,
            detail={"why": type(error).__name__},
        )
        content = {
            "section": "worklist",
            "patient": patient,
            "comparison": decision.comparison,
            "problem": str(error),
        }
        return render(request, "ehr/not_sent.html", content, status=409)
    return redirect("comparison", comparison_id)
