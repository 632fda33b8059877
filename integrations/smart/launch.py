"""``POST /oauth/launch``: a hospital system says which patient is open, and gets the value to start an app with."""

import json
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import Application

from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from clinic.patients.models import Patient
from integrations.fhir.authentication import Caller, caller_of
from integrations.fhir.form import unreadable
from integrations.fhir.identity import source_key
from integrations.fhir.outcome import Refusal
from integrations.smart.contexts import LASTS, open_context

_OAUTH_CODES = {401: "invalid_token", 403: "insufficient_scope", 429: "slow_down"}


@csrf_exempt  # a system shows its token, not a cookie
def launch(request: HttpRequest) -> HttpResponse:
    """``{"patient": "<id in /fhir>", "client_id": "<the only app that may use it>"}`` in; ``{"launch": …}`` out.

    The token must reach the patient by ``system/Patient.r``. Whether the person who uses the app may see the patient is
    judged when they allow it.
    """
    try:
        caller = _caller(request)
        if request.method != "POST":
            raise Refusal(405, "not-supported", "This address takes POST alone.", Allow="POST")
        patient, application = _asked(request)
        with transaction.atomic():
            value = open_context(patient=patient, application=application)
            _record(caller, Outcome.SUCCESS, patient, application)
    except Refusal as refusal:
        return _fault(refusal)
    seconds = int(LASTS.total_seconds())
    return JsonResponse({"launch": value, "expires_in": seconds}, status=201, headers={"Cache-Control": "no-store"})


def _caller(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    if caller.is_person or not caller.may("Patient", "r"):
        _record(caller, Outcome.REFUSED, None, None)
        raise Refusal(403, "forbidden", "A launch is opened by a token of a system with system/Patient.r.")
    return caller


def _asked(request: HttpRequest) -> tuple[Patient, Application | None]:
    data = _body(request)
    identifier, client_id = data.get("patient"), data.get("client_id", "")
    if not isinstance(identifier, str) or not isinstance(client_id, str):
        raise Refusal(400, "invalid", "patient is missing; send the id of a Patient of this server as text.")
    key = source_key("Patient", identifier.removeprefix("Patient/"))
    patient = Patient.objects.filter(source_key=key).first() if key and "\x00" not in key else None
    if patient is None:
        raise Refusal(404, "not-found", f"There is no Patient {identifier[:64]!r} here; pull or push it first.")
    if not client_id:
        return patient, None
    application = None
    if "\x00" not in client_id:
        application = Application.objects.filter(client_id=client_id, smart__disabled=None, smart__isnull=False).first()
    if application is None:
        raise Refusal(400, "invalid", "client_id is no registered app; leave it out or register the app.")
    return patient, application


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid", "The body is no JSON; send an object with patient.") from error
    except SuspiciousOperation as error:
        raise unreadable(error) from error
    if not isinstance(data, dict):
        raise Refusal(400, "invalid", "The body is no object; send an object with patient.")
    return data


def _record(caller: Caller, outcome: Outcome, patient: Patient | None, application: Application | None) -> None:
    detail = {"client": caller.client_id, "jti": caller.token_jti}
    if application is not None:
        detail["app"] = application.client_id
    record(
        by=caller.actor,
        action=Action.CREATE,
        activity="oauth.launch",
        outcome=outcome,
        subject_key=patient.pk if patient is not None else "",
        entity_type="LaunchContext",
        purpose=caller.purpose,
        detail=detail,
    )


def _fault(refusal: Refusal) -> HttpResponse:
    code = _OAUTH_CODES.get(refusal.status, "invalid_request")
    fault = {"error": code, "error_description": refusal.sentence}
    headers = {"Cache-Control": "no-store", **refusal.headers}
    return JsonResponse(fault, status=refusal.status, headers=headers)
