"""Carry one resource into its chart: created once however often it is tried, given up when it cannot be."""

import logging
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action, Outcome
from clinic.decisions.models import Standing
from integrations.ehr.access import AccessError
from integrations.ehr.address import AddressError
from integrations.ehr.chart import IDENTIFIERS
from integrations.ehr.client import JSON, Client
from integrations.ehr.configured import access_to, address_of
from integrations.ehr.fault import FetchError
from integrations.ehr.models import ChartDelivery, WorkState
from integrations.ehr.patience import Patience

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""How long a try may take before another worker may try."""
TRIES = 12
_FIRST_WAIT_S = 30.0
_LONGEST_WAIT_S = 3600.0
_HOPELESS = frozenset({400, 404, 405, 406, 410, 412, 413, 415, 422, 501})
"""Answers that another try would only get again."""
_PATIENCE = Patience(tries=2, first_wait_s=0.5, timeout_s=20.0, page_s=30.0)


class OvertakenError(ValueError):
    """The decision was replaced while its delivery waited."""


class _Found(msgspec.Struct):
    id: str = ""
    entry: list["_Entry"] = []


class _Entry(msgspec.Struct):
    resource: _Found | None = None


def deliver(pk: int) -> ChartDelivery | None:
    """Try once; None where it is not the time, or another worker has it."""
    now = timezone.now()
    row = ChartDelivery.objects.filter(pk=pk, state=WorkState.QUEUED, next_try__lte=now).first()
    if row is None:
        return None
    mine = ChartDelivery.objects.filter(pk=pk, state=WorkState.QUEUED, next_try=row.next_try)
    if not mine.update(next_try=now + LEASE, attempts=F("attempts") + 1):
        return None
    row = ChartDelivery.objects.select_related("source", "decision__comparison__twin_version").get(pk=pk)
    if row.attempts > TRIES:  # its workers died of it, before they could say what they met
        _not_sent(row, FetchError(row.resource_type, f"{TRIES} tries ended without an answer; see the workers' logs"))
        return row
    try:
        _refuse_overtaken(row)
        location = _post(row)
    except (FetchError, AddressError, AccessError, OvertakenError) as error:
        _not_sent(row, error)
    else:
        _sent(row, location)
    return row


def _refuse_overtaken(row: ChartDelivery) -> None:
    standing = row.decision.standing
    if standing is not Standing.IN_FORCE:
        raise OvertakenError(f"The decision was not in force any more when it was to be sent ({standing}).")


def due(now: datetime) -> list[int]:
    """Deliveries whose time has come: their message was lost, their worker fell silent, or they are tried again."""
    return list(ChartDelivery.objects.filter(state=WorkState.QUEUED, next_try__lte=now).values_list("pk", flat=True))


def _post(row: ChartDelivery) -> str:
    """Create the resource unless the chart has it; returns where it is."""
    base = address_of(row.source.slug)
    if not base:
        raise AccessError(
            f"source {row.source.slug} has no address in EHR_SOURCES or on its page any more, or is switched off; "
            "mend that, then retry"
        )
    condition = f"identifier={IDENTIFIERS}|{row.identifier}"
    with Client(base, access=access_to(row.source.slug, base), patience=_PATIENCE) as client:
        if row.attempts > 1:
            # An earlier try may have been done and its answer lost, at a server that does not know If-None-Exist.
            found = _find(client, row, condition)
            if found:
                return found
        answer = client.send(
            "POST",
            row.resource_type,
            body=row.content.encode(),
            headers={"Content-Type": JSON, "If-None-Exist": condition, "Prefer": "return=minimal"},
            accepted=(200, 201),
            tries=1,
        )
    location = answer.headers.get("location") or answer.headers.get("content-location") or ""
    return location or _name(row.resource_type, answer.content)


def _find(client: Client, row: ChartDelivery, condition: str) -> str:
    """Where the resource is, if the chart has it; nothing where the chart cannot be searched for it."""
    try:
        answer = client.send("GET", f"{row.resource_type}?{condition}")
        found = msgspec.json.decode(answer.content, type=_Found)
    except (FetchError, msgspec.MsgspecError) as error:
        if isinstance(error, FetchError) and error.status not in _HOPELESS | {403}:
            raise  # a passing fault: not a reason to create it a second time
        logger.info("%s cannot be searched for %s: %s", row.resource_type, row.identifier, error)
        return ""
    ids = [entry.resource.id for entry in found.entry if entry.resource is not None and entry.resource.id]
    return f"{client.base}/{row.resource_type}/{ids[0]}" if ids else ""


def _name(resource_type: str, content: bytes) -> str:
    try:
        identifier = msgspec.json.decode(content, type=_Found).id
    except msgspec.MsgspecError:
        return ""
    return f"{resource_type}/{identifier}" if identifier else ""


def _sent(row: ChartDelivery, location: str) -> None:
    with transaction.atomic():
        row.state, row.answered_at, row.location = WorkState.DONE, timezone.now(), location[:500]
        row.answer = ""
        row.save(update_fields=["state", "answered_at", "location", "answer"])
        _note(row, Outcome.SUCCESS)


def _not_sent(row: ChartDelivery, error: FetchError | AddressError | AccessError | OvertakenError) -> None:
    """Try again later, or leave it to a person."""
    status = error.status if isinstance(error, FetchError) else 0
    hopeless = status in _HOPELESS or not isinstance(error, FetchError) or row.attempts >= TRIES
    with transaction.atomic():
        row.answer, row.answered_at = str(error)[:2000], timezone.now()
        row.state = WorkState.FAILED if hopeless else WorkState.QUEUED
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (row.attempts - 1))
        row.next_try = timezone.now() + timedelta(seconds=wait_s)
        row.save(update_fields=["answer", "answered_at", "state", "next_try"])
        if hopeless:
            _note(row, Outcome.FAILED)
    logger.warning("%s %s was not sent: %s", row.resource_type, row.identifier, error)


def _note(row: ChartDelivery, outcome: Outcome) -> None:
    record(
        by=SYSTEM,
        action=Action.CREATE,
        activity="chart.deliver",
        outcome=outcome,
        subject_key=row.decision.comparison.twin_version.subject_id,
        entity_type=row.resource_type,
        entity_id=row.identifier,
        detail={"source": row.source.slug, "attempts": row.attempts, "decision": str(row.decision_id)},
    )
