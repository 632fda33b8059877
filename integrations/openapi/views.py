"""``/openapi.json``: for the integration role by its token, and for administrators by their session."""

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from clinic.access.actor import roles_of
from clinic.access.permissions import granted
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.fhir.authentication import caller_of
from integrations.fhir.outcome import Refusal, answer
from integrations.openapi.generator import document


def openapi(request: HttpRequest) -> HttpResponse:
    """The document; 401 to strangers, 403 to people of other roles and to apps."""
    try:
        by, purpose = _reader(request)
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "not-supported", "The description is only read.", Allow="GET, HEAD")
    except Refusal as refusal:
        return answer(refusal)
    record(by=by, action=Action.READ, activity="openapi.read", entity_type="openapi", purpose=purpose)
    made = document(request.build_absolute_uri("/"))
    response = HttpResponse(msgspec.json.encode(made), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def _reader(request: HttpRequest) -> tuple[Any, str]:
    """Who reads it, and for what purpose."""
    if request.user.is_authenticated and "Authorization" not in request.headers:
        if Permission.CLIENT_MANAGE not in granted(roles_of(request.user)):
            raise Refusal(403, "forbidden", "Administrators read this, and hospital systems with a token.")
        return request.actor, ""  # type: ignore[attr-defined]
    caller = caller_of(request)
    if caller.is_person:
        raise Refusal(403, "forbidden", "Apps of people do not read this; use a token of the integration role.")
    return caller.actor, caller.purpose
