"""The two sources that are this product itself, under names that no other source may have."""

from integrations.readings.models import Source

DOOR = "door"
"""Source of what was written at our own FHIR door."""
TWIN = "twin"
"""Source of what the twins computed, kept as FHIR resources."""
OURS = frozenset({DOOR, TWIN})


def source_of_ours(slug: str) -> Source:
    """The row of one of `OURS`."""
    return Source.objects.get_or_create(slug=slug, defaults={"address": ""})[0]
