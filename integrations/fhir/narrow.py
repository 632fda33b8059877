"""What the database can rule out by its indexes, as a query; the resource itself then decides (`answered_by`).

A search starts from the terms of its most telling value, or from the resources of its type where it has none.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from clinic.patients.models import Patient
from integrations.fhir import index, visible
from integrations.fhir.identity import source_keys
from integrations.fhir.models import Term
from integrations.fhir.parameters import OR_MISSING, Criterion, Kind, Moment, Target
from integrations.fhir.phase import Phase
from integrations.fhir.resources.served import BY_ID, BY_UPDATE, Indexed, Key, Order
from integrations.readings.models import Resource

FIELDS = ("pk", "source_key", "version", "last_updated", "text", "subject_id")
_OF_TERM = {
    "pk_": F("resource_id"),
    **{name: F(f"resource__{name}") for name in FIELDS if name != "pk"},
}
_MOST_KEYS = 5000
"""Keys of one query, since databases limit the values of a statement; what is beyond is left to `answered_by`."""
_RANK = (Kind.REFERENCE, Kind.STRING, Kind.TOKEN)


def in_force(rows: Any, path: str = "") -> Any:
    """The rows of `Resource` (at the end of `path`) that are the newest of their resource, and not deleted."""
    return rows.filter(**{f"{path}is_current": True, f"{path}deleted": False})


class Plan:
    """The query of one search of one type."""

    def __init__(self, served: Indexed, criteria: tuple[Criterion, ...], reach: Any, order: Order) -> None:
        self._served = served
        self._order = order
        self._reach = reach
        self._keys: list[frozenset[int]] = []
        self._subjects: list[Any] = []
        self._about: list[list[Any]] = []
        """Patients whose the resource is, or whom it is about besides."""
        self._dates: list[Q] = []
        self._updates: list[tuple[Moment, ...]] = []
        self._rows = Q()
        asked = (value.code for one in criteria if one.parameter.name == "_id" for value in one.alternatives)
        self._named = source_keys(served.name, [code for code in asked if code])
        people = _people(criteria)
        for criterion in sorted(criteria, key=_rank):
            self._take(criterion, people)
        single = next((keys for keys in self._keys if len(keys) == 1), None)
        if single is not None:
            self._driver: int | None = next(iter(single))
            self._keys.remove(single)
        else:
            by_date = self._dates or any(key.name not in (BY_UPDATE, BY_ID) for key in order.keys)
            self._driver = index.everything(served) if by_date else None

    def _take(self, criterion: Criterion, people: dict[str, str]) -> None:
        parameter, values = criterion.parameter, criterion.alternatives
        if parameter.roots is not None:
            self._take_parts(criterion)
        elif parameter.name == "_id":
            self._rows &= Q(source_key__in=[self._named[value.code] for value in values if value.code in self._named])
        elif parameter.name == "_lastUpdated":
            self._updates.append(values)
        elif criterion.modifier in ("missing", "not", "text", "contains", "identifier", "below"):
            return
        elif _is_whose(criterion):
            keys = [people[value.id] for value in values if value.id in people]
            subjects = Patient.objects.filter(source_key__in=keys).values("subject")
            if parameter.by_subject:
                self._about.append([row["subject"] for row in subjects])
            else:
                self._subjects.append(subjects)
        elif parameter.dated:
            within = _any(_by_time(value) for value in values)
            self._dates.append(within | Q(low__isnull=True) if criterion.modifier == OR_MISSING else within)
        elif parameter.name == "status" and all(value.code for value in values):
            self._rows &= Q(status__in=["", *(value.code for value in values)])
        elif not parameter.whose:
            self._take_keys(index.keys_of(self._served, parameter, values))

    def _take_parts(self, criterion: Criterion) -> None:
        """Of a composite, what its first part, the code, rules out."""
        part = criterion.parameter.parts[0]
        values = (parts[0].alternatives[0] for parts in criterion.alternatives)
        self._take_keys(index.keys_of(self._served, part, values))

    def _take_keys(self, keys: frozenset[int] | None) -> None:
        if keys is None or keys in self._keys or sum(map(len, self._keys)) + len(keys) > _MOST_KEYS:
            return
        self._keys.append(keys)

    def rows(self) -> QuerySet[Any]:
        """All rows of the query, in no order."""
        served = self._served
        if self._driver is None:
            query = Resource.objects.filter(self._rows, visible.rows(self._reach, served), resource_type=served.name)
            query = in_force(query)
        else:
            query = Term.objects.filter(_prefixed(self._rows), visible.rows(self._reach, served), key=self._driver)
            query = in_force(query, "resource__").annotate(**_OF_TERM)
        for subjects in self._subjects:
            query = query.filter(subject__in=subjects)
        for named in self._about:
            besides = frozenset(index.about(served, subject) for subject in named)
            query = query.filter(Q(subject__in=named) | Exists(self._terms(besides)))
        for date in self._dates:
            query = query.filter(date)
        for moments in self._updates:
            query = query.filter(updated(moments, "last_updated" if self._driver is None else "updated"))
        for keys in self._keys:
            query = query.filter(Exists(self._terms(keys)))
        return query

    def _terms(self, keys: frozenset[int]) -> QuerySet[Term]:
        if self._driver is None:
            outer = {"updated": OuterRef("last_updated"), "resource_id": OuterRef("pk")}
        else:
            outer = {"updated": OuterRef("updated"), "resource_id": OuterRef("resource_id")}
        return Term.objects.filter(key__in=keys, **outer)

    def phases(self, after: Key | None) -> Iterator[Phase]:
        """The rows in order, in one or two runs: what has no date comes last, by number."""
        of_term = self._driver is not None
        number = "resource_id" if of_term else "pk"
        rows, down = self.rows(), self._order.descending
        fields = ("pk_", *FIELDS[1:]) if of_term else FIELDS
        columns = {
            BY_UPDATE: "updated" if of_term else "last_updated",
            BY_ID: "resource__source_key" if of_term else "source_key",
        }
        then = tuple((columns.get(key.name, "low"), key.descending) for key in self._order.then)

        def phase(query: QuerySet[Any], column: str | None, start: Key | None = after) -> Phase:
            places = {f"place_{n}": F(name) for n, (name, _) in enumerate(then)}
            if column:
                places["place"] = F(column)
            query = query.annotate(**places).values(*fields, *places)
            return Phase(query, column, then, number, down, start)

        if self._order.name in columns:
            yield phase(rows, columns[self._order.name])
        else:
            if after is None or after[0] is not None:
                yield phase(rows.filter(low__isnull=False), "low")
            undated = after if after is not None and after[0] is None else None
            yield phase(rows.filter(low__isnull=True), None, undated)


def decides(criterion: Criterion) -> bool:
    """Whether the database alone answers the criterion."""
    parameter, values = criterion.parameter, criterion.alternatives
    if parameter.name in ("_id", "_lastUpdated"):
        return True
    if criterion.modifier or parameter.roots is not None:
        return False
    if parameter.whose:
        return _is_whose(criterion)
    return (
        parameter.kind is Kind.TOKEN
        and parameter.indexed
        and all(value.system is None and value.code for value in values)
    )


def updated(values: tuple[Any, ...], field: str = "last_updated") -> Q:
    """``_lastUpdated``: an instant of ours, so the database decides alone."""
    return _any(_instant(field, value.prefix, value.time.low, value.time.high) for value in values)


def patients_named(criterion: Criterion) -> QuerySet[Any]:
    """The subjects of the Patients that a criterion refers to."""
    people = _people((criterion,))
    return Patient.objects.filter(source_key__in=list(people.values())).values("subject")


def _people(criteria: Iterable[Criterion]) -> dict[str, str]:
    """Id here to source key, for the Patients that any criterion refers to; looked up together."""
    targets = (
        value for one in criteria if one.parameter.whose or not one.parameter.values for value in one.alternatives
    )
    return source_keys("Patient", [value.id for value in targets if isinstance(value, Target) and value.id])


def _is_whose(criterion: Criterion) -> bool:
    """Whether the patients that the criterion names are told by whose the resource is."""
    parameter, values = criterion.parameter, criterion.alternatives
    if not parameter.whose:
        return False
    return parameter.by_subject or all(not one.address and _is_patient(one, parameter.targets) for one in values)


def _is_patient(target: Target, targets: tuple[str, ...]) -> bool:
    return target.resource_type == "Patient" or (target.resource_type is None and targets == ("Patient",))


def _rank(criterion: Criterion) -> int:
    """Identifiers and references first, then names, then codes; categories last: few values, many resources."""
    parameter = criterion.parameter
    if parameter.name == "identifier":
        return -1
    rank = _RANK.index(parameter.kind) if parameter.kind in _RANK else len(_RANK)
    return rank + 10 if parameter.name == "category" else rank


def _prefixed(condition: Q) -> Q:
    return Q(*((f"resource__{name}", value) for name, value in _leaves(condition)))


def _leaves(condition: Q) -> Iterator[tuple[str, Any]]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _leaves(child)
        else:
            yield child


def _by_time(moment: Moment) -> Q:
    """Terms that may answer: some of their time must lie where the prefix looks.

    `low` and `high` bound all times of a resource, so what holds of any one of them is what can be asked of the bounds.
    """
    low, high = moment.time.low, moment.time.high
    match moment.prefix:
        case "ne":
            return Q(high__isnull=False)
        case "gt":
            return Q(high__gt=high)
        case "ge":
            return Q(high__gt=low)
        case "lt" | "eb":
            return Q(low__lt=low)
        case "le":
            return Q(low__lt=high)
        case "sa":
            return Q(high__gt=high)
        case _:
            return Q(high__gt=low, low__lt=high)


def _instant(field: str, prefix: str, low: datetime, high: datetime) -> Q:
    within = Q(**{f"{field}__gte": low, f"{field}__lt": high})
    match prefix:
        case "eq" | "ap":
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


def _any(conditions: Iterable[Q]) -> Q:
    joined: Q | None = None
    for condition in conditions:
        if not condition:  # a condition that rules nothing out
            return Q()
        joined = condition if joined is None else joined | condition
    return joined if joined is not None else Q(pk__in=[])
