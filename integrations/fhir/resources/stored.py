"""Resources that sources sent, served digit for digit as they were received."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q, QuerySet

from clinic.patients.models import Patient
from integrations.fhir.identity import FHIR_ID, server_id, source_key, source_keys
from integrations.fhir.interval import EVER
from integrations.fhir.parameters import Criterion, Kind, Parameter
from integrations.fhir.resources.served import Served
from integrations.fhir.splice import Splicer
from integrations.readings.models import Resource, Source

_BATCH = 200
_FIELDS = ("pk", "source_key", "version", "last_updated", "text", "subject_id")
_DATES = ("date", "effective-time")
_PLAIN = re.compile(r"[A-Za-z0-9 ._-]+", re.ASCII)
"""Codes that JSON writes in one way only."""
_decode = msgspec.json.Decoder().decode


class StoredType:
    """A type whose resources are rows of `Resource`."""

    versions = True
    writes = frozenset({"create", "update", "patch", "delete"})

    def __init__(self, name: str, parameters: tuple[Parameter, ...]) -> None:
        self.name = name
        self.parameters = parameters
        served_types.add(name)

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        key = source_key(self.name, identifier)
        if key is None or not (version is None or FHIR_ID.fullmatch(version)):
            return None
        rows = Resource.objects.filter(source_key=key, resource_type=self.name)
        rows = rows.filter(is_current=True) if version is None else rows.filter(version=version)
        row = rows.values(*_FIELDS).first()
        return self._served(row, {}) if row else None

    def end(self) -> None:
        """Reading stores nothing here, so a search needs no end."""

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        newest_first: bool,
        after: tuple[str | int, ...] | None,
        until: tuple[str | int, ...] | None,  # noqa: ARG002 - see `end`
    ) -> Iterator[Served]:
        rows = Resource.objects.filter(self._narrow(criteria), resource_type=self.name, is_current=True, deleted=False)
        order = ("-last_updated", "-pk") if newest_first else ("last_updated", "pk")
        splicers: dict[str, Splicer] = {}
        compared = [criterion for criterion in criteria if criterion.parameter.values]
        while True:
            batch = list(_beyond(rows, after, newest_first).order_by(*order).values(*_FIELDS)[:_BATCH])
            for row in batch:
                resource = _decode(row["text"]) if compared else {}
                if all(criterion.answered_by(resource) for criterion in compared):
                    yield self._served(row, splicers)
            if len(batch) < _BATCH:
                return
            after = _key(batch[-1])

    def _narrow(self, criteria: tuple[Criterion, ...]) -> Q:
        """What the database can rule out by its indexes; the resource itself then decides (`Criterion.answered_by`)."""
        narrow = Q()
        asked = (value.code for one in criteria if one.parameter.name == "_id" for value in one.alternatives)
        named = source_keys(self.name, (code for code in asked if code))
        people = patients_named(criteria)
        for criterion in criteria:
            name, values = criterion.parameter.name, criterion.alternatives
            if name == "_id":
                narrow &= Q(source_key__in=[named[value.code] for value in values if value.code in named])
            elif name == "_lastUpdated":
                narrow &= updated(values)
            elif name == "status" and all(value.code for value in values):
                narrow &= Q(status__in=[value.code for value in values])
            elif criterion.parameter.kind is Kind.REFERENCE:
                keys = [people[value] for value in values if value in people]
                narrow &= Q(subject__in=Patient.objects.filter(source_key__in=keys).values("subject"))
            elif name == "code":
                narrow &= _any(_by_code(value.system, value.code) for value in values)
            elif name in _DATES:
                narrow &= _any(_by_time(value.prefix, value.time.low, value.time.high) for value in values)
        return narrow

    def _served(self, row: dict[str, Any], splicers: dict[str, Splicer]) -> Served:
        slug = row["source_key"].split("/", 1)[0]
        if slug not in splicers:
            splicers[slug] = Splicer(slug, _address(slug), frozenset(served_types), _type_of)
        identifier = server_id(row["source_key"])
        body = splicers[slug].resource(row["text"], identifier, row["version"], row["last_updated"])
        subject = str(row["subject_id"] or "")
        return Served(self.name, identifier, row["version"], row["last_updated"], body, _key(row), subject)


served_types: set[str] = set()
"""The stored types that this server answers for."""


def patients_named(criteria: tuple[Criterion, ...]) -> dict[str, str]:
    """Id here to source key, for the Patients that any criterion refers to."""
    references = (criterion.alternatives for criterion in criteria if criterion.parameter.kind is Kind.REFERENCE)
    return source_keys("Patient", (identifier for alternatives in references for identifier in alternatives))


def updated(values: tuple[Any, ...], field: str = "last_updated") -> Q:
    """``_lastUpdated``: an instant of ours, so the database decides alone."""
    return _any(_instant(field, value.prefix, value.time.low, value.time.high) for value in values)


def _instant(field: str, prefix: str, low: datetime, high: datetime) -> Q:
    within = Q(**{f"{field}__gte": low, f"{field}__lt": high})
    match prefix:
        case "eq":
            return within
        case "ne":
            return ~within
        case "gt" | "sa":
            return Q(**{f"{field}__gte": high})
        case "ge":
            return Q(**{f"{field}__gte": low})
        case "lt" | "eb":
            return Q(**{f"{field}__lt": low})
        case _:
            return Q(**{f"{field}__lt": high})


def _by_time(prefix: str, low: datetime, high: datetime) -> Q:
    """Rows that may answer: `event_time` is when a thing began, which for a period says little about its end."""
    unknown = Q(event_time__isnull=True) | Q(text__contains='Period"')
    if prefix == "ne" or high == EVER:
        return Q()
    if prefix in ("lt", "le", "eb"):
        return unknown | Q(event_time__lt=high)
    if prefix in ("gt", "ge", "sa"):
        return unknown | Q(event_time__gte=low)
    return unknown | Q(event_time__gte=low, event_time__lt=high)


def _by_code(system: str | None, code: str | None) -> Q:
    """The first coding by its index, any other by looking for its text."""
    if code is None or not _PLAIN.fullmatch(code):
        return Q()
    first = Q(code__endswith=f"|{code}") if system is None else Q(code=f"{system}|{code}")
    return first | Q(text__contains=f'"{code}"')


def _any(conditions: Iterator[Q]) -> Q:
    joined: Q | None = None
    for condition in conditions:
        if not condition:  # a condition that rules nothing out
            return Q()
        joined = condition if joined is None else joined | condition
    return joined if joined is not None else Q(pk__in=[])


def _beyond(rows: QuerySet[Resource], after: tuple[str | int, ...] | None, newest_first: bool) -> QuerySet[Resource]:
    if after is None:
        return rows
    moment, number = datetime.fromisoformat(str(after[0])), int(after[1])
    if newest_first:
        return rows.filter(Q(last_updated__lt=moment) | Q(last_updated=moment, pk__lt=number))
    return rows.filter(Q(last_updated__gt=moment) | Q(last_updated=moment, pk__gt=number))


def _key(row: dict[str, Any]) -> tuple[str, int]:
    return row["last_updated"].isoformat(), row["pk"]


def _address(slug: str) -> str:
    return Source.objects.filter(slug=slug).values_list("address", flat=True).first() or ""


def _type_of(slug: str, identifier: str) -> str | None:
    """The type of what a Bundle of the source named ``urn:uuid:<identifier>``."""
    return (
        Resource.objects.filter(resource_id=identifier, source_key__startswith=f"{slug}/", is_current=True)
        .values_list("resource_type", flat=True)
        .first()
    )
