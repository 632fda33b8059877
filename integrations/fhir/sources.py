"""The sources of stored resources, and how each one's references read here; looked up once for one answer."""

from integrations.fhir.resources.served import Indexed
from integrations.fhir.splice import Splicer
from integrations.readings.models import Resource, Source
from integrations.readings.ours import OURS

_MOST_KEPT = 10_000
STORED: dict[str, Indexed] = {}
"""The stored types that this server answers for, by name; each enters itself."""


class Sources:
    """Splicers by source."""

    def __init__(self) -> None:
        self._splicers: dict[str, Splicer] = {}
        self._said: dict[tuple[str, str], str] = {}

    def splicer(self, slug: str) -> Splicer:
        if slug not in self._splicers:
            self._splicers[slug] = Splicer(slug, _address(slug), frozenset(STORED), _type_of)
        return self._splicers[slug]

    def here(self, slug: str, reference: str) -> str:
        """A reference in a text of that source, as this server says it."""
        if slug in OURS:
            return reference
        said = self._said.get((slug, reference))
        if said is None:
            said = self.splicer(slug).reference(reference)
            if len(self._said) < _MOST_KEPT and not said.startswith("urn:"):  # its target may come yet
                self._said[slug, reference] = said
        return said


def _address(slug: str) -> str:
    return Source.objects.filter(slug=slug).values_list("address", flat=True).first() or ""


def _type_of(slug: str, identifier: str) -> str | None:
    """The type of what a Bundle of the source named ``urn:uuid:<identifier>``."""
    keys = [f"{slug}/{kind}/{identifier}" for kind in STORED]
    found = Resource.objects.filter(source_key__in=keys, is_current=True).values_list("resource_type", flat=True)
    return found.first()
