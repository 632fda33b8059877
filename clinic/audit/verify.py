"""Is the audit chain whole, and as all checkpoints say? From its start, or on from the last verified checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from clinic.audit import progress
from clinic.audit.chain import GENESIS
from clinic.audit.signing import Keyring, keyring
from clinic.audit.statement import SignedCheckpoint
from clinic.audit.walk import START, BrokenLinkError, Mark, Walk
from clinic.audit.witnesses import agree, begin_at, follow_each_other, stored_checkpoints


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk found. `first_broken` is the sequence number of the first broken link, None where there is none.

    `checked` counts the events that were found whole; `sequence` and `hash` are the last of them: kept somewhere else,
    they prove later that the chain still contains what it contained then (`Anchor`). `began` is the event after which
    the walk began, `checkpoints` how many checkpoints of the database and `exported` how many from outside agreed.
    """

    ok: bool
    checked: int
    first_broken: int | None
    reason: str
    sequence: int = 0
    hash: str = GENESIS
    began: Mark = START
    checkpoints: int = 0
    exported: int = 0
    from_start: datetime | None = None
    """When the chain was last walked from its start; None where it never was, or the walk failed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event's number and hash, noted outside the database.

    Whoever can rewrite the whole database can also compute a whole new chain; only what was noted elsewhere shows that.
    """

    sequence: int
    hash: str


def verify(
    anchor: Anchor | None = None, *, exported: Sequence[SignedCheckpoint] = (), keys: Keyring | None = None
) -> Verification:
    """Check everything: each event's own hash, its number, its tie to the one before, the end, and what was signed.

    `exported` are checkpoints from outside the database; `keys` are those that signatures are checked with, by default
    this site's own. Nothing that an earlier run kept is used. Events appended meanwhile do no harm.
    """
    return _verify(anchor, exported, keys or keyring(), onwards=False)


def verify_onwards(
    anchor: Anchor | None = None, *, exported: Sequence[SignedCheckpoint] = (), keys: Keyring | None = None
) -> Verification:
    """The same from the last verified checkpoint on, if a signed note of it is there; else from the start.

    It finds what was done to later events, to checkpoints and to stubs. What was done to an earlier event only
    `verify` finds.
    """
    return _verify(anchor, exported, keys or keyring(), onwards=True)


def _verify(
    anchor: Anchor | None, exported: Sequence[SignedCheckpoint], keys: Keyring, *, onwards: bool
) -> Verification:
    now = timezone.now()
    walk = Walk(START)
    stored: list[SignedCheckpoint] = []
    try:
        first = begin_at(keys)
        stored = stored_checkpoints()
        follow_each_other(stored, keys, "the database", complete=True)
        follow_each_other(exported, keys, "the exported checkpoints", complete=False)
        agree(stored, exported)
        known = progress.known(stored, keys) if onwards else None
        begin = known.mark if known is not None and known.mark.sequence > first.sequence else first
        marks = [Mark(item.sequence, item.head, f"checkpoint {item.number}") for item in (*stored, *exported)]
        if anchor is not None:
            marks.append(Mark(anchor.sequence, anchor.hash, "what was noted"))
        walk = Walk(begin, marks)
        walk.to_the_end()
    except BrokenLinkError as broken:
        return Verification(False, walk.checked, broken.sequence, broken.reason, walk.sequence, walk.hash, walk.start)
    whole = known is None or begin == first
    return Verification(
        True,
        walk.checked,
        None,
        "the chain is whole",
        walk.sequence,
        walk.hash,
        begin,
        len(stored),
        len(exported),
        now if whole else known.from_start,
    )
