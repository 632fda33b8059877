"""Ask for an export: judge the request, write it down with the moment that it shows, and send the workers a message."""

from datetime import datetime
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from integrations.fhir.bulk.asked import Asked, read
from integrations.fhir.bulk.exported import covered
from integrations.fhir.bulk.models import OPEN_STATES, Export, ExportMember
from integrations.fhir.bulk.send import send
from integrations.fhir.bulk.whose import whose
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.outcome import Refusal
from integrations.readings.models import Resource

MOST_OPEN = 5
"""Exports of one client that may be under way at once."""
MOST_NAMED_IN_AUDIT = 1000
"""Patients of one export whom an audit event names; of more it says how many."""


def kick_off(ask: Ask, inputs: Inputs) -> Answer:
    """``$export``: 202 with the address that says how far it is. Call it in a transaction.

    Raises
    ------
    Refusal
        400, 404 and 405 for what cannot be exported so, 403 for what the token does not cover, 429 while too many
        exports of the client are under way.
    """
    if ask.method == "HEAD":
        raise Refusal(405, "not-supported", "An export is begun by GET or POST.", Allow="GET, POST")
    asked = read(ask, inputs)
    types = covered(ask.caller, asked.level, asked.types)
    members = whose(ask, asked)
    if Export.objects.filter(client_id=ask.caller.client_id, state__in=OPEN_STATES).count() >= MOST_OPEN:
        raise Refusal(
            429, "throttled", f"{MOST_OPEN} exports are under way; wait for one, or delete it.", Retry_After="60"
        )
    export = _write(ask, asked, types, members)
    transaction.on_commit(partial(send, export.pk))
    told = {"severity": "information", "code": "informational", "details": {"text": "The export was begun."}}
    return Answer(
        202,
        msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [told]}),
        {"Content-Location": f"{ask.base}$export/{export.pk}"},
        activity="fhir.export",
        detail=_detail(export, members),
    )


def _write(ask: Ask, asked: Asked, types: list[str], members: list[UUID] | None) -> Export:
    """The row, and a row for each member.

    The last number is looked up before the time is: what is stored between the two is in the next export since then.
    """
    last = Resource.objects.aggregate(last=Max("pk"))["last"] or 0
    now = timezone.now()
    export = Export.objects.create(
        client_id=ask.caller.client_id,
        actor=ask.caller.actor.key,
        scope=ask.caller.scope,
        request=_address(ask),
        base=ask.base,
        level=asked.level,
        types=types,
        only_members=members is not None,
        elements=asked.elements,
        filters=asked.filters,
        since=asked.since,
        since_number=_number_at(asked.since),
        notes=asked.notes,
        transaction_time=now,
        last_number=last,
        moved_at=now,
    )
    ExportMember.objects.bulk_create(
        (ExportMember(export=export, subject_id=key) for key in members or ()), batch_size=2000
    )
    return export


def _number_at(since: datetime | None) -> int | None:
    """The last row of the export that was made at that time: what came later, however old it says it is, is new."""
    if since is None:
        return None
    earlier = Export.objects.filter(transaction_time=since).aggregate(last=Max("last_number"))
    return earlier["last"]


def _address(ask: Ask) -> str:
    place = "/".join(part for part in (ask.resource_type, ask.identifier, "$export") if part)
    return f"{ask.base}{place}" + (f"?{urlencode(ask.query)}" if ask.query else "")


def _detail(export: Export, members: list[UUID] | None) -> dict[str, object]:
    """What the audit trail keeps of it: filters may name persons, so it says how many there are."""
    detail: dict[str, object] = {
        "export": str(export.pk),
        "level": str(export.level),
        "types": list(export.types),
        "since": export.since.isoformat() if export.since else "",
        "filters": len(export.filters),
        "elements": list(export.elements),
    }
    if members is not None:
        detail["patients"] = len(members)
        detail |= subjects_named(members)
    return detail


def subjects_named(members: list[UUID]) -> dict[str, object]:
    """The subjects, as audit events name several; nothing where they are too many."""
    return {"subjects": sorted(map(str, members))} if len(members) <= MOST_NAMED_IN_AUDIT else {}
