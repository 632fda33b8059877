"""A signed checkpoint as it stands outside the database: what it states, its hash, and one line of JSON."""

import json
import re
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from clinic.audit.chain import instant
from clinic.audit.models import Checkpoint
from clinic.audit.signing import Keyring, digest

BEFORE_THE_FIRST = "0" * 64
"""What the first checkpoint, and the first stub, names as the hash before it."""

_KIND = "patient twin: audit checkpoint"
_HEX = re.compile(r"[0-9a-f]{64}")


class CheckpointLineError(ValueError):
    """A line that is no checkpoint; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """The chain's head at one moment, and who says so. `time` is ISO 8601 in UTC to the µs."""

    number: int
    sequence: int
    head: str
    time: str
    key: str
    previous: str
    signature: str

    @classmethod
    def of(cls, row: Checkpoint) -> "SignedCheckpoint":
        return cls(row.number, row.sequence, row.head, instant(row.taken), row.key, row.previous, row.signature)

    @classmethod
    def from_line(cls, line: str) -> "SignedCheckpoint":
        """Read what `line` wrote.

        Raises
        ------
        CheckpointLineError
            A field is missing, of another type, or too much.
        """
        try:
            content = json.loads(line)
        except ValueError as error:
            raise CheckpointLineError("it is not JSON") from error
        if not isinstance(content, dict) or content.pop("kind", None) != _KIND:
            raise CheckpointLineError("it is no checkpoint of an audit chain")
        wanted = {field.name: field.type for field in fields(cls)}
        if set(content) != set(wanted):
            raise CheckpointLineError(f"its fields are not {', '.join(wanted)}")
        for name, kind in wanted.items():
            if type(content[name]) is not kind:
                raise CheckpointLineError(f"its {name} is {content[name]!r}")
        if content["number"] < 1 or content["sequence"] < 1 or not _HEX.fullmatch(content["head"]):
            raise CheckpointLineError("its numbers do not begin with 1, or its head is no hash")
        return cls(**content)

    def statement(self) -> dict[str, Any]:
        """All that is signed."""
        content = asdict(self)
        del content["signature"]
        return {"kind": _KIND, **content}

    @property
    def hash(self) -> str:
        """SHA-256 of the statement, which the next checkpoint names."""
        return digest(self.statement())

    def line(self) -> str:
        """One line of JSON, without the line's end."""
        return json.dumps({**self.statement(), "signature": self.signature}, separators=(",", ":"))

    def fault(self, keys: Keyring) -> str:
        """What is wrong with its signature; empty where it is right."""
        return keys.fault(self.statement(), self.key, self.signature)

    def taken(self) -> datetime:
        return datetime.fromisoformat(self.time).astimezone(UTC)
