"""Which rows of a resource count, once all of its versions are known: corrections supersede, errors are withdrawn.

The answer depends on the versions alone and never on the order in which they arrived.
"""

from collections.abc import Iterable
from uuid import UUID

from integrations.readings.models import Resource
from integrations.readings.versions import Version, Versions
from twins.records.courses import COVARIATE_CHANNELS
from twins.records.models import GivenDose, Order, RecordState, StoredSample
from twins.samples.channel import LEVELS

ROW_MODELS = (StoredSample, GivenDose, Order)
TWIN_CHANNELS = frozenset({*LEVELS, *COVARIATE_CHANNELS})
"""Channels that a twin's course is made of."""


DELETED = "deleted"
"""Status of the version by which a resource was deleted at our own door."""


def takes_back(resource_type: str, status: str) -> bool:
    """Whether a version with this status says that no version of the resource counts."""
    return status in ("entered-in-error", DELETED) or (resource_type == "Observation" and status == "cancelled")


def state_of(version: str, newest: Version, resource_type: str) -> RecordState:
    """State of the rows of `version`, where `newest` is the newest version of its resource.

    A newer version that waits in quarantine supersedes as well: its source has taken the older value back, and a value
    known to be replaced is not used.
    """
    if newest.accepted and takes_back(resource_type, newest.status):
        return RecordState.WITHDRAWN
    return RecordState.ACTIVE if newest.accepted and newest.version == version else RecordState.SUPERSEDED


def settle(keys: Iterable[str], versions: Versions) -> set[UUID]:
    """Bring `is_current` and the states of all rows of `keys` in line; returns the subjects whose course changes."""
    touched: set[UUID] = set()
    keys = set(keys)
    _overtake(keys, versions)
    for key in sorted(keys):
        current = versions.newest(key, accepted_only=True)
        newest = versions.newest(key)
        if current is None or newest is None:
            continue
        stored = Resource.objects.filter(source_key=key)
        stored.filter(is_current=True).exclude(version=current.version).update(is_current=False)
        stored.filter(is_current=False, version=current.version).update(is_current=True)
        resource_type = key.rsplit("/", 2)[-2]
        for model in ROW_MODELS:
            rows = model.objects.filter(source_key=key)
            for version in set(rows.values_list("source_version", flat=True)):
                state = state_of(version, newest, resource_type)
                changing = rows.filter(source_version=version).exclude(state=state)
                of_course = changing.filter(channel__in=TWIN_CHANNELS) if model is StoredSample else changing
                touched.update(of_course.values_list("subject_id", flat=True))
                changing.update(state=state)
    return touched


def _overtake(keys: set[str], versions: Versions) -> None:
    """Mark what waits in quarantine and was replaced since: nobody misses it any more."""
    for (key, version), entry in versions.entries.items():
        newest = versions.newest(key) if key in keys else None
        if newest is None or entry.is_newest == (newest.version == version):
            continue
        entry.is_newest = not entry.is_newest
        entry.save(update_fields=["is_newest"])
