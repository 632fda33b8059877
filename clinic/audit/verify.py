"""Walk the audit chain from its first event and name the first broken link."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clinic.audit.chain import FIELDS, GENESIS, link_hash
from clinic.audit.models import AuditEvent, ChainHead

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk found. `first_broken` is the sequence number of the first broken link, None where there is none.

    `checked` counts the events that were found whole; `sequence` and `hash` are the last of them: kept somewhere else,
    they prove later that the chain still contains what it contained then (`Anchor`).
    """

    ok: bool
    checked: int
    first_broken: int | None
    reason: str
    sequence: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event's number and hash, noted outside the database.

    Whoever can rewrite the whole database can also compute a whole new chain; only what was noted elsewhere shows that.
    """

    sequence: int
    hash: str


class _BrokenLinkError(Exception):
    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(reason)
        self.sequence = sequence
        self.reason = reason


def verify(anchor: Anchor | None = None) -> Verification:
    """Check every event's own hash, its number, and its tie to the one before; then that the chain ends where it must.

    Events appended meanwhile do no harm: the walk goes on to the newest head that it saw.
    """
    walk = _Walk(anchor)
    try:
        walk.to_the_end()
    except _BrokenLinkError as broken:
        return Verification(False, walk.checked, broken.sequence, broken.reason, walk.sequence, walk.hash)
    return Verification(True, walk.checked, None, "the chain is whole", walk.sequence, walk.hash)


class _Walk:
    def __init__(self, anchor: Anchor | None) -> None:
        self.anchor = anchor
        self.checked = 0
        self.sequence = 0
        self.hash = GENESIS

    def to_the_end(self) -> None:
        first = (
            AuditEvent.objects.filter(sequence__lt=1).order_by("sequence").values_list("sequence", flat=True).first()
        )
        if first is not None:
            raise _BrokenLinkError(first, f"event {first} was inserted: the chain begins with 1")
        while True:
            head = ChainHead.objects.filter(pk=1).values_list("sequence", "hash").first()
            if head is None:
                raise _BrokenLinkError(self.sequence + 1, "the chain's head is missing, so its end cannot be checked")
            if head[0] == self.sequence:
                break
            for row in _rows(self.sequence, head[0]):
                self._follow(row)
            if self.sequence != head[0]:
                self._end_missing(head[0])
        if head[1] != self.hash:
            raise _BrokenLinkError(
                self.sequence, f"event {self.sequence} is not the one that the chain's head names: it was replaced"
            )
        self._nothing_beyond()
        if self.anchor is not None and self.anchor.sequence > self.sequence:
            self._end_missing(self.anchor.sequence)

    def _follow(self, row: dict[str, Any]) -> None:
        number, expected = row["sequence"], self.sequence + 1
        if number != expected:
            missing = f"event {expected} is" if number == expected + 1 else f"events {expected} to {number - 1} are"
            raise _BrokenLinkError(expected, f"{missing} missing: deleted")
        if link_hash(row) != row["hash"]:
            raise _BrokenLinkError(number, f"event {number} was edited: its content does not give its hash")
        if row["previous_hash"] != self.hash:
            raise _BrokenLinkError(
                number,
                f"event {number} does not follow from event {self.sequence}: one was inserted, moved or replaced",
            )
        if self.anchor is not None and number == self.anchor.sequence and row["hash"] != self.anchor.hash:
            raise _BrokenLinkError(
                number, f"event {number} has another hash than was noted: the chain up to it was written anew"
            )
        self.sequence, self.hash = number, row["hash"]
        self.checked += 1

    def _end_missing(self, last: int) -> None:
        missing = self.sequence + 1
        events = f"event {missing} is" if missing == last else f"events {missing} to {last} are"
        raise _BrokenLinkError(missing, f"{events} missing: the end of the chain was cut off")

    def _nothing_beyond(self) -> None:
        beyond = (
            AuditEvent.objects.filter(sequence__gt=self.sequence).order_by("sequence").values_list("sequence").first()
        )
        if beyond is None:
            return
        head = ChainHead.objects.filter(pk=1).values_list("sequence", flat=True).first()
        if head is not None and head >= beyond[0]:
            return  # appended in the usual way while the walk was under way
        raise _BrokenLinkError(beyond[0], f"event {beyond[0]} was inserted behind the chain's head")


def _rows(after: int, until: int) -> Iterator[dict[str, Any]]:
    """The rows numbered (after, until], in order, in batches so that no long-lived cursor is held open."""
    while after < until:
        batch = list(
            AuditEvent.objects.filter(sequence__gt=after, sequence__lte=until)
            .order_by("sequence")
            .values(*FIELDS, "hash")[:_BATCH]
        )
        if not batch:
            return
        yield from batch
        after = batch[-1]["sequence"]
