"""Try again what is in quarantine, once the cause was mended."""

import re
from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from clinic.audit.event import SYSTEM, Actor, record
from clinic.audit.models import Action
from clinic.patients.models import Patient
from integrations.readings.batch import Batch
from integrations.readings.batch_report import BatchReport
from integrations.readings.door import decode
from integrations.readings.holding import hold_whole, release
from integrations.readings.identity import identify
from integrations.readings.models import (
    QuarantineEntry,
    QuarantineReason,
    QuarantineState,
    Reading,
    ReadingState,
    Source,
)
from integrations.readings.news import tell_twins
from integrations.readings.ours import AGAIN
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from integrations.readings.split import Entry, split

_AWAITED = re.compile(r"\bis (Patient/[A-Za-z0-9.\-]+), which has not been received")


@dataclass(slots=True)
class RetryReport:
    """`tried` entries, of which `released` could be accepted."""

    tried: int = 0
    released: int = 0


def retry(entries: QuerySet[QuarantineEntry] | None = None, *, by: Actor = SYSTEM) -> RetryReport:
    """Try the waiting entries again, all of them or those of `entries`, one reading in one transaction, and record it.

    Parameters
    ----------
    by : Actor
        Who asked for it.
    """
    report = RetryReport()
    waiting = (QuarantineEntry.objects.all() if entries is None else entries).filter(state=QuarantineState.WAITING)
    by_reading: dict[int, list[int]] = defaultdict(list)
    # Patients first: others may wait for them.
    for pk, reading_id, _ in sorted(
        waiting.values_list("pk", "reading_id", "source_key"),
        key=lambda row: ("/Patient/" not in row[2], row[1], row[0]),
    ):
        by_reading[reading_id].append(pk)
    for reading_id, pks in by_reading.items():
        with transaction.atomic():
            batch = _retry_reading(Reading.objects.select_related("source").get(pk=reading_id), pks)
            released = QuarantineEntry.objects.filter(pk__in=pks, state=QuarantineState.RELEASED).count()
            record(
                by=by,
                action=Action.EXECUTE,
                activity="quarantine.retry",
                entity_type="Reading",
                entity_id=reading_id,
                purpose="HOPERAT",
                detail={"entries": sorted(pks), "released": released, "subjects": sorted(map(str, batch.subjects))},
            )
        report.tried += len(pks)
        report.released += released
    return report


def retry_for_patients(source: Source, batch: BatchReport) -> int:
    """Try again what waited for the patients that `batch` brought; returns how many entries were released.

    Runs inside the transaction that accepted the patients, so that no crash can come between.
    """
    released = 0
    for patient in batch.new_patients:
        name = "/".join(patient.source_key.rsplit("/", 2)[-2:])
        waiting = QuarantineEntry.objects.filter(
            reading__source=source,
            state=QuarantineState.WAITING,
            reason=QuarantineReason.UNKNOWN_PATIENT,
            detail__contains=f"is {name},",
        )
        if waiting.exists():
            released += retry(waiting).released
    return released


def retry_found(source: Source) -> int:
    """Try again what waits for a patient of `source` who is there by now; returns how many entries were released."""
    waiting = QuarantineEntry.objects.filter(
        reading__source=source, state=QuarantineState.WAITING, reason=QuarantineReason.UNKNOWN_PATIENT
    )
    wanted: dict[str, list[int]] = defaultdict(list)
    for pk, detail in waiting.values_list("pk", "detail"):
        if name := _AWAITED.search(detail):
            wanted[f"{source.slug}/{name[1]}"].append(pk)
    there = Patient.objects.filter(source_key__in=wanted).values_list("source_key", flat=True)
    found = [pk for key in there for pk in wanted[key]]
    return retry(QuarantineEntry.objects.filter(pk__in=found)).released if found else 0


def replaced_by(held: Reading, whole: Reading) -> None:
    """Release the entry of a payload that came cut short, because the same page came again whole."""
    release_whole(held, why=f"The same page came again whole, as reading {whole.sha256[:12]}.")


def replaced_by_run(source: Source, base: str) -> None:
    """Release what came from `base` and could not be read, since a run has now walked through every page whole.

    A page that came broken too often ends a run; of a bulk export's files (ndjson) a run knows nothing.
    """
    broken = QuarantineEntry.objects.filter(
        reading__source=source,
        reading__origin__startswith=f"{base.rstrip('/')}/",
        source_key="",
        state=QuarantineState.WAITING,
        position=-1,
    )
    for entry in broken.exclude(reading__content_type__contains="ndjson"):
        release(entry, why="Every page came again whole in a later run.")


def release_whole(reading: Reading, *, why: str) -> None:
    """Release the entry of a payload of which nothing could be read, now that it is not needed any more."""
    for entry in QuarantineEntry.objects.filter(
        reading=reading, source_key="", state=QuarantineState.WAITING, position=-1
    ):
        release(entry, why=why)


def names_for(reading: Reading, entries: tuple[Entry, ...]) -> Names:
    """What references in `entries` can be read against: their source, and the full URLs of their Bundle."""
    full_urls: dict[str, str] = {}
    for entry in entries:
        if entry.full_url:
            full_urls[entry.full_url] = _name_of(entry)
    return Names(reading.source.slug, reading.source.address, {url: name for url, name in full_urls.items() if name})


def _retry_reading(reading: Reading, pks: list[int]) -> BatchReport:
    Source.objects.select_for_update(no_key=True).get(pk=reading.source_id)
    held = list(QuarantineEntry.objects.filter(pk__in=pks, state=QuarantineState.WAITING))
    if reading.source.slug in AGAIN:
        return AGAIN[reading.source.slug](reading, held)
    try:
        parts = split(bytes(reading.content), reading.content_type)
    except Refused as refused:
        hold_whole(refused, reading)
        for entry in held:
            entry.tries += 1
            entry.save(update_fields=["tries"])
        return BatchReport()
    by_place = {part.position: part for part in parts}
    whole = [entry for entry in held if not entry.text]
    tried = {entry.position: entry for entry in held if entry.text}
    wanted = parts if whole else tuple(by_place[place] for place in tried if place in by_place)
    batch = Batch(reading, wanted, names_for(reading, parts), tried).run()
    for entry in whole:
        release(entry, retried=True)
        Reading.objects.filter(pk=reading.pk).update(state=ReadingState.OPENED)
    tell_twins(batch.touched)
    retry_for_patients(reading.source, batch)
    return batch


def _name_of(entry: Entry) -> str:
    """``Type/id`` of an entry of a Bundle; empty if it has no identity."""
    try:
        identity = identify(decode(entry.text), entry.text, "", entry.full_url)
    except Refused:
        return ""
    return f"{identity.resource_type}/{identity.resource_id}"
