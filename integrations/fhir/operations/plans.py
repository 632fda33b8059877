"""The plans that a caller asks about: parts of a Parameters resource, or MedicationRequests, held against what a ward
can give.
"""

import math
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from integrations.fhir.interval import IntervalError, interval
from integrations.fhir.names import HereNames
from integrations.fhir.operations.inputs import Given, Inputs
from integrations.fhir.outcome import Refusal
from integrations.fhir.validate.faults import faults
from integrations.readings.door import decode
from integrations.readings.models import Resource
from integrations.readings.ours import DOOR
from integrations.readings.quantity import in_unit
from integrations.readings.refusal import Refused
from integrations.readings.request import read_request
from twins.forecasts.optimise import way_in
from twins.pharmacology.regimen import Plan, Regimen, RegimenError
from twins.quantities.clock import hours_between
from twins.quantities.dose import Route
from twins.records.standing import Standing

MOST_PLANS = 6
"""Beside the current one."""
FARTHEST_H = 72.0
"""A plan that starts later than the forecast ends would say nothing."""
_NAME_LIMIT = 60
_PARTS = ("name", "dose", "interval", "duration", "start", "loading-dose", "stop")
_text = msgspec.json.Encoder(decimal_format="number").encode


def plans_of(inputs: Inputs, twin: Standing, base: str, patient: str) -> tuple[Plan, ...]:
    """The plans asked for, each once; `base` is the door's address, `patient` the reference to whose they are.

    Raises
    ------
    Refusal
        400 for a plan that cannot be read, 422 for one that a ward cannot give, or too many.
    """
    found: list[Plan] = []
    asked = [one for one in inputs.given if one.name in ("plan", "order")]
    if len(asked) > MOST_PLANS:
        raise Refusal(422, "too-costly", f"{len(asked)} plans were asked for; ask for {MOST_PLANS} at most")
    for number, given in enumerate(asked, start=1):
        where = f"Parameters.parameter.where(name='{given.name}')[{number - 1}]"
        try:
            if given.name == "order":
                plan = _of_order(given, number, twin, where, HereNames(DOOR, base), patient)
            else:
                plan = _of_parts(given, number, twin, where)
        except Refused as refused:
            raise Refusal(422, "business-rule", refused.detail, expression=where) from refused
        except RegimenError as error:
            raise Refusal(400, "value", str(error), expression=where) from error
        if plan.regimen is not None:
            _check(plan.regimen, twin, where)
        if all(plan.regimen != other.regimen for other in found):
            found.append(plan)
    return tuple(found)


def _of_parts(given: Given, number: int, twin: Standing, where: str) -> Plan:
    parts = {part.name: part.value for part in given.parts}
    for name in parts:
        if name not in _PARTS:
            raise Refusal(
                400, "not-supported", f"{name[:60]!r} is no part of a plan; there are {', '.join(_PARTS)}",
                expression=where,
            )  # fmt: skip
    label = parts.get("name") or f"Asked {number}"
    if not isinstance(label, str) or not label.isprintable() or len(label) > _NAME_LIMIT:
        raise Refusal(400, "value", f"name is no line of at most {_NAME_LIMIT} letters; shorten it", expression=where)
    if parts.get("stop") is True:
        return Plan(label, None)
    start = parts.get("start")
    start_h = max(twin.current.regimen.start_h if twin.current.regimen else 0.0, twin.course.until_h)
    if start is not None:
        start_h = hours_between(twin.course.start, moment_of(start, f"{where}.start"))
    loading = parts.get("loading-dose")
    route = way_in(twin.model, twin.course, twin.current)
    infused = route is not Route.ORAL or "duration" in parts
    return Plan(
        label,
        Regimen(
            amount_mg=_number(parts, "dose", "mg", where),
            interval_h=_number(parts, "interval", "h", where),
            duration_h=_number(parts, "duration", "h", where) if infused else 0.0,
            start_h=start_h,
            loading_mg=None if loading is None else _number(parts, "loading-dose", "mg", where),
            route=route,
        ),
    )


