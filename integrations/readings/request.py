"""A MedicationRequest into what was ordered."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from integrations.codes import ucum
from integrations.readings.administration import check_amount, check_length
from integrations.readings.coding import first_code
from integrations.readings.meaning import Meaning, Ordered
from integrations.readings.medication import MedicationLookup, drug_of, route_of
from integrations.readings.models import QuarantineReason
from integrations.readings.moment import instant, maybe_instant
from integrations.readings.quantity import in_unit, number
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused, shown
from twins.quantities.dose import Route

_ORDER_INTENTS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_ENDED = frozenset({"stopped", "completed", "cancelled", "on-hold"})
_ONE_DAY_H = 24.0
_LONGEST_INTERVAL_H = 31 * 24.0
"""Ours, to catch slips of unit: longer than between any two doses of one order."""


def read_request(data: dict[str, Any], names: Names, lookup: MedicationLookup, updated: datetime) -> Meaning:
    """What a MedicationRequest says; a draft, a proposal or an order not to give it is no order.

    FHIR R4 does not say when an order was stopped: it is `updated`, the time of this version, or an earlier end of its
    bounds.

    Raises
    ------
    Refused
        UNKNOWN_CODE, UNKNOWN_UNIT, MISSING_VALUE, MISSING_TIME, IMPLAUSIBLE_VALUE or INVALID_RESOURCE.
    """
    status = data["status"]
    code = first_code(data.get("medicationCodeableConcept"))
    authored = maybe_instant(data.get("authoredOn"), "MedicationRequest.authoredOn", day_is_enough=True)
    if status == "entered-in-error":
        return Meaning(code=code, event_time=authored, withdrawn=True)
    drug = drug_of(data, names, lookup)
    if status == "draft" or data.get("intent") not in _ORDER_INTENTS or data.get("doNotPerform") is True:
        return Meaning(code=code, event_time=authored)
    ordered = list(_orders(data, drug, updated if status in _ENDED else None))
    return Meaning(code=code, event_time=authored or ordered[0].time, ordered=ordered)


def read_draft(data: dict[str, Any], names: Names, lookup: MedicationLookup, now: datetime) -> list[Ordered]:
    """What a MedicationRequest that is still being written would order, whatever its status and intent.

    Where it does not say when it begins to the second, it begins `now`.

    Raises
    ------
    Refused
        As `read_request`.
    """
    drug = drug_of(data, names, lookup)
    try:
        authored = maybe_instant(data.get("authoredOn"), "MedicationRequest.authoredOn")
    except Refused:
        authored = None
    return list(_orders({**data, "authoredOn": (authored or now).isoformat()}, drug, None))


def _orders(data: dict[str, Any], drug: str, stopped: datetime | None) -> Iterator[Ordered]:
    instructions = data.get("dosageInstruction") or ()
    if not instructions:
        raise Refused(
            QuarantineReason.MISSING_VALUE, "MedicationRequest.dosageInstruction is missing; send dose and timing"
        )
    for position, instruction in enumerate(instructions):
        field = f"MedicationRequest.dosageInstruction[{position}]"
        route = route_of(instruction.get("route"), f"{field}.route", drug)
        repeat = (instruction.get("timing") or {}).get("repeat") or {}
        rates = instruction.get("doseAndRate") or [{}]
        amount = in_unit(rates[0].get("doseQuantity"), "mg", f"{field}.doseAndRate[0].doseQuantity")
        check_amount(amount, f"{field}.doseAndRate[0].doseQuantity")
        bounds = repeat.get("boundsPeriod") or {}
        start = _start(data, bounds, field)
        duration_h = 0.0 if route is Route.ORAL else _duration_h(repeat, rates[0], amount, field)
        end = maybe_instant(bounds.get("end"), f"{field}.timing.repeat.boundsPeriod.end", day_is_enough=True)
        if _is_once(repeat):
            interval_h, end = _ONE_DAY_H, start
        else:
            interval_h = _interval_h(repeat, field)
        if stopped is not None:
            end = stopped if end is None else min(end, stopped)
        if end is not None:
            end = max(end, start)  # cancelled before it began: never in force
        part = str(position) if len(instructions) > 1 else ""
        yield Ordered(drug, amount, interval_h, duration_h, start, end, part, route)


def _start(data: dict[str, Any], bounds: dict[str, Any], field: str) -> datetime:
    if bounds.get("start") is not None:
        return instant(bounds["start"], f"{field}.timing.repeat.boundsPeriod.start")
    return instant(data.get("authoredOn"), "MedicationRequest.authoredOn")


def _is_once(repeat: dict[str, Any]) -> bool:
    """A single dose: a count of one. It is kept as an order of one day that ended as it began."""
    return repeat.get("count") == 1


def _interval_h(repeat: dict[str, Any], field: str) -> float:
    field = f"{field}.timing.repeat"
    period = number(repeat.get("period"), f"{field}.period")
    frequency = number(repeat.get("frequency", 1), f"{field}.frequency")
    hours = _hours(period, repeat.get("periodUnit"), f"{field}.periodUnit") / Fraction(frequency or 1)
    if hours <= 0 or frequency <= 0:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{field} is {period} {repeat.get('periodUnit')} by {frequency}; send an interval above 0",
        )
    if hours > _LONGEST_INTERVAL_H:
        raise Refused(
            QuarantineReason.IMPLAUSIBLE_VALUE,
            f"{field} makes an interval of {float(hours):g} h; one lasts up to {_LONGEST_INTERVAL_H:g} h; have it "
            "corrected at the source",
        )
    return float(hours)


def _duration_h(repeat: dict[str, Any], rate: dict[str, Any], amount_mg: float, field: str) -> float:
    """Length of one infusion: said as such, else by its rate."""
    if repeat.get("duration") is not None:
        name = f"{field}.timing.repeat.duration"
        hours = float(_hours(number(repeat["duration"], name), repeat.get("durationUnit"), f"{name}Unit"))
    elif rate.get("rateQuantity") is not None:
        mg_per_h = in_unit(rate["rateQuantity"], "mg/h", f"{field}.doseAndRate[0].rateQuantity")
        hours = amount_mg / mg_per_h if mg_per_h > 0 else -1.0
    else:
        raise Refused(
            QuarantineReason.MISSING_VALUE,
            f"{field}.timing.repeat.duration is missing; send how long the infusion runs, or its rate in mg/h",
        )
    check_length(hours, field)
    return hours


def _hours(value: Any, unit: Any, field: str) -> Fraction:
    if unit == "mo" or not isinstance(unit, str):
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field} is {shown(unit)}; send s, min, h, d or wk")
    try:
        return ucum.convert(value, unit, "h")
    except ucum.UnitError as error:
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}: {error}") from error
