"""One walk along the chain, from its beginning or a known event, past marks that it must meet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError

from clinic.audit.chain import FIELDS, GENESIS, link_hash
from clinic.audit.models import AuditEvent, ChainHead, Stub

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Mark:
    """An event's number and hash, and who says so."""

    sequence: int
    hash: str
    origin: str


START = Mark(0, GENESIS, "the start")
"""Where every chain begins."""


class BrokenLinkError(Exception):
    """The first broken link."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(reason)
        self.sequence = sequence
        self.reason = reason


def beginning() -> Mark:
    """What stands before the first event that is kept: the last removed one, or the start of every chain."""
    stub = Stub.objects.order_by("-sequence").first()
    if stub is None:
        return START
    return Mark(stub.sequence, stub.head, f"the stub of the events until {stub.sequence}")


class Walk:
    """Follows each event from `start` to the chain's end. `marks` before `start` are not this walk's matter."""

    def __init__(self, start: Mark, marks: Iterable[Mark] = ()) -> None:
        self.start = start
        self.marks: dict[int, list[Mark]] = {}
        for mark in marks:
            self.marks.setdefault(mark.sequence, []).append(mark)
        self.checked = 0
        self.sequence = start.sequence
        self.hash = start.hash

    def to_the_end(self) -> None:
        """Walk until the newest head that is seen; events appended meanwhile do no harm.

        Raises
        ------
        BrokenLinkError
            Something is not as it was written.
        """
        self._nothing_before()
        self._meet_marks()
        while True:
            head = ChainHead.objects.filter(pk=1).values_list("sequence", "hash").first()
            if head is None:
                raise BrokenLinkError(self.sequence + 1, "the chain's head is missing, so its end cannot be checked")
            if head[0] <= self.sequence:
                break
            for row in rows(self.sequence, head[0]):
                self._follow(row)
            if self.sequence != head[0]:
                self._end_missing(head[0])
        if head[0] < self.sequence:
            raise BrokenLinkError(head[0] + 1, f"the chain's head stands at {head[0]}: its end was cut off")
        if head[1] != self.hash:
            raise BrokenLinkError(
                self.sequence, f"event {self.sequence} is not the one that the chain's head names: it was replaced"
            )
        self._nothing_beyond()
        last = max(self.marks, default=0)
        if last > self.sequence:
            self._end_missing(last, self.marks[last][0].origin)

    def _follow(self, row: dict[str, Any]) -> None:
        number, expected = row["sequence"], self.sequence + 1
        if number != expected:
            missing = f"event {expected} is" if number == expected + 1 else f"events {expected} to {number - 1} are"
            raise BrokenLinkError(expected, f"{missing} missing: deleted")
        if not _fits(row):
            raise BrokenLinkError(number, f"event {number} was edited: its content does not give its hash")
        if row["previous_hash"] != self.hash:
            raise BrokenLinkError(
                number,
                f"event {number} does not follow from event {self.sequence}: one was inserted, moved or replaced",
            )
        self.sequence, self.hash = number, row["hash"]
        self._meet_marks()
        self.checked += 1

    def _meet_marks(self) -> None:
        for mark in self.marks.get(self.sequence, ()):
            if mark.hash != self.hash:
                raise BrokenLinkError(
                    self.sequence,
                    f"event {self.sequence} has another hash than {mark.origin} says:"
                    " the chain up to it was written anew",
                )

    def _end_missing(self, last: int, origin: str = "") -> None:
        missing = self.sequence + 1
        events = f"event {missing} is" if missing == last else f"events {missing} to {last} are"
        known = f" ({origin} knows of it)" if origin else ""
        raise BrokenLinkError(missing, f"{events} missing: the end of the chain was cut off{known}")

    def _nothing_before(self) -> None:
        """No event stands before the first that is kept; events before the start of a later walk are not looked at."""
        kept = beginning().sequence
        stray = (
            AuditEvent.objects.filter(sequence__lte=kept)
            .order_by("sequence")
            .values_list("sequence", flat=True)
            .first()
        )
        if stray is not None:
            begins = "with 1" if kept == 0 else f"after event {kept}, until which all were removed"
            raise BrokenLinkError(stray, f"event {stray} was inserted: the chain begins {begins}")

    def _nothing_beyond(self) -> None:
        beyond = (
            AuditEvent.objects.filter(sequence__gt=self.sequence)
            .order_by("sequence")
            .values_list("sequence", flat=True)
            .first()
        )
        if beyond is None:
            return
        head = ChainHead.objects.filter(pk=1).values_list("sequence", flat=True).first()
        if head is not None and head >= beyond:
            return  # appended in the usual way while the walk was under way
        raise BrokenLinkError(beyond, f"event {beyond} was inserted behind the chain's head")


def rows(after: int, until: int) -> Iterator[dict[str, Any]]:
    """The rows numbered (after, until], in order, in batches so that no long-lived cursor is held open."""
    while after < until:
        batch = _batch(after, until)
        if not batch:
            return
        yield from batch
        after = batch[-1]["sequence"]


def _batch(after: int, until: int) -> list[dict[str, Any]]:
    found = AuditEvent.objects.filter(sequence__gt=after, sequence__lte=until).order_by("sequence")
    try:
        return list(found.values(*FIELDS, "hash")[:_BATCH])
    except (ValueError, TypeError, OperationalError):
        # Something stored is no text, JSON or time any more. Read one by one: give the whole ones, then name it.
        for number in found.values_list("sequence", flat=True)[:_BATCH]:
            one = AuditEvent.objects.filter(pk=number).values(*FIELDS, "hash")
            try:
                list(one)
            except (ValueError, TypeError, OperationalError) as error:
                if number == after + 1:
                    raise BrokenLinkError(number, f"event {number} was edited: it cannot be read ({error})") from error
                return list(found.filter(sequence__lt=number).values(*FIELDS, "hash"))
        raise


def _fits(row: dict[str, Any]) -> bool:
    """Whether an event's content gives its hash; content that cannot be hashed does not."""
    try:
        return link_hash(row) == row["hash"]
    except (AttributeError, TypeError, ValueError):
        return False
