"""Where decisions are sent to: sign, decline."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from clinic.decisions import sign as verbs
from clinic.decisions.refusal import DecisionError, NoSuchPlanError
from twins.records.models import Comparison


@page(Permission.COMPARISON_SIGN)
@require_POST
def sign(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    def verb(comparison: Comparison) -> None:
        verbs.sign(
            comparison=comparison,
            plan_position=_position(request.POST.get("plan", "")),
            reason=request.POST.get("reason", ""),
            seen_digest=request.POST.get("digest", ""),
            by=request.user,
            actor=request.actor,
        )

    return _decide(request, comparison_id, verb, "sign")


@page(Permission.COMPARISON_SIGN)
@require_POST
def decline(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    def verb(comparison: Comparison) -> None:
        verbs.decline(
            comparison=comparison,
            reason=request.POST.get("reason", ""),
            seen_digest=request.POST.get("digest", ""),
            by=request.user,
            actor=request.actor,
        )

    return _decide(request, comparison_id, verb, "decline")


def _position(text: str) -> int:
    if not text.isdecimal() or len(text) > 3:
        raise NoSuchPlanError("No plan was chosen; tick the plan that you sign.")
    return int(text)


def _decide(request: HttpRequest, comparison_id: UUID, verb: Callable[[Comparison], None], name: str) -> HttpResponse:
    comparison = get_object_or_404(Comparison.objects.select_related("twin_version"), pk=comparison_id)
    patient = patient_for(request, comparison.twin_version.subject_id)
    try:
        verb(comparison)
    except DecisionError as error:
        record(
            by=request.actor,
            action=Action.EXECUTE,
            activity=f"comparison.{name}",
            outcome=Outcome.REFUSED,
            subject_key=patient.pk,
            entity_type="Comparison",
            entity_id=comparison.pk,
            entity_version=comparison.digest,
            detail={"why": type(error).__name__},
        )
        content = {
            "section": "worklist",
            "patient": patient,
            "comparison": comparison,
            "problem": str(error),
            "reason": request.POST.get("reason", ""),
        }
        return render(request, "decisions/refused.html", content, status=409)
    return redirect("comparison", comparison.pk)
