"""Try again what came through the door and could not be used: a whole payload, or what could not be read of one."""

from urllib.parse import parse_qsl

from django.db import transaction

from clinic.audit.event import SYSTEM
from integrations.fhir.authentication import Caller
from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.dispatch import answering, bundle
from integrations.fhir.interactions.own_way import OWN_WAY
from integrations.fhir.names import HereNames
from integrations.fhir.outcome import Refusal
from integrations.readings.batch import Batch
from integrations.readings.batch_report import BatchReport
from integrations.readings.door import decode
from integrations.readings.holding import hold_whole_again
from integrations.readings.identity import Identity
from integrations.readings.models import QuarantineEntry, Reading, Resource
from integrations.readings.news import tell_twins
from integrations.readings.ours import DOOR
from integrations.readings.split import Entry


def again(reading: Reading, held: list[QuarantineEntry]) -> BatchReport:
    """Do the write once more where all of it was refused; read once more what was stored and not understood."""
    for entry in held:
        if not entry.text:
            _write(reading, entry)
    tried = {entry.position: entry for entry in held if entry.text}
    batch = Batch(reading, tuple(map(_entry, tried.values())), HereNames(DOOR, ""), tried, ours=True)
    report = batch.run()
    tell_twins(report.touched)
    return report


def _write(reading: Reading, held: QuarantineEntry) -> None:
    """The write as its caller asked for it; done, it releases the entry.

    What a type does in its own way it does for its owner, who is not known any more.
    """
    ask = _ask(reading)
    try:
        if ask.resource_type in OWN_WAY:
            raise Refusal(422, "not-supported", f"A {ask.resource_type} belongs to who sends it; it must come again.")
        with transaction.atomic():
            (answering if ask.resource_type else bundle)(ask)
    except Refusal as refusal:
        hold_whole_again(refusal.sentence, held)


def _ask(reading: Reading) -> Ask:
    what, _, condition = reading.origin.partition(" if-none-exist ")
    method, _, address = what.partition(" ")
    place, _, query = address.partition("?")
    kind, _, identifier = place.partition("/")
    return Ask(
        method=method,
        base="",
        caller=Caller(SYSTEM, "system/*.cruds"),
        resource_type=kind,
        identifier=identifier,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={"if-none-exist": condition} if condition else {},
        body=bytes(reading.content),
    )


def _entry(held: QuarantineEntry) -> Entry:
    """The stored version that the entry is about."""
    stored = Resource.objects.get(source_key=held.source_key, version=held.version)
    identity = Identity(
        stored.source_key,
        stored.resource_type,
        stored.resource_id,
        stored.version,
        stored.last_updated,
        str(decode(stored.text).get("status") or ""),
        stored.sha256,
    )
    return Entry(held.position, stored.text, identity=identity, method=stored.method)