def _of_order(given: Given, number: int, twin: Standing, where: str, names: HereNames, patient: str) -> Plan:
    """A MedicationRequest, whatever its status: one that began before the twin's last data goes on from there."""
    data = given.value
    if not isinstance(data, dict) or data.get("resourceType") != "MedicationRequest":
        raise Refusal(400, "invalid", "order is no MedicationRequest; send one", expression=where)
    text = _text(data).decode()
    wrong = [fault for fault in faults("MedicationRequest", text, decode(text)) if fault.severity == "error"]
    if wrong:
        raise Refusal(422, wrong[0].code, wrong[0].sentence, expression=wrong[0].expression)
    about = data["subject"].get("reference")
    if not isinstance(about, str) or about.removeprefix(names.address) != patient:
        raise Refusal(422, "business-rule", f"the order is not about {patient}; send one that is", expression=where)
    label = f"Order {data['id']}" if isinstance(data.get("id"), str) else f"Order {number}"
    if data.get("doNotPerform") is True:
        return Plan(label, None)
    read = {**decode(text), "status": "active", "intent": "order"}
    read.setdefault("authoredOn", twin.version.data_until.isoformat())
    meaning = read_request(read, names, _medication, twin.version.data_until)
    ordered = list(meaning.ordered)
    if {one.drug for one in ordered} != {twin.version.drug}:
        sentence = f"the order is not of {twin.version.drug}, which the twin is of"
        raise Refusal(422, "business-rule", sentence, expression=where)
    once = [one for one in ordered if one.end is not None and one.end == one.time]
    regular = [one for one in ordered if one not in once]
    if len(regular) != 1 or len(once) > 1:
        raise Refusal(
            422, "not-supported", "the order has more than one regular dose; send one dose, with a single loading dose "
            "before it at most", expression=where,
        )  # fmt: skip
    main = regular[0]
    first = min(ordered, key=lambda one: one.time)
    regimen = Regimen(
        amount_mg=main.amount_mg,
        interval_h=main.interval_h,
        duration_h=min(main.duration_h, main.interval_h),
        start_h=hours_between(twin.course.start, first.time),
        loading_mg=once[0].amount_mg if once else None,
        loading_h=once[0].duration_h if once and main.route is not Route.ORAL else None,
        route=main.route,
    )
    late = twin.course.until_h - regimen.start_h
    if late > 0:
        missed = math.ceil(late / regimen.interval_h - 1e-9)
        regimen = replace(
            regimen, start_h=regimen.start_h + missed * regimen.interval_h, loading_mg=None, loading_h=None
        )
    return Plan(label[:_NAME_LIMIT], regimen)


def _medication(key: str) -> dict[str, Any] | None:
    stored = Resource.objects.filter(source_key=key, is_current=True, deleted=False).first()
    return decode(stored.text) if stored else None


def _check(regimen: Regimen, twin: Standing, where: str) -> None:
    """Raise 422 for what a ward cannot give, or what the forecast would not see."""
    practice, course = twin.drug.practice, twin.course
    wrong = [
        f"a dose of {amount:g} mg is not between {practice.min_mg:g} and {practice.max_mg:g} mg"
        for amount in (regimen.amount_mg, regimen.loading_mg)
        if amount is not None and not practice.min_mg <= amount <= practice.max_mg
    ]
    if regimen.daily_mg > practice.max_daily_mg:
        wrong.append(
            f"{regimen.daily_mg:.0f} mg a day are more than the {practice.max_daily_mg:g} that can be compared"
        )
    rate = regimen.amount_mg / regimen.duration_h if regimen.duration_h else math.inf
    if rate > practice.max_rate_mg_per_h * (1 + 1e-9):
        wrong.append(f"that is faster than {practice.max_rate_mg_per_h:g} mg/h; infuse over a longer duration")
    if regimen.start_h < course.until_h - 1e-9:
        wrong.append(f"start lies before the twin's last data at {twin.version.data_until.isoformat()}; start later")
    if regimen.start_h > course.until_h + FARTHEST_H:
        wrong.append(f"start lies more than {FARTHEST_H:g} h after the twin's last data; start earlier")
    if wrong:
        refusal = Refusal(422, "business-rule", wrong[0], expression=where)
        refusal.further = [("business-rule", sentence, where) for sentence in wrong[1:]]
        raise refusal


def _number(parts: dict[str, Any], name: str, unit: str, where: str) -> float:
    """A Quantity in UCUM, or a plain number in `unit`."""
    value = parts.get(name)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return float(value)
    if value is None:
        raise Refusal(400, "required", f"{name} of the plan is missing; give it in {unit}", expression=where)
    return in_unit(value, unit, f"{where}.{name}")


def moment_of(value: Any, where: str) -> datetime:
    """A dateTime with a time and a zone.

    Raises
    ------
    Refusal
        400 for anything else.
    """
    try:
        found = interval(value) if isinstance(value, str) and "T" in value else None
    except IntervalError:
        found = None
    if found is None:
        raise Refusal(
            400, "value", f"{where} is {str(value)[:60]!r}; give a time with its zone, as 2026-03-01T10:00:00Z",
            expression=where,
        )  # fmt: skip
    moment: datetime = found.low
    return moment
