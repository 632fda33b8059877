"""How far the chain was verified: one signed note, for the next incremental run alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from clinic.audit.chain import FIELDS, instant, link_hash
from clinic.audit.models import AuditEvent, Checkpoint, VerifiedUntil
from clinic.audit.signing import Keyring, signer
from clinic.audit.statement import SignedCheckpoint
from clinic.audit.walk import Mark


@dataclass(frozen=True, slots=True)
class Known:
    """The event from which a run may go on, and when the chain was last walked from its start."""

    mark: Mark
    from_start: datetime


def known(stored: list[SignedCheckpoint], keys: Keyring) -> Known | None:
    """The note, if its signature is right, its checkpoint is stored, and its event is still as it was; else None."""
    note = VerifiedUntil.objects.filter(pk=1).first()
    if note is None or keys.fault(_statement(note), note.key, note.signature):
        return None
    at = next((item for item in stored if item.number == note.number), None)
    if at is None or (at.sequence, at.head) != (note.sequence, note.head):
        return None
    row = AuditEvent.objects.filter(pk=note.sequence).values(*FIELDS, "hash").first()
    if row is None or row["hash"] != note.head or link_hash(row) != note.head:
        return None
    origin = f"checkpoint {note.number}, verified {note.verified:%Y-%m-%d %H:%M} UTC"
    return Known(Mark(note.sequence, note.head, origin), note.from_start)


def remember(*, until: int, from_start: datetime) -> None:
    """Note the newest checkpoint up to event `until` as verified; without a checkpoint nothing is noted."""
    checkpoint = Checkpoint.objects.filter(sequence__lte=until).order_by("-number").first()
    if checkpoint is None:
        return
    key = signer()
    note = VerifiedUntil(
        id=1,
        number=checkpoint.number,
        sequence=checkpoint.sequence,
        head=checkpoint.head,
        verified=timezone.now(),
        from_start=from_start,
        key=key.key_id,
    )
    note.signature = key.sign(_statement(note))
    VerifiedUntil.objects.bulk_create(
        [note],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["number", "sequence", "head", "verified", "from_start", "key", "signature"],
    )


def _statement(note: VerifiedUntil) -> dict[str, Any]:
    return {
        "kind": "patient twin: audit chain verified",
        "number": note.number,
        "sequence": note.sequence,
        "head": note.head,
        "verified": instant(note.verified),
        "from_start": instant(note.from_start),
        "key": note.key,
    }
