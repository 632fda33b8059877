"""Searches through a reference: chains (``subject:Patient.name``) and their reverse (``_has``).

The inner search finds only what the caller may see, so a chain tells nothing of other patients.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from clinic.patients.models import Patient
from integrations.fhir import index, narrow, visible
from integrations.fhir.elements import Token, literal
from integrations.fhir.identity import server_id
from integrations.fhir.outcome import Refusal, too_costly
from integrations.fhir.parameters import Criterion, Kind, Parameter, Target
from integrations.fhir.query import read
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Budget, Order, Served, ServedType
from integrations.fhir.resources.stored import StoredType

MOST_CHAINED = 1000
"""Resources that a chain may go through."""
MOST_LOOKED_AT = 20_000
_decode = msgspec.json.Decoder().decode


def chained(served: ServedType, name: str, text: str, base: str, reach: Any, known: "Known") -> Criterion:
    """``patient.identifier=…``: the criterion that the reference is to one of what the rest of the name finds.

    Raises
    ------
    Refusal
        400 for an unknown reference, type or parameter, for more than one level, or where too many are found.
    """
    left, _, right = name.partition(".")
    plain, _, kind = left.partition(":")
    parameter = known(served).get(plain)
    if parameter is None or parameter.kind is not Kind.REFERENCE:
        raise _unusable(name, f"{plain[:60]} is no reference of {served.name}")
    if "." in right:
        raise _unusable(name, "a chain may have one level; search in two steps")
    inner, _, modifier = right.partition(":")
    targets = [kind] if kind else list(parameter.targets) or list(TYPES)
    fitting = [TYPES[one] for one in targets if one in TYPES and inner in known(TYPES[one])]
    if not fitting or (kind and kind not in (parameter.targets or TYPES)):
        raise _unusable(name, f"nothing that {plain} refers to has a search parameter {inner[:60]!r}")
    found: list[Target] = []
    for target in fitting:
        criterion = read(known(target)[inner], modifier, text, base)
        found += [Target(target.name, one.id) for one in _all(target, criterion, reach, name, MOST_CHAINED)]
    return Criterion(parameter, "", tuple(found))


def having(
    served: ServedType, path: str, text: str, base: str, reach: Any, known: "Known", by_id: Parameter
) -> Criterion:
    """``_has:Observation:patient:code=…``: the criterion that some Observation that answers refers to it.

    Raises
    ------
    Refusal
        400 for an unknown type, reference or parameter, or where too much would have to be looked at.
    """
    name = f"_has:{path}"
    parts = path.split(":", 3)
    if len(parts) < 3 or parts[0] not in TYPES or parts[2] == "_has":
        raise _unusable(name, "write _has:Type:reference:parameter, with a type that is served, and one level")
    inner_type = TYPES[parts[0]]
    reference, inner = known(inner_type).get(parts[1]), known(inner_type).get(parts[2])
    if reference is None or inner is None or reference.kind is not Kind.REFERENCE:
        raise _unusable(name, f"{parts[0]} has no reference {parts[1][:60]!r} or no parameter {parts[2][:60]!r}")
    criterion = read(inner, parts[3] if len(parts) == 4 else "", text, base)
    ids = _subjects(served, inner_type, reference, criterion, reach)
    if ids is None:
        ids = _referred(served, reference, _all(inner_type, criterion, reach, name, MOST_LOOKED_AT))
    return Criterion(by_id, "", tuple(Token(None, one) for one in ids))


def _subjects(
    served: ServedType, inner_type: ServedType, reference: Parameter, criterion: Criterion, reach: Any
) -> Iterable[str] | None:
    """The patients whose the answers are, where the database can tell alone."""
    if not (served.name == "Patient" and reference.whose and isinstance(inner_type, StoredType)):
        return None
    if reference.by_subject:  # one resource may be about several
        return None
    if visible.criteria(reach, inner_type) != () or not narrow.decides(criterion):
        return None
    rows = narrow.Plan(inner_type, (criterion,), reach, Order()).rows()
    keys = Patient.objects.filter(subject__in=rows.values("subject")).values_list("source_key", flat=True)
    return [server_id(key) for key in keys]


def _referred(served: ServedType, reference: Parameter, found: Iterable[Served]) -> set[str]:
    if reference.by_subject:
        found = list(found)
        named = {
            (literal(element) or "").split("/_history/")[0]
            for one in found
            for element in (reference.values(_decode(one.body)) if reference.values else ())
        }
        subjects = {one.subject_key for one in found} - {""} | set(map(str, index.subjects_of(named).values()))
        keys = Patient.objects.filter(subject__in=subjects).values_list("source_key", flat=True)
        return {server_id(key) for key in keys}
    prefix = f"{served.name}/"
    ids = set()
    for one in found:
        for element in reference.values(_decode(one.body)) if reference.values else ():
            text = (literal(element) or "").split("/_history/")[0]
            if text.startswith(prefix):
                ids.add(text.removeprefix(prefix))
    return ids


def _all(served: ServedType, criterion: Criterion, reach: Any, name: str, most: int) -> list[Served]:
    budget = Budget(MOST_LOOKED_AT)
    found: list[Served] = []
    for one in served.walk((criterion,), order=Order(), reach=reach, budget=budget):
        found.append(one)
        if len(found) > most:
            break
    if len(found) > most or budget.stopped_at is not None:
        raise too_costly(
            f"{name[:100]} goes through too many resources", most, name.partition(":")[0].partition(".")[0]
        )
    return found


def _unusable(name: str, why: str) -> Refusal:
    return Refusal(400, "not-supported", f"{name[:100]} cannot be used: {why}", expression=f"http.{name[:60]}")


class Known:
    """The parameters of each type by name, those of every type too."""

    def __init__(self, everywhere: tuple[Parameter, ...]) -> None:
        self._everywhere = everywhere

    def __call__(self, served: ServedType) -> dict[str, Parameter]:
        return {parameter.name: parameter for parameter in (*self._everywhere, *served.parameters)}
