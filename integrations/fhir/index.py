"""The index of stored resources: what is written for each, and by which key it is found again."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection, transaction
from psycopg.errors import UniqueViolation

from integrations.fhir.elements import intervals, literal, texts, tokens
from integrations.fhir.models import Term
from integrations.fhir.parameters import Kind, Parameter, Target, fold
from integrations.fhir.resources.served import Indexed
from integrations.fhir.sources import STORED, Sources
from integrations.readings.models import Resource

_AT_ONCE = 20_000
_WORTH_A_COPY = 100
_COLUMNS = ("key", "updated", "resource_id", "subject", "low", "high")
_decode = msgspec.json.Decoder().decode
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
    sources = sources or Sources()
    rows: list[Row] = []
    for resource in resources:
        served = STORED.get(resource.resource_type)
        if served is not None and resource.text:
            rows.extend(_rows(served, resource, sources))
    for start in range(0, len(rows), _AT_ONCE):
        _write(rows[start : start + _AT_ONCE])
    return len(rows)


def _write(rows: Sequence[Row]) -> None:
    """All at once: by COPY where there are many, which took a tenth of the time; what is there already is left."""
    if connection.vendor != "postgresql":
        terms = (Term(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)
        Term.objects.bulk_create(terms, ignore_conflicts=True, batch_size=500)
        return
    if len(rows) >= _WORTH_A_COPY:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                _copy(cursor, rows)
            return
        except UniqueViolation:  # COPY cannot leave out what is there
            pass
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Term._meta.db_table} ({', '.join(_COLUMNS)})"  # noqa: S608 - names of ours
            " SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::uuid[], %s::timestamptz[],"
            " %s::timestamptz[]) ON CONFLICT DO NOTHING",
            columns,
        )


def _copy(cursor: Any, rows: Sequence[Row]) -> None:
    statement = f"COPY {Term._meta.db_table} ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
    with cursor.copy(statement) as copy:
        copy.set_types(["int8", "timestamptz", "int8", "uuid", "timestamptz", "timestamptz"])
        for row in rows:
            copy.write_row(row)


def _rows(served: Indexed, resource: Resource, sources: Sources) -> Iterator[Row]:
    try:
        data = _decode(resource.text)
    except msgspec.DecodeError:
        return
    if not isinstance(data, dict):
        return
    low = high = None
    if served.dated is not None:
        spans = [span for found in served.dated.values(data) for span in intervals(found)]
        if spans:
            low, high = min(span.low for span in spans), max(span.high for span in spans)
    slug = resource.source_key.split("/", 1)[0]
    keys = {key(served.name, "", "")}
    for parameter in served.indexed:
        keys.update(key(served.name, parameter.name, value) for value in _values(parameter, data, slug, sources))
    for one in keys:
        yield one, resource.last_updated, resource.pk, resource.subject_id, low, high


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
