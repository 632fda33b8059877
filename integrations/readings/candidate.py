"""A resource of a payload that has a name."""

from typing import Any

from integrations.readings.door import decode
from integrations.readings.identity import Identity
from integrations.readings.plain import Plain
from integrations.readings.split import Entry


class Candidate:
    """Its entry and its name; `plain` is what it says, where that could be read without decoding."""

    __slots__ = ("_data", "entry", "identity", "plain")

    def __init__(
        self, entry: Entry, identity: Identity, *, data: dict[str, Any] | None = None, plain: Plain | None = None
    ) -> None:
        self.entry = entry
        self.identity = identity
        self.plain = plain
        self._data = data

    @property
    def data(self) -> dict[str, Any]:
        if self._data is None:
            self._data = decode(self.entry.text)
        return self._data
