"""The index of stored resources: what is written for each, and by which key it is found again."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction

from integrations.fhir.elements import At, intervals, literal, texts, tokens
from integrations.fhir.identity import source_keys
from integrations.fhir.models import Term
from integrations.fhir.parameters import Kind, Parameter, Target, fold
from integrations.fhir.resources.served import Indexed
from integrations.fhir.sources import STORED, Sources
from integrations.readings.bulk import copy_in
from integrations.readings.models import Resource

_AT_ONCE = 20_000
_WORTH_A_COPY = 100
_COLUMNS = ("key", "updated", "resource_id", "subject", "low", "high")
_TYPES = ("int8", "timestamptz", "int8", "uuid", "timestamptz", "timestamptz")
_MOST_KNOWN = 50_000
_decode = msgspec.json.Decoder().decode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
Row = tuple[int, datetime, int, Any, datetime | None, datetime | None]


@lru_cache(maxsize=65536)
def key(resource_type: str, name: str, value: str) -> int:
    """63 bits of a digest: that two values share them is not seen in the life of a hospital, and does no harm."""
    digest = hashlib.blake2b(f"{resource_type}|{name}|{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def initials(text: str) -> str | None:
    """What a string is looked up by: its first three letters; a shorter one narrows nothing."""
    folded = fold(text)[:3]
    return folded if len(folded) == 3 else None


def store(resources: Sequence[Resource], sources: Sources | None = None) -> int:
    """Write the terms of resources that have rows; those that are there already are left. Returns how many."""
    terms = _Terms(sources or Sources())
    rows: list[Row] = []
    several: list[tuple[Indexed, Resource, set[str]]] = []
    for resource in resources:
        served = STORED.get(resource.resource_type)
        if served is not None and resource.text:
            rows.extend(terms.of(served, resource))
            if (named := terms.named(served, resource)) and len(named) > 1:
                several.append((served, resource, named))
    rows.extend(_of_others(several))
    for start in range(0, len(rows), _AT_ONCE):
        _write(rows[start : start + _AT_ONCE])
    return len(rows)


def _of_others(several: Sequence[tuple[Indexed, Resource, set[str]]]) -> Iterator[Row]:
    """Terms of what is about several patients, by those whose row it is not."""
    subjects = subjects_of({name for _, _, named in several for name in named}) if several else {}
    for served, resource, named in several:
        others = {subjects[name] for name in named if name in subjects} - {resource.subject_id}
        for subject in others:
            yield about(served, subject), resource.last_updated, resource.pk, resource.subject_id, None, None


def about(served: Indexed, subject: Any) -> int:
    """The key of what is about a patient besides the one whose it is."""
    return key(served.name, "", f"about {subject}")


def subjects_of(names: Iterable[str]) -> dict[str, Any]:
    """Whose the resources ``Type/id`` of this server are, of those that are somebody's."""
    ids: dict[str, set[str]] = {}
    for name in names:
        kind, _, identifier = name.partition("/")
        if kind in STORED and identifier and "/" not in identifier:
            ids.setdefault(kind, set()).add(identifier)
    keys = {f"{kind}/{one}": found for kind in ids for one, found in source_keys(kind, ids[kind]).items()}
    stored = Resource.objects.filter(source_key__in=set(keys.values()), is_current=True, subject__isnull=False)
    whose = dict(stored.values_list("source_key", "subject_id"))
    return {name: whose[found] for name, found in keys.items() if found in whose}


def _write(rows: Sequence[Row]) -> None:
    """All at once: by COPY where there are many, which took a tenth of the time; what is there already is left."""
    if connection.vendor != "postgresql":
        terms = (Term(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)
        Term.objects.bulk_create(terms, ignore_conflicts=True, batch_size=500)
        return
    if len(rows) >= _WORTH_A_COPY:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                copy_in(cursor, Term._meta.db_table, _COLUMNS, _TYPES, rows)
            return
        except IntegrityError:  # COPY cannot leave out what is there
            pass
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Term._meta.db_table} ({', '.join(_COLUMNS)})"  # noqa: S608 - names of ours
            " SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::uuid[], %s::timestamptz[],"
            " %s::timestamptz[]) ON CONFLICT DO NOTHING",
            columns,
        )


