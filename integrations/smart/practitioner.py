"""``/fhir/Practitioner/user-7``: the person who signed in, as the claim `fhirUser` names them."""

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from clinic.access.actor import roles_of, user_of
from clinic.access.roles import Role
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome
from integrations.fhir.authentication import Caller, caller_of
from integrations.fhir.outcome import FHIR_JSON, Refusal, answer


def practitioner(request: HttpRequest, number: int) -> HttpResponse:
    """The Practitioner: for an app of that very person with the scope `fhirUser`, or where Practitioner is reached."""
    try:
        caller = caller_of(request)
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "not-supported", "A person of this server is only read.", Allow="GET, HEAD")
        content = _content(request, caller, number)
    except Refusal as refusal:
        return _kept_by_nobody(answer(refusal))
    return _kept_by_nobody(HttpResponse(msgspec.json.encode(content), content_type=FHIR_JSON))


def _content(request: HttpRequest, caller: Caller, number: int) -> dict[str, Any]:
    key = f"user-{number}"
    own = caller.is_person and caller.actor.key == key and "fhirUser" in caller.scope.split()
    if not own and not _reaches(caller):
        _record(request, caller, key, Outcome.REFUSED)
        raise Refusal(403, "forbidden", "The token's scope does not cover it; ask for fhirUser or user/Practitioner.r.")
    user: Any = user_of(key)
    if user is None or Role.INTEGRATION in roles_of(user):  # a service user is no person
        _record(request, caller, key, Outcome.FAILED)
        raise Refusal(404, "not-found", f"There is no Practitioner/{key} here.")
    _record(request, caller, key, Outcome.SUCCESS)
    name = {"family": user.last_name, "given": [user.first_name] if user.first_name else None}
    told = {part: value for part, value in name.items() if value} or {"text": user.get_username()}
    return {"resourceType": "Practitioner", "id": key, "active": user.is_active, "name": [told]}


def _reaches(caller: Caller) -> bool:
    """Whether the scope covers all Practitioners; narrowed by search parameters, it is about those of the chart."""
    return caller.covers("Practitioner", "r") and not caller.reach("Practitioner", "r").queries


def _record(request: HttpRequest, caller: Caller, key: str, outcome: Outcome) -> None:
    address = request.build_absolute_uri(request.path)
    record(
        by=caller.actor,
        action=Action.READ,
        activity="fhir.read",
        outcome=outcome,
        entity_type="Practitioner",
        entity_id=key,
        purpose=caller.purpose,
        detail={"client_id": caller.client_id, "token": caller.token_jti, "address": address},
    )


def _kept_by_nobody(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
