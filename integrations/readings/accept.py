"""Open a reading: each resource in it is accepted exactly once, or put in quarantine with the reason."""

import logging
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, transaction

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from integrations.readings.batch import Batch
from integrations.readings.holding import hold_whole
from integrations.readings.models import Reading, ReadingState, Source
from integrations.readings.news import tell_twins
from integrations.readings.quarantine import names_for, retry_for_patients
from integrations.readings.refusal import Refused
from integrations.readings.split import split

logger = logging.getLogger(__name__)

_TRIES = 3


@dataclass(slots=True)
class AcceptReport:
    """What became of a reading's resources: `received` is the sum of `accepted`, `known` and `quarantined`."""

    received: int = 0
    accepted: int = 0
    known: int = 0
    quarantined: int = 0
    skipped_points: int = 0
    released: int = 0
    """Entries of earlier readings that could be accepted now."""
    unreadable: str = ""
    """Why nothing could be read, if so."""


def open_reading(reading: Reading) -> AcceptReport:
    """Take in every resource of `reading`, in one transaction; nothing happens to one that was opened before.

    A source's readings are opened one after the other (its row is locked), and unique constraints refuse what would be
    doubled all the same; then, and where the database broke a deadlock, the reading is tried again, with the other's
    rows visible.
    """
    for _ in range(_TRIES - 1):
        try:
            with transaction.atomic():
                return _open(reading)
        except (IntegrityError, OperationalError) as error:
            logger.info("reading %s met another process at the same rows, trying again: %s", reading.pk, error)
    with transaction.atomic():
        return _open(reading)


def _open(reading: Reading) -> AcceptReport:
    source = Source.objects.select_for_update(no_key=True).get(pk=reading.source_id)
    content = bytes(reading.content)  # which never changes, as its state does
    reading = Reading.objects.defer("content").get(pk=reading.pk)
    reading.source = source
    try:
        entries = split(content, reading.content_type)
    except Refused as refused:
        if reading.state == ReadingState.RECEIVED:
            hold_whole(refused, reading)
            _close(reading, ReadingState.UNREADABLE)
        return AcceptReport(quarantined=1, received=1, unreadable=refused.detail)
    report = AcceptReport(received=len(entries))
    if reading.state != ReadingState.RECEIVED:
        report.known = len(entries)
        return report
    batch = Batch(reading, entries, names_for(reading, entries)).run()
    report.accepted, report.known, report.quarantined = batch.accepted, batch.known, batch.quarantined
    report.skipped_points = batch.skipped_points
    tell_twins(batch.touched)
    report.released = retry_for_patients(source, batch)
    _close(reading, ReadingState.OPENED)
    if report.accepted or batch.touched:
        record(
            by=SYSTEM,
            action=Action.CREATE,
            activity="reading.open",
            entity_type="Reading",
            entity_id=reading.pk,
            entity_version=reading.sha256,
            detail={
                "source": source.slug,
                "accepted": report.accepted,
                "quarantined": report.quarantined,
                "subjects": sorted(map(str, batch.subjects)),
            },
        )
    return report


def _close(reading: Reading, state: ReadingState) -> None:
    reading.state = state
    reading.save(update_fields=["state"])
