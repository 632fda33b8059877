"""The description, at one address for hospital systems and at another for the administrators who let them in."""

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.fhir.authentication import caller_of
from integrations.fhir.outcome import Refusal, answer
from integrations.openapi.generator import document


def openapi(request: HttpRequest) -> HttpResponse:
    """``/openapi.json``: for the integration role by its token; 401 to strangers, 403 to apps of people."""
    try:
        caller = caller_of(request)
        if caller.is_person:
            raise Refusal(403, "forbidden", "Apps of people do not read this; use a token of the integration role.")
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "not-supported", "The description is only read.", Allow="GET, HEAD")
    except Refusal as refusal:
        return answer(refusal)
    detail = {"client_id": caller.client_id, "token": caller.token_jti}
    record(
        by=caller.actor,
        action=Action.READ,
        activity="openapi.read",
        entity_type="openapi",
        purpose=caller.purpose,
        detail=detail,
    )
    return _told(request)


@page(Permission.CLIENT_MANAGE)
@require_safe
def openapi_page(request: HttpRequest) -> HttpResponse:
    """``/clients/openapi.json``: the same for an administrator who is signed in."""
    return _told(request)


def _told(request: HttpRequest) -> HttpResponse:
    made = document(request.build_absolute_uri("/"))
    response = HttpResponse(msgspec.json.encode(made), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
