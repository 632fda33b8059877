"""The resources that tell of what happened, as they are named here now."""

from typing import Any

from integrations.fhir.identity import server_id
from integrations.readings.models import Resource
from integrations.readings.ours import TWIN
from twins.records.models import TwinVersion

A_TWIN = "TwinVersion"
"""In `Event.about`, instead of a type: the estimates of that twin version, however many were published."""


def published(about: list[Any]) -> list[list[str]]:
    """Pairs of type and id; estimates are found when they are told, since they may be published after the event."""
    found: list[list[str]] = []
    for resource_type, identifier in about:
        found += _estimates(identifier) if resource_type == A_TWIN else [[resource_type, identifier]]
    return found


def _estimates(key: str) -> list[list[str]]:
    """The Observations that bear the twin version as their identifier."""
    version = TwinVersion.objects.only("subject", "data_until").filter(pk=key).first()
    if version is None:
        return []
    rows = Resource.objects.filter(
        resource_type="Observation",
        subject=version.subject_id,
        event_time=version.data_until,
        source_key__startswith=f"{TWIN}/",
        text__contains=f'"{version.pk}"',
    )
    keys = rows.order_by("source_key").values_list("source_key", flat=True).distinct()
    return [["Observation", server_id(key)] for key in keys]
