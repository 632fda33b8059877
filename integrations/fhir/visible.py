"""What of each type a caller's reach lets through.

A reach has `everyone` (no limit to patients), `subjects` (a query of subject keys, or None) and `queries`: pairs of
search parameter and value, one of which a resource must answer; an item that is itself a list of pairs must be answered
whole. Where it has `of`, ``reach.of(type)`` is the reach for that type, or None where nothing of it may be seen.
"""

from typing import Any

from django.db.models import Q

from integrations.fhir.parameters import Criterion
from integrations.fhir.query import read
from integrations.fhir.resources.served import ServedType


def of(reach: Any, resource_type: str) -> Any:
    """The reach for one type; `False` where nothing of it may be seen."""
    narrower = getattr(reach, "of", None)
    if reach is None or narrower is None:
        return reach
    found = narrower(resource_type)
    return False if found is None else found


def rows(reach: Any, served: ServedType, field: str = "subject") -> Q:
    """The rows whose subject the caller may see; those of nobody only of types that belong to nobody."""
    reach = of(reach, served.name)
    if reach is None:
        return Q()
    if reach is False:
        return Q(**{f"{field}__in": []})
    own = getattr(served, "own", None)
    if own is not None:
        return own(reach)
    if reach.everyone:
        return Q()
    theirs = Q(**{f"{field}__in": reach.subjects}) if reach.subjects is not None else Q(**{f"{field}__in": []})
    return theirs | Q(**{f"{field}__isnull": True}) if getattr(served, "of_nobody", False) else theirs


def criteria(reach: Any, served: ServedType) -> tuple[tuple[Criterion, ...], ...] | None:
    """Queries of which a resource must answer one; empty where there are none, None where nothing may be seen.

    A query with a parameter that the type does not have lets nothing of it through.
    """
    reach = of(reach, served.name)
    if reach is False:
        return None
    queries = tuple(getattr(reach, "queries", None) or ())
    if not queries:
        return ()
    known = {parameter.name: parameter for parameter in served.parameters}
    allowed = []
    for query in queries:
        pairs = [query] if isinstance(query[0], str) else query
        names = [name.partition(":") for name, _ in pairs]
        if all(name in known for name, _, _ in names):
            allowed.append(
                tuple(
                    read(known[name], modifier, value, "")
                    for (name, _, modifier), (_, value) in zip(names, pairs, strict=True)
                )
            )
    return tuple(allowed) or None
