"""The exact versions of the resources that a course was made from.

A course names its sources as they are called there (``Observation/123``); which source that was, and which version was
in force, the rows of the subject say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.fhir.identity import server_id
from integrations.readings.models import Resource, Source
from integrations.readings.ours import TWIN
from twins.records.models import GivenDose, Order, RecordState, StoredSample, Subject
from twins.samples.course import Course

_ROWS: dict[str, Any] = {
    "Observation": StoredSample,
    "MedicationAdministration": GivenDose,
    "MedicationRequest": Order,
}
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Basis:
    """References with versions, by the name in the course."""

    named: Mapping[str, str]

    @classmethod
    def of(cls, subject: Subject, course: Course, slug: str, *, until: datetime | None = None) -> "Basis":
        """Look up every source of the course.

        Parameters
        ----------
        slug
            Of the patient's own source, which is meant where nothing else is known.
        until
            What was received by then; by default what is in use now.
        """
        names = sources(course)
        slugs = dict.fromkeys([slug, *Source.objects.exclude(slug=TWIN).values_list("slug", flat=True)])
        found: dict[str, str] = {}
        for kind, model in _ROWS.items():
            wanted = [name for name in names if name.startswith(f"{kind}/")]
            rows = model.objects.filter(subject=subject)
            rows = rows.filter(state=RecordState.ACTIVE) if until is None else rows.filter(received_time__lte=until)
            found |= _versions(rows.order_by("received_time", "pk"), "source_version", wanted, slugs)
        rest = [name for name in names if name not in found]
        rows = Resource.objects.filter(deleted=False)
        rows = rows.filter(is_current=True) if until is None else rows.filter(last_updated__lte=until)
        found |= _versions(rows.order_by("last_updated", "pk"), "version", rest, slugs)
        return cls({name: found.get(name) or _plain(name, slug) for name in names})

    def of_levels(self, course: Course) -> list[dict[str, str]]:
        """Observations that an estimate was derived from: levels and chart values."""
        names = [*(level.source for level in course.levels), *(value.source for value in course.covariates)]
        return self.references(name for name in names if name.startswith("Observation/"))

    def of_forecast(self, course: Course) -> list[dict[str, str]]:
        """Levels, chart values, doses and orders: all that a forecast stands on."""
        return self.references(sources(course))

    def references(self, names: Iterable[str]) -> list[dict[str, str]]:
        """Each once, in the order given."""
        return [{"reference": text} for text in dict.fromkeys(self.named[name] for name in names if name in self.named)]


def sources(course: Course) -> list[str]:
    """The names of resources in a course, each once."""
    items = (*course.levels, *course.covariates, *course.doses, *course.orders)
    return list(dict.fromkeys(item.source for item in items if _is_name(item.source)))


def _is_name(source: str) -> bool:
    kind, slash, identifier = source.partition("/")
    return bool(slash and kind.isalpha() and identifier and "/" not in identifier)


def _plain(name: str, slug: str) -> str:
    """Without a version: what the reader of the course may still find, if it was not deleted there."""
    return f"{name.split('/')[0]}/{server_id(f'{slug}/{name}')}"


def _versions(rows: Any, version: str, names: list[str], slugs: Iterable[str]) -> dict[str, str]:
    """The last row of each name; that of the first slug goes before others of the same name."""
    if not names:
        return {}
    order = list(slugs)
    keys = {f"{slug}/{name}": name for slug in reversed(order) for name in names}
    stored: dict[str, str] = {}
    listed = list(keys)
    for start in range(0, len(listed), _AT_ONCE):
        part = listed[start : start + _AT_ONCE]
        stored |= dict(rows.filter(source_key__in=part).values_list("source_key", version))
    return {
        keys[key]: f"{keys[key].split('/')[0]}/{server_id(key)}/_history/{stored[key]}" for key in keys if key in stored
    }
