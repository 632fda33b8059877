"""What was sent to be written and could not be: kept byte for byte in quarantine, with its reason."""

from django.db import transaction

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.drafts import JSON
from integrations.fhir.outcome import Refusal
from integrations.readings.holding import hold_whole
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineReason
from integrations.readings.ours import DOOR, source_of_ours
from integrations.readings.refusal import Refused
from integrations.smart.scopes import parse

_KEPT = (400, 422)
"""Statuses that speak of what was sent; others speak of who sent it, or of what is here."""
_NOT_JSON = "structure"


def keep(refusal: Refusal, ask: Ask) -> None:
    """Put the payload of a refused write into quarantine; nothing where there is none, or where it is not at fault.

    Nor of a caller whose scope is narrowed by search parameters: the quarantine tries again without those bounds, and
    would write what this caller never could.
    """
    if refusal.status not in _KEPT or not ask.body.strip() or ask.method not in ("POST", "PUT"):
        return
    if any(scope.query for scope in parse(ask.caller.scope).clinical):
        return
    reason = QuarantineReason.NOT_JSON if refusal.code == _NOT_JSON else QuarantineReason.INVALID_RESOURCE
    if refusal.status == 422 and refusal.code == "not-found":
        reason = QuarantineReason.UNKNOWN_PATIENT
    with transaction.atomic():
        reading = receive(source_of_ours(DOOR), ask.body, content_type=JSON, origin=ask.origin)
        hold_whole(Refused(reason, refusal.sentence), reading)