class _Terms:
    """The terms of many resources: what an element gives is remembered by its bytes, for the same come again."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[tuple[str, str, str, bytes], tuple[int, ...]] = {}

    def of(self, served: Indexed, resource: Resource) -> Iterator[Row]:
        try:
            members = _members_of(resource.text)
        except msgspec.MsgspecError:
            return
        low, high = _span(served, members)
        slug = resource.source_key.split("/", 1)[0]
        keys = {key(served.name, "", "")}
        indexed = _by_member(served)
        for member, element in members.items():
            if member in indexed:
                keys.update(self._keys(served, slug, member, bytes(element)))
        for one in keys:
            yield one, resource.last_updated, resource.pk, resource.subject_id, low, high

    def named(self, served: Indexed, resource: Resource) -> set[str]:
        """The resources that say whose it is, where the type leaves that to others."""
        found: set[str] = set()
        slug = resource.source_key.split("/", 1)[0]
        for parameter in _by_subject(served):
            for element in parameter.values(_decode(resource.text)) if parameter.values else ():
                text = literal(element)
                if text and not text.startswith("#"):
                    found.add(self._sources.here(slug, text).split("/_history/")[0])
        return found

    def _keys(self, served: Indexed, slug: str, member: str, element: bytes) -> tuple[int, ...]:
        place = served.name, slug, member, element
        known = self._known.get(place)
        if known is None:
            data = {member: _decode(element)}
            known = tuple(
                key(served.name, parameter.name, value)
                for parameter in _by_member(served)[member]
                for value in _values(parameter, data, slug, self._sources)
            )
            if len(self._known) < _MOST_KNOWN:
                self._known[place] = known
        return known


@lru_cache(maxsize=64)
def _by_member(served: Indexed) -> dict[str, list[Parameter]]:
    """The indexed parameters that each member of a resource has values for."""
    found: dict[str, list[Parameter]] = {}
    for parameter in served.indexed:
        if not isinstance(parameter.values, At):
            raise TypeError(f"{served.name}?{parameter.name} is indexed, but not picked by `at`; give its paths")
        for member in parameter.values.members:
            found.setdefault(member, []).append(parameter)
    return found


@lru_cache(maxsize=64)
def _by_subject(served: Indexed) -> tuple[Parameter, ...]:
    return tuple(one for one in served.parameters if one.by_subject)


def _span(served: Indexed, members: dict[str, msgspec.Raw]) -> tuple[datetime | None, datetime | None]:
    """When what a resource tells began and ended, by the date of its type."""
    if served.dated is None or not isinstance(served.dated.values, At):
        return None, None
    data = {name: _decode(members[name]) for name in served.dated.values.members & members.keys()}
    spans = [span for found in served.dated.values(data) for span in intervals(found)]
    return (min(span.low for span in spans), max(span.high for span in spans)) if spans else (None, None)


def _values(parameter: Parameter, data: dict[str, Any], slug: str, sources: Sources) -> Iterator[str]:
    for found in parameter.values(data) if parameter.values else ():
        match parameter.kind:
            case Kind.TOKEN:
                yield from (one.code for one in tokens(found) if one.code)
            case Kind.STRING:
                yield from (start for text in texts(found) if (start := initials(text)))
            case _:
                yield from _addresses(parameter, found, slug, sources)


def _addresses(parameter: Parameter, found: Any, slug: str, sources: Sources) -> Iterator[str]:
    """The reference as this server says it; one that a Bundle named and that is not here yet, by what it can become."""
    text = literal(found)
    if text is None or text.startswith("#"):
        return
    said = sources.here(slug, text).split("/_history/")[0]
    if parameter.whose and said.startswith("Patient/"):
        return
    yield said
    if said.startswith("urn:uuid:"):
        for target in parameter.targets:
            yield sources.here(slug, f"{target}/{said.removeprefix('urn:uuid:')}")


def keys_of(served: Indexed, parameter: Parameter, values: Iterable[Any]) -> frozenset[int] | None:
    """The keys under which all that can answer one of the values are found; None where the index cannot tell."""
    names = parameter.under or ((parameter.name,) if parameter.indexed else ())
    if not names:
        return None
    found: set[str] = set()
    for value in values:
        match parameter.kind:
            case Kind.TOKEN if value.code:
                found.add(value.code)
            case Kind.STRING if start := initials(value):
                found.add(start)
            case Kind.REFERENCE:
                found.update(_named(parameter, value))
            case _:
                return None
    return frozenset(key(served.name, name, value) for name in names for value in found)


def _named(parameter: Parameter, target: Target) -> Iterator[str]:
    if target.address:
        yield target.address
    else:
        kinds = (target.resource_type,) if target.resource_type else parameter.targets or tuple(STORED)
        yield from (f"{kind}/{target.id}" for kind in kinds)


def everything(served: Indexed) -> int:
    """The key of all resources of a type."""
    return key(served.name, "", "")
