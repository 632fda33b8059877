"""``/oauth/authorize``: a person reads what an app asks, chooses the patient, and allows it or not."""

from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import OAuthToolkitError

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import visible_patients
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from clinic.patients.models import Patient
from integrations.smart.consent import BrokenQuestion, Question, RefusedQuestion, read
from integrations.smart.contexts import look_up, use_up
from integrations.smart.models import Authorization, LaunchContext
from integrations.smart.scopes import Context, Scopes, intersect, parse

SHOWN = 50
"""Patients that the picker lists at once; a search finds the others."""


@page(Permission.APP_AUTHORIZE)
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """The question on GET, the person's answer on POST; the address holds the question both times."""
    try:
        question = read(request)
        context = _context(question)
        if request.method == "POST":
            return _away(_answered(request, question, context))
        return _ask(request, question, context)
    except BrokenQuestion as broken:
        return render(request, "smart/broken.html", {"why": str(broken)}, status=400)
    except RefusedQuestion as refused:
        _record(request, None, Outcome.REFUSED, error=refused.error)
        return _away(refused.address)


def _context(question: Question) -> LaunchContext | None:
    if not question.launch:
        return None
    context = look_up(question.launch, question.application)
    if context is None:
        raise question.refuse("invalid_request", "launch is unknown, used, past, or of another app; start the app anew")
    return context


def _ask(
    request: HttpRequest, question: Question, context: LaunchContext | None, problem: str = "", status: int = 200
) -> HttpResponse:
    patients: list[Patient] = []
    more = False
    if context is not None:
        patients = list(visible_patients(request.user).filter(pk=context.subject_id))
        if not patients:
            raise question.refuse("access_denied", "the patient of the launch is in no care team of this person")
    elif question.wants_patient:
        found = _found(request)
        patients = list(found[: SHOWN + 1])
        more = len(patients) > SHOWN
        patients = patients[:SHOWN]
    disclose(request, *(patient.pk for patient in patients))
    content = {
        "question": question,
        "patients": patients,
        "more": more,
        "launched": context is not None,
        "find": request.GET.get("find", ""),
        "kept": [(name, value) for name, value in request.GET.items() if name != "find"],
        "address": request.get_full_path(),
        "problem": problem,
    }
    response = render(request, "smart/consent.html", content, status=status)
    # Browsers hold the policy against where the answer leads to as well.
    response._csp_update = {"form-action": [question.origin]}  # type: ignore[attr-defined]
    response["Referrer-Policy"] = "same-origin"
    return response


def _found(request: HttpRequest) -> QuerySet[Patient]:
    """The person's patients; each word of the search must be in a name or begin the record number."""
    found = visible_patients(request.user).order_by("family_name", "given_name", "pk")
    for word in request.GET.get("find", "").replace("\x00", "")[:100].split():
        found = found.filter(
            Q(family_name__icontains=word) | Q(given_name__icontains=word) | Q(record_number__startswith=word)
        )
    return found


def _answered(request: HttpRequest, question: Question, context: LaunchContext | None) -> str:
    """The address to send the app to."""
    if request.POST.get("answer") != "allow":
        raise question.refuse("access_denied", "the person did not allow it")
    patient = _chosen(request, question, context)
    granted = _granted(question, request.POST, patient)
    if not granted.clinical and not {"openid", "launch", "launch/patient"} & set(granted.named):
        raise question.refuse("access_denied", "the person allowed nothing of what was asked")
    with transaction.atomic():
        if context is not None and not use_up(context):
            raise question.refuse("invalid_request", "launch was used before; start the app anew")
        approval = Authorization(
            application=question.application,
            user_id=request.user.pk,
            subject_id=patient.pk if patient is not None else None,
            session=Session.objects.filter(pk=request.session.session_key).first(),
        )
        try:
            address, *_ = question.core.create_authorization_response(
                request,
                scopes=str(granted).split(),
                credentials={**question.credentials, "approval": approval},
                allow=True,
            )
        except OAuthToolkitError as error:
            fault = error.oauthlib_error
            raise question.refuse(fault.error, fault.description or "") from error
        _record(request, approval, Outcome.SUCCESS, patient=patient)
    return str(address)


def _chosen(request: HttpRequest, question: Question, context: LaunchContext | None) -> Patient | None:
    if not question.wants_patient:
        return None
    try:
        key = context.subject_id if context is not None else UUID(request.POST.get("patient", ""))
    except ValueError:
        key = None
    patient = visible_patients(request.user).filter(pk=key).first()
    if patient is None:
        raise question.refuse("access_denied", "no patient of a care team of this person was chosen")
    return patient


def _granted(question: Question, ticked: MultiValueDict[str, Any], patient: Patient | None) -> Scopes:
    """What was asked and ticked. Scopes that nobody is asked about stay."""
    offered = {text for text, _words in question.in_words}
    wanted = set(ticked.getlist("scope")) & offered
    left = " ".join(word for word in str(question.scopes).split() if word not in offered or word in wanted)
    granted = intersect(question.scopes, parse(left))
    return granted if patient is not None else granted.only(Context.USER)


def _record(
    request: HttpRequest,
    approval: Authorization | None,
    outcome: Outcome,
    *,
    patient: Patient | None = None,
    error: str = "",
) -> None:
    detail = {"client": request.GET.get("client_id", "")[:100]}
    if approval is not None:
        detail["scope"] = approval.scope
    if error:
        detail["error"] = error[:100]
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=Action.EXECUTE,
        activity="oauth.authorize",
        outcome=outcome,
        subject_key=patient.pk if patient is not None else "",
        entity_type="Authorization" if approval is not None else "",
        entity_id=approval.pk if approval is not None else "",
        detail=detail,
    )


def _away(address: str) -> HttpResponse:
    """A redirect to where the app is registered, which may have a scheme of its own."""
    response = HttpResponse(status=302)
    response["Location"] = address
    response["Cache-Control"] = "no-store"
    return response
