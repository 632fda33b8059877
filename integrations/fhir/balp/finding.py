"""What the columns of the chain can rule out of a search; the AuditEvent itself then decides (`answered_by`)."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q

from clinic.patients.models import Patient
from integrations.fhir.balp.agents import ACTOR_SYSTEM, JTI
from integrations.fhir.balp.kind import ACTIVITY_SYSTEM, DOOR, REST
from integrations.fhir.identity import source_keys
from integrations.fhir.narrow import updated
from integrations.fhir.parameters import Criterion

_LISTS = ("ids", "shown", "written")
_MOST_DIGITS = 18


def narrow(criteria: tuple[Criterion, ...]) -> Q:
    """A condition that every event that answers keeps."""
    condition = Q()
    for criterion in criteria:
        name, modifier = criterion.parameter.name, criterion.modifier
        if name == "agent" and modifier == "identifier":
            condition &= _any(map(_identified, criterion.alternatives))
        elif not modifier and name in _BY_NAME:
            condition &= _BY_NAME[name](criterion)
    return condition


def _numbered(criterion: Criterion) -> Q:
    codes = [value.code for value in criterion.alternatives if value.code]
    numbers = [int(code) for code in codes if code.isascii() and code.isdigit() and len(code) < _MOST_DIGITS]
    return Q(sequence__in=numbers)


def _recorded(criterion: Criterion) -> Q:
    return updated(criterion.alternatives, "recorded")


def _of_patient(criterion: Criterion) -> Q:
    named = [value.id for value in criterion.alternatives if value.resource_type in ("Patient", None)]
    sources = source_keys("Patient", named).values()
    keys = Patient.objects.filter(source_key__in=list(sources)).values_list("subject_id", flat=True)
    return _any(_about(str(key)) for key in keys)


def _about(subject: str) -> Q:
    return Q(subject_key=subject) | Q(detail__subjects__icontains=subject)


def _coded(column: str) -> Callable[[Criterion], Q]:
    def codes(criterion: Criterion) -> Q:
        found = [value.code for value in criterion.alternatives]
        return Q(**{f"{column}__in": found}) if all(found) else Q()

    return codes


def _typed(criterion: Criterion) -> Q:
    is_rest = [value.code == REST["code"] for value in criterion.alternatives]
    return Q(activity__startswith=DOOR) if all(is_rest) else Q()


def _active(criterion: Criterion) -> Q:
    """Activities have a point in their name, and codes of the standards none; but for a login and a logout."""
    values = criterion.alternatives
    own = all(
        value.code and (value.system == ACTIVITY_SYSTEM or (value.system is None and "." in value.code))
        for value in values
    )
    return Q(activity__in=[value.code for value in values]) if own else Q()


def _by_agent(criterion: Criterion) -> Q:
    return Q(actor__in=[value.id for value in criterion.alternatives])


def _identified(value: Any) -> Q:
    if not value.code:
        return Q()
    by_actor = Q(actor=value.code)
    return by_actor if value.system == ACTOR_SYSTEM else by_actor | Q(detail__client_id=value.code)


def _by_policy(criterion: Criterion) -> Q:
    names = [value.removeprefix(JTI) for value in criterion.alternatives]
    return _any(Q(detail__token=name) | Q(detail__jti=name) for name in names)


def _of_entity(criterion: Criterion) -> Q:
    if any(value.address for value in criterion.alternatives):
        return Q()
    condition = _of_patient(criterion)
    for value in criterion.alternatives:
        condition |= Q(entity_id=value.id)
        for field in _LISTS:
            condition |= Q(**{f"detail__{field}__icontains": value.id})
    return condition


def _any(conditions: Iterable[Q]) -> Q:
    """One of them; without any, nothing."""
    joined = Q(pk__in=[])
    for condition in conditions:
        if not condition:  # rules nothing out
            return Q()
        joined |= condition
    return joined


_BY_NAME: dict[str, Callable[[Criterion], Q]] = {
    "_id": _numbered,
    "_lastUpdated": _recorded,
    "date": _recorded,
    "patient": _of_patient,
    "action": _coded("action"),
    "outcome": _coded("outcome"),
    "altid": _coded("actor"),
    "type": _typed,
    "subtype": _active,
    "agent": _by_agent,
    "policy": _by_policy,
    "entity": _of_entity,
}
