"""The two sources that are this product itself, under names that no other source may have."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from integrations.readings.models import QuarantineEntry, Reading, Source

if TYPE_CHECKING:
    from integrations.readings.batch_report import BatchReport

DOOR = "door"
"""Source of what was written at our own FHIR door."""
TWIN = "twin"
"""Source of what the twins computed, kept as FHIR resources."""
OURS = frozenset({DOOR, TWIN})
AGAIN: "dict[str, Callable[[Reading, list[QuarantineEntry]], BatchReport]]" = {}
"""How payloads of this product's own doors are tried again, by the source's slug: they were not pulled."""


def source_of_ours(slug: str) -> Source:
    """The row of one of `OURS`."""
    return Source.objects.get_or_create(slug=slug, defaults={"address": ""})[0]
