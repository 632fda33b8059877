"""Where decisions are sent to: sign, decline, amend, and the second signature."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.reauthentication import confirmed, repeated
from clinic.access.roles import Permission
from clinic.access.throttle import WINDOW
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from clinic.charts.palette import plan_letter
from clinic.decisions import amend as amending
from clinic.decisions import second as answering
from clinic.decisions import sign as signing
from clinic.decisions.keep import REASON_LIMIT, one_of, refuse_outdated
from clinic.decisions.models import Decision
from clinic.decisions.panel import Panel
from clinic.decisions.refusal import DecisionError, NoSuchPlanError, StaleComparisonError
from clinic.decisions.told import named, start_of
from clinic.patients.models import Patient
from twins.records.models import Comparison

NONE_OF_THEM = "none"
"""What an amendment's form sends for no plan."""
ACKNOWLEDGED = "acknowledged"
"""Sent once for each thing that was ticked."""
KEPT = ("plan", "decision", "digest", ACKNOWLEDGED)
"""Fields that the form to confirm a signature carries on."""


@page(Permission.COMPARISON_SIGN)
@sensitive_post_parameters("again", "again_key")
@require_POST
def sign(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    comparison, patient = _comparison(request, comparison_id)

    def verb() -> None:
        signing.sign(
            comparison=comparison,
            plan_position=_position(request.POST.get("plan", "")),
            reason=request.POST.get("reason", ""),
            seen_digest=request.POST.get("digest", ""),
            acknowledged=request.POST.getlist(ACKNOWLEDGED),
            by=request.user,
            actor=request.actor,
        )

    return _confirmed(request, patient, comparison, "sign") or _decide(request, patient, comparison, verb, "sign")


@page(Permission.COMPARISON_SIGN)
@require_POST
def decline(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    comparison, patient = _comparison(request, comparison_id)

    def verb() -> None:
        signing.decline(
            comparison=comparison,
            reason=request.POST.get("reason", ""),
            seen_digest=request.POST.get("digest", ""),
            by=request.user,
            actor=request.actor,
        )

    return _decide(request, patient, comparison, verb, "decline")


@page(Permission.COMPARISON_SIGN)
@sensitive_post_parameters("again", "again_key")
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The form that amends the last decision on a comparison, and what becomes of it."""
    comparison, patient = _comparison(request, comparison_id)
    if request.method != "POST":
        return _amend_form(request, patient, comparison)
    last = get_object_or_404(Decision, pk=_key(request.POST.get("decision", "")), comparison=comparison)
    last.comparison = comparison

    def verb() -> None:
        chosen = request.POST.get("plan", "")
        amending.amend(
            decision=last,
            plan_position=None if chosen == NONE_OF_THEM else _position(chosen),
            reason=request.POST.get("reason", ""),
            seen_digest=request.POST.get("digest", ""),
            acknowledged=request.POST.getlist(ACKNOWLEDGED),
            by=request.user,
            actor=request.actor,
        )

    return _confirmed(request, patient, comparison, "amend") or _decide(request, patient, comparison, verb, "amend")


@page(Permission.COMPARISON_SIGN)
@sensitive_post_parameters("again", "again_key")
@require_POST
def second(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """The second signature."""
    decision, patient = _decision(request, decision_id)

    def verb() -> None:
        answering.agree(
            decision=decision,
            seen_digest=request.POST.get("digest", ""),
            acknowledged=request.POST.getlist(ACKNOWLEDGED),
            by=request.user,
            actor=request.actor,
        )

    comparison, name = decision.comparison, "second_sign"
    return _confirmed(request, patient, comparison, name) or _decide(request, patient, comparison, verb, name)


@page(Permission.COMPARISON_SIGN)
@require_POST
def second_refuse(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    decision, patient = _decision(request, decision_id)

    def verb() -> None:
        answering.refuse(
            decision=decision,
            reason=request.POST.get("reason", ""),
            seen_digest=request.POST.get("digest", ""),
            by=request.user,
            actor=request.actor,
        )

    return _decide(request, patient, decision.comparison, verb, "second_refuse")


def _comparison(request: HttpRequest, comparison_id: UUID) -> tuple[Comparison, Patient]:
    found = get_object_or_404(Comparison.objects.select_related("twin_version"), pk=comparison_id)
    return found, patient_for(request, found.twin_version.subject_id)


def _decision(request: HttpRequest, decision_id: UUID) -> tuple[Decision, Patient]:
    found = get_object_or_404(Decision.objects.select_related("comparison__twin_version"), pk=decision_id)
    return found, patient_for(request, found.comparison.twin_version.subject_id)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _position(text: str) -> int:
    if not text.isdecimal() or len(text) > 3:
        raise NoSuchPlanError(_("No plan was chosen; tick the plan that you sign."))
    return int(text)


def _plan_named(text: str, comparison: Comparison) -> int | None:
    """The plan that is asked about; None where the text names none of the comparison's."""
    try:
        return one_of(comparison, _position(text))
    except NoSuchPlanError:
        return None


def _amend_form(request: HttpRequest, patient: Patient, comparison: Comparison) -> HttpResponse:
    try:
        refuse_outdated(comparison.twin_version)
        outdated = ""
    except StaleComparisonError as error:
        outdated = str(error)
    panel = Panel.of(comparison, request, outdated=bool(outdated))
    if panel.last is None or not (panel.may_amend or panel.may_withdraw):
        problem = outdated or _("There is no decision on this comparison that could be amended.")
        return _refused(request, patient, comparison, problem)
    disclose(request, patient.pk, entity_type="Comparison", entity_id=comparison.pk, entity_version=comparison.digest)
    start = start_of(comparison)
    plans = [(k, plan_letter(k), named(comparison, k, start)) for k in range(len(comparison.plans))]
    content = {
        "section": "worklist",
        "patient": patient,
        "comparison": comparison,
        "panel": panel,
        "plans": plans if panel.may_amend else [],
        "reason_limit": REASON_LIMIT,
    }
    return render(request, "decisions/amend.html", content)


def _confirmed(request: HttpRequest, patient: Patient, comparison: Comparison, name: str) -> HttpResponse | None:
    """None where the person proved who they are; else the form that asks once more, with what was typed before."""
    if repeated(request):
        return None
    given, key_answer = request.POST.get("again", ""), request.POST.get("again_key", "")
    status, problem = 403, ""
    if given or key_answer:
        answer = confirmed(request, given, key_answer)
        if answer:
            return None
        status, problem = answer.status, answer.sentence
    _note_refusal(request, patient, comparison, name, "NotConfirmed")
    plan = _plan_named(request.POST.get("plan", ""), comparison)
    content = {
        "section": "worklist",
        "patient": patient,
        "comparison": comparison,
        "again_problem": problem,
        "kept": [(field, value) for field in KEPT for value in request.POST.getlist(field)],
        "reason": request.POST.get("reason"),
        "reason_limit": REASON_LIMIT,
        "what": "" if plan is None else f"{plan_letter(plan)}: {named(comparison, plan, start_of(comparison))}",
    }
    response = render(request, "decisions/again.html", content, status=status)
    if status == 429:
        response["Retry-After"] = str(int(WINDOW.total_seconds()))
    return response


def _decide(
    request: HttpRequest, patient: Patient, comparison: Comparison, verb: Callable[[], None], name: str
) -> HttpResponse:
    try:
        verb()
    except DecisionError as error:
        _note_refusal(request, patient, comparison, name, type(error).__name__)
        return _refused(request, patient, comparison, str(error))
    return redirect("comparison", comparison.pk)


def _note_refusal(request: HttpRequest, patient: Patient, comparison: Comparison, name: str, why: str) -> None:
    record(
        by=request.actor,
        action=Action.EXECUTE,
        activity=f"comparison.{name}",
        outcome=Outcome.REFUSED,
        subject_key=patient.pk,
        entity_type="Comparison",
        entity_id=comparison.pk,
        entity_version=comparison.digest,
        detail={"why": why},
    )


def _refused(request: HttpRequest, patient: Patient, comparison: Comparison, problem: str) -> HttpResponse:
    content = {
        "section": "worklist",
        "patient": patient,
        "comparison": comparison,
        "problem": problem,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "decisions/refused.html", content, status=409)
