"""What was signed about the chain: checkpoints and stubs, each checked by its signature and by the one before it."""

from collections.abc import Sequence
from typing import Any

from clinic.audit.chain import instant
from clinic.audit.models import Checkpoint, Stub
from clinic.audit.signing import Keyring, digest
from clinic.audit.statement import BEFORE_THE_FIRST, SignedCheckpoint
from clinic.audit.walk import START, BrokenLinkError, Mark


def follow_each_other(found: Sequence[SignedCheckpoint], keys: Keyring, where: str, *, complete: bool) -> None:
    """Signatures, numbers and ties of checkpoints; `complete` ones begin with 1 and have no gap.

    Raises
    ------
    BrokenLinkError
        One is forged, changed, missing or out of its place.
    """
    before: SignedCheckpoint | None = None
    for item in found:
        fault = item.fault(keys)
        if fault:
            raise BrokenLinkError(item.sequence, f"checkpoint {item.number} in {where} cannot be believed: {fault}")
        expected = before.number + 1 if before else 1
        if complete and item.number != expected:
            raise BrokenLinkError(item.sequence, f"checkpoint {expected} is missing in {where}: deleted")
        if item.number == expected and item.previous != (before.hash if before else BEFORE_THE_FIRST):
            raise BrokenLinkError(
                item.sequence, f"checkpoint {item.number} in {where} does not follow from the one before it"
            )
        if before is not None and not (item.number > before.number and item.sequence > before.sequence):
            raise BrokenLinkError(item.sequence, f"checkpoint {item.number} in {where} is out of its place")
        before = item


def stored_checkpoints() -> list[SignedCheckpoint]:
    """All checkpoints of the database, in order.

    Raises
    ------
    BrokenLinkError
        One has a hash that is not its own.
    """
    found = []
    for row in Checkpoint.objects.order_by("number"):
        item = SignedCheckpoint.of(row)
        if row.hash != item.hash:
            raise BrokenLinkError(row.sequence, f"checkpoint {row.number} was changed: its hash is not its own")
        found.append(item)
    return found


def agree(stored: Sequence[SignedCheckpoint], exported: Sequence[SignedCheckpoint]) -> None:
    """Each exported checkpoint is in the database, as it was exported.

    Raises
    ------
    BrokenLinkError
        The database has another of that number, or none: its chain was written anew, or its checkpoints were cut off.
    """
    known = {item.number: item for item in stored}
    for item in exported:
        same = known.get(item.number)
        if same is None:
            raise BrokenLinkError(
                item.sequence,
                f"checkpoint {item.number} was exported and is not in the database: cut off or written anew",
            )
        if same != item:
            raise BrokenLinkError(
                item.sequence, f"checkpoint {item.number} is another than was exported: the chain was written anew"
            )


def stub_statement(stub: Stub) -> dict[str, Any]:
    """All that is signed of a stub."""
    return {
        "kind": "patient twin: audit stub",
        "sequence": stub.sequence,
        "head": stub.head,
        "first": stub.first,
        "counts": stub.counts,
        "recorded_from": instant(stub.recorded_from),
        "recorded_until": instant(stub.recorded_until),
        "checkpoint": stub.checkpoint,
        "checkpoint_hash": stub.checkpoint_hash,
        "archive": stub.archive,
        "archive_sha256": stub.archive_sha256,
        "pruned": instant(stub.pruned),
        "key": stub.key,
        "previous": stub.previous,
    }


def begin_at(keys: Keyring) -> Mark:
    """Where verification begins: at the start, or after the last removed event once every stub was checked.

    Raises
    ------
    BrokenLinkError
        A stub is forged, changed or out of its place, or its checkpoint is not there: events were removed unlawfully.
    """
    last, before, place = 0, BEFORE_THE_FIRST, START
    for stub in Stub.objects.order_by("sequence"):
        name = f"the stub of the events {stub.first} to {stub.sequence}"
        fault = keys.fault(stub_statement(stub), stub.key, stub.signature)
        if fault:
            raise BrokenLinkError(stub.first, f"{name} cannot be believed: {fault}")
        if stub.first != last + 1 or stub.previous != before:
            raise BrokenLinkError(last + 1, f"{name} does not follow from what was removed before: one is missing")
        cover = Checkpoint.objects.filter(number=stub.checkpoint).first()
        if cover is None or SignedCheckpoint.of(cover).hash != stub.checkpoint_hash:
            raise BrokenLinkError(stub.first, f"{name} names checkpoint {stub.checkpoint}, which is missing or another")
        if (cover.sequence, cover.head) != (stub.sequence, stub.head):
            raise BrokenLinkError(stub.first, f"{name} does not end where checkpoint {stub.checkpoint} does")
        before = digest(stub_statement(stub))
        if stub.hash != before:
            raise BrokenLinkError(stub.first, f"{name} has a hash that is not its own: it was changed")
        last = stub.sequence
        place = Mark(stub.sequence, stub.head, name)
    return place
