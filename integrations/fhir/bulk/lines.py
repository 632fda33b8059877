"""The lines of one part: each resource as it is read at the door, in one line."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from clinic.audit.event import Actor
from integrations.fhir.authentication import Caller
from integrations.fhir.bulk import filters
from integrations.fhir.bulk.exported import reaches_of
from integrations.fhir.bulk.models import Export, ExportPart, Level
from integrations.fhir.bulk.rows import Row, batches
from integrations.fhir.identity import server_id
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Order, Served
from integrations.fhir.shape import Shape
from integrations.fhir.sources import STORED, Sources

_DELETIONS_IN_BUNDLE = 500
_COMPUTED_AT_ONCE = 100
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode


def caller_of(export: Export) -> Caller:
    """Who asked, as far as the token reached: the scope that it had."""
    return Caller(Actor(export.actor), export.scope, client_id=export.client_id)


def lines(export: Export, part: ExportPart) -> Iterator[list[bytes]]:
    """The part's lines, some at a time; an empty list says that it goes on.

    Raises
    ------
    Refusal
        Where the scope of the export does not cover the type.
    """
    reaches = reaches_of(caller_of(export), part.resource_type)
    permitted = filters.permitted(TYPES[part.resource_type], reaches)
    if permitted is None:
        return
    queries = [
        filters.read(text, base=export.base, reach=reaches[0])
        for text in export.filters
        if text.partition("?")[0] == part.resource_type
    ]
    if part.resource_type not in STORED:
        found = _computed(export, part, reaches, queries)
    elif part.deletions:
        # A version that says that a resource is deleted answers no query, so a narrowed scope does not hear of it.
        found = iter(()) if permitted else _deletions(export, part, reaches)
    else:
        found = _resources(export, part, reaches, [*permitted, *([queries] if queries else [])])
    shape = Shape(elements=tuple(export.elements))
    for some in found:
        shaped = some
        if export.elements and not part.deletions:
            shaped = [shape.of(part.resource_type, one) for one in some]
        yield [in_one_line(one) for one in shaped]


def in_one_line(body: bytes) -> bytes:
    """The JSON without line ends, which may stand between its tokens and nowhere else."""
    if b"\n" in body or b"\r" in body:
        return body.replace(b"\r", b" ").replace(b"\n", b" ")
    return body


def _resources(
    export: Export, part: ExportPart, reaches: Sequence[Any], groups: Sequence[Any]
) -> Iterator[list[bytes]]:
    sources = Sources()
    for batch in batches(export, part, reaches):
        bodies = []
        for row in batch:
            _, key, version, updated, text, _ = row
            identifier = server_id(key)
            if groups and not _answers(row, groups, sources, identifier):
                continue
            slug = key.split("/", 1)[0]
            bodies.append(sources.splicer(slug).resource(text, identifier, version, updated))
        yield bodies


def _answers(row: Row, groups: Sequence[Any], sources: Sources, identifier: str) -> bool:
    slug = row[1].split("/", 1)[0]
    return filters.answers(groups, _decode(row[4]), lambda said: sources.here(slug, said), identifier, row[3])


def _deletions(export: Export, part: ExportPart, reaches: Sequence[Any]) -> Iterator[list[bytes]]:
    """Bundles that a client can apply as transactions."""
    for batch in batches(export, part, reaches):
        entries = [
            {"request": {"method": "DELETE", "url": f"{part.resource_type}/{server_id(row[1])}"}} for row in batch
        ]
        yield [
            _encode(
                {
                    "resourceType": "Bundle",
                    "type": "transaction",
                    "entry": entries[start : start + _DELETIONS_IN_BUNDLE],
                }
            )
            for start in range(0, len(entries), _DELETIONS_IN_BUNDLE)
        ]


def _computed(
    export: Export, part: ExportPart, reaches: Sequence[Any], queries: Sequence[filters.Query]
) -> Iterator[list[bytes]]:
    """Of a type that is made when it is asked for and never changed."""
    served = TYPES[part.resource_type]
    allowed = [{one.id for one in served.walk((), order=Order(), reach=reach)} for reach in reaches[1:]]
    theirs = {str(key) for key in export.members.values_list("subject", flat=True)}
    seen: set[str] = set()
    some: list[bytes] = []

    def is_in(one: Served) -> bool:
        return (
            one.last_updated <= export.transaction_time
            and (export.since is None or one.last_updated >= export.since)
            and (export.level == Level.SYSTEM or bool(one.subject_key))
            and (not export.only_members or one.subject_key in theirs)
            and all(one.id in ids for ids in allowed)
        )

    for query in queries or [()]:
        for one in served.walk(query, order=Order(), reach=reaches[0]):
            if one.id not in seen and is_in(one):
                seen.add(one.id)
                some.append(one.body)
            if len(some) == _COMPUTED_AT_ONCE:
                yield some
                some = []
    yield some
