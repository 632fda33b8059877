"""All versions of the resources of one batch, and which of them is in force."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from integrations.readings.bulk import among
from integrations.readings.door import decode
from integrations.readings.identity import identify, is_later
from integrations.readings.models import QuarantineEntry, QuarantineState, Resource
from integrations.readings.refusal import Refused


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one resource; `accepted` unless it waits in quarantine."""

    version: str
    updated: datetime
    status: str
    sha256: str
    accepted: bool

    def replaces(self, other: "Version") -> bool:
        return is_later(self.version, self.updated, self.status, other.version, other.updated, other.status)


class Versions:
    """The versions by source key: those stored, those waiting in quarantine, and those that join as a batch is read."""

    def __init__(self, keys: Iterable[str]) -> None:
        keys = set(keys)
        self._all: dict[str, dict[str, Version]] = defaultdict(dict)
        stored = Resource.objects.filter(among(keys)).values_list(
            "source_key", "version", "last_updated", "status", "sha256"
        )
        for key, version, updated, status, sha256 in stored:
            self._all[key][version] = Version(version, updated, status, sha256, accepted=True)
        self.entries: dict[tuple[str, str], QuarantineEntry] = {}
        waiting = QuarantineEntry.objects.filter(among(keys)).select_related("reading")
        for entry in waiting.defer("reading__content"):
            self.entries[entry.source_key, entry.version] = entry
            if entry.state == QuarantineState.WAITING:
                self.add(entry.source_key, _waiting_version(entry))

    def accepted(self, key: str, version: str) -> Version | None:
        """The version, if it was accepted before."""
        found = self._all[key].get(version)
        return found if found and found.accepted else None

    def add(self, key: str, version: Version) -> None:
        """Make a version known; one that was accepted is not displaced by one that was not."""
        known = self._all[key].get(version.version)
        if known is None or version.accepted or not known.accepted:
            self._all[key][version.version] = version

    def any(self, key: str) -> bool:
        return key in self._all and bool(self._all[key])

    def several(self, key: str) -> bool:
        return len(self._all[key]) > 1

    def newest(self, key: str, *, accepted_only: bool = False) -> Version | None:
        """The version that replaces all others; with `accepted_only`, of those accepted."""
        newest: Version | None = None
        for version in self._all[key].values():
            if (version.accepted or not accepted_only) and (newest is None or version.replaces(newest)):
                newest = version
        return newest


def _waiting_version(entry: QuarantineEntry) -> Version:
    updated, status, sha256 = entry.reading.received_time, "", ""
    try:
        identity = identify(decode(entry.text), entry.text, "")
    except Refused:  # it was refused once for this, which its entry says
        pass
    else:
        updated, status, sha256 = identity.last_updated or updated, identity.status, identity.sha256
    return Version(entry.version, updated, status, sha256, accepted=False)
