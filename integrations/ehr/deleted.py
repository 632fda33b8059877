"""Files of an export that are not resources: what is no more, and what could not be exported."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from django.db import transaction

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from clinic.patients.models import Condition, Patient
from integrations.readings.holding import hold
from integrations.readings.inbox import receive
from integrations.readings.models import (
    QuarantineEntry,
    QuarantineReason,
    Reading,
    ReadingState,
    Resource,
    Source,
)
from integrations.readings.news import tell_twins
from integrations.readings.people import refresh_subject
from integrations.readings.refusal import Refused
from integrations.readings.settle import ROW_MODELS
from integrations.readings.split import Entry
from twins.records.models import RecordState

_NAME = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9.\-]{1,64}", re.ASCII)
_SERIOUS = frozenset({"fatal", "error"})


def take_deleted(source: Source, content: bytes, origin: str) -> Reading:
    """Keep one chunk of a ``deleted`` file, and withdraw what it names, in one transaction.

    Each line is a Bundle whose entries are ``DELETE Type/id``; a line that is none goes to quarantine.
    """
    with transaction.atomic():
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        reading = receive(source, content, content_type="application/fhir+ndjson", origin=origin)
        if reading.state != ReadingState.RECEIVED:
            return reading
        names: list[str] = []
        for number, line in _lines(content):
            try:
                names += _deleted(line)
            except (msgspec.MsgspecError, ValueError, TypeError) as error:
                why = f"line {number + 1} of a file of deletions names none ({error}); have the server corrected"
                _hold(reading, number, line, Refused(QuarantineReason.NOT_FHIR, why))
        subjects = withdraw(source, names)
        record(
            by=SYSTEM,
            action=Action.DELETE,
            activity="bulk.deleted",
            entity_type="Reading",
            entity_id=reading.pk,
            entity_version=reading.sha256,
            detail={"source": source.slug, "deleted": len(names), "subjects": sorted(map(str, subjects))},
        )
        _close(reading)
    return reading


def take_errors(source: Source, content: bytes, origin: str) -> Reading:
    """Keep one chunk of an ``error`` file; what the server could not export waits in quarantine, in its own words."""
    with transaction.atomic():
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        reading = receive(source, content, content_type="application/fhir+ndjson", origin=origin)
        if reading.state != ReadingState.RECEIVED:
            return reading
        for number, line in _lines(content):
            why = _complaint(line)
            if why:
                _hold(reading, number, line, Refused(QuarantineReason.MISSING_VALUE, why))
        _close(reading)
    return reading


def withdraw(source: Source, names: list[str]) -> set[Any]:
    """Take back what was read of these resources (``Type/id``); returns the subjects whose twins may change.

    A version that comes later than the deletion makes the resource count again.
    """
    keys = {f"{source.slug}/{name}" for name in names}
    touched: set[Any] = set()
    for model in ROW_MODELS:
        rows = model.objects.filter(source_key__in=keys).exclude(state=RecordState.WITHDRAWN)
        touched.update(rows.values_list("subject_id", flat=True))
        rows.update(state=RecordState.WITHDRAWN)
    QuarantineEntry.objects.filter(source_key__in=keys).update(is_newest=False)  # nor is what was never read missed
    Patient.objects.filter(source_key__in=keys).update(active=False)
    conditions = Condition.objects.filter(source_key__in=keys, withdrawn=False)
    patients = list(Patient.objects.filter(conditions__in=conditions).distinct())
    conditions.update(withdrawn=True)
    touched.update(patient.subject_id for patient in patients if refresh_subject(patient))
    gone = Resource.objects.filter(source_key__in=keys, is_current=True)
    gone.exclude(resource_type="Patient").update(is_current=False)  # a person's age is still read from it
    tell_twins(touched)
    return touched


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n")):
        if line.strip():
            yield number, line


def _deleted(line: str) -> list[str]:
    bundle = msgspec.json.decode(line)
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise ValueError("it is no Bundle")
    names = []
    for entry in bundle.get("entry") or ():
        request = entry["request"] if isinstance(entry, dict) and isinstance(entry.get("request"), dict) else {}
        url = request.get("url")
        if request.get("method") != "DELETE" or not isinstance(url, str) or not _NAME.fullmatch(url):
            raise ValueError("an entry is no DELETE of Type/id")
        names.append(url)
    return names


def _complaint(line: str) -> str:
    """What an OperationOutcome complains of; empty if it only informs."""
    try:
        outcome = msgspec.json.decode(line)
        issues = [i for i in outcome["issue"] if i.get("severity") in _SERIOUS]
        words = [str(i.get("diagnostics") or (i.get("details") or {}).get("text") or i.get("code")) for i in issues]
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError):
        return "a line of the export's file of errors is no OperationOutcome; have the server corrected"
    if not words:
        return ""
    return f"the source could not export something: {'; '.join(words)[:500]}; ask those who run it, then import again"


def _hold(reading: Reading, number: int, line: str, refused: Refused) -> None:
    hold(refused, reading, Entry(number, line), None, None, None)


def _close(reading: Reading) -> None:
    reading.state = ReadingState.OPENED
    reading.save(update_fields=["state"])
