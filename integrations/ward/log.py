"""Everything that the ward ever writes down, in order of the time it becomes known."""

import bisect
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from integrations.ward.medications import medications
from integrations.ward.observations import observations
from integrations.ward.patients import WardPatient
from integrations.ward.resources import Version, chart, devices

TYPES = (
    "Patient",
    "Device",
    "Encounter",
    "Condition",
    "Observation",
    "MedicationRequest",
    "MedicationAdministration",
)


def base_versions(patients: tuple[WardPatient, ...], seed: int) -> tuple[Version, ...]:
    """Every version of every resource of the undisturbed ward."""
    found = [*devices(patients)]
    for patient in patients:
        found += [*chart(patient), *medications(patient), *observations(patient, seed)]
    return tuple(found)


class WardLog:
    """The versions by type, stably ordered by (lastUpdated, id, version); read-only once made."""

    def __init__(self, versions: Iterable[Version]) -> None:
        by_type: dict[str, list[Version]] = defaultdict(list)
        for version in versions:
            by_type[version.type].append(version)
        self._versions = {
            kind: sorted(found, key=lambda v: (v.updated, v.id, v.number)) for kind, found in by_type.items()
        }
        self._times = {kind: [v.updated for v in found] for kind, found in self._versions.items()}
        self._current: dict[str, tuple[int, list[Version]]] = {}

    def history(self, kind: str, now: datetime, identifier: str | None = None) -> list[Version]:
        """Every version known by `now`, oldest first; of one resource if `identifier` is given."""
        known = self._versions.get(kind, [])[: self._count(kind, now)]
        return [v for v in known if identifier is None or v.id == identifier]

    def current(self, kind: str, now: datetime) -> list[Version]:
        """The last version of each resource known by `now`, ordered by (lastUpdated, id)."""
        count = self._count(kind, now)
        cached = self._current.get(kind)
        if cached is not None and cached[0] == count:
            return cached[1]
        last: dict[str, Version] = {}
        for version in self._versions.get(kind, [])[:count]:
            earlier = last.get(version.id)
            if earlier is None or version.number > earlier.number:
                last[version.id] = version
        found = sorted(last.values(), key=lambda v: (v.updated, v.id))
        self._current[kind] = (count, found)
        return found

    def _count(self, kind: str, now: datetime) -> int:
        return bisect.bisect_right(self._times.get(kind, []), now)
