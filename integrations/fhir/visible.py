"""What of each type a caller's reach lets through.

A reach has `everyone` (no limit to patients), `subjects` (a query of subject keys, or None) and `queries`: pairs of
search parameter and value, one of which a resource must answer; an item that is itself a list of pairs must be answered
whole. Where it has `of`, ``reach.of(type)`` is the reach for that type, or None where nothing of it may be seen.
"""

from typing import Any

from django.db.models import Q

from integrations.fhir.parameters import Criterion, Here
from integrations.fhir.query import read
from integrations.fhir.resources.served import ServedType
from twins.records.models import Subject


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

    A query with a parameter that the type does not have, or that a resource alone cannot answer, lets nothing of it
    through.
    """
    reach = of(reach, served.name)
    return None if reach is False else asked(tuple(getattr(reach, "queries", None) or ()), served)


def asked(queries: tuple[Any, ...], served: ServedType) -> tuple[tuple[Criterion, ...], ...] | None:
    """The queries of one reach for that very type, as `criteria` gives them."""
    if not queries:
        return ()
    of_itself = (one for one in served.parameters if one.values is not None or one.roots is not None)
    known = {one.name: one for one in of_itself if not one.by_subject}
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


def answers(allowed: tuple[tuple[Criterion, ...], ...], resource: dict[str, Any], here: Here = str) -> bool:
    """Whether the resource answers one of the queries that `criteria` gave."""
    return not allowed or any(all(one.answered_by(resource, here) for one in query) for query in allowed)


def subject_keys(reach: Any) -> set[str]:
    """The subjects of a reach as text."""
    if reach.subjects is None:
        return set()
    return {str(key) for key in Subject.objects.filter(pk__in=reach.subjects).values_list("pk", flat=True)}
