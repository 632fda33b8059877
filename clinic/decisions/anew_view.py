"""The button that asks the newest twin about a plan that was signed on earlier data."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.decisions.anew import ask_anew
from clinic.decisions.models import Decision
from clinic.decisions.refusal import DecisionError


@page(Permission.COMPARISON_ASK)
@require_POST
def anew(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """Ask; then to the page that waits for the comparison."""
    decision = get_object_or_404(Decision.objects.select_related("comparison__twin_version"), pk=decision_id)
    patient = patient_for(request, decision.comparison.twin_version.subject_id)
    try:
        job = ask_anew(decision=decision, by=request.user, actor=request.actor)
    except DecisionError as error:
        content = {
            "section": "worklist",
            "patient": patient,
            "comparison": decision.comparison,
            "problem": str(error),
        }
        return render(request, "decisions/refused.html", content, status=409)
    return redirect("comparison-wait", patient.pk, job.pk)
