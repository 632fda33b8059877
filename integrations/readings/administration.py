"""A MedicationAdministration into the dose that was given."""

from typing import Any

from integrations.readings.coding import first_code
from integrations.readings.meaning import Given, Meaning
from integrations.readings.medication import MedicationLookup, drug_of, route_of
from integrations.readings.models import QuarantineReason
from integrations.readings.moment import instant, maybe_instant
from integrations.readings.quantity import in_unit
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from twins.quantities.dose import Route

LARGEST_DOSE_MG = 20_000.0
"""Ours, to catch slips of unit: several times the largest daily dose of any drug that is kept here."""

LONGEST_INFUSION_H = 7 * 24.0
"""Ours, to catch slips of dates: longer than any infusion of one bag or syringe."""


def read_administration(data: dict[str, Any], names: Names, lookup: MedicationLookup) -> Meaning:
    """What a MedicationAdministration says; one that was not done gives no dose.

    Raises
    ------
    Refused
        UNKNOWN_CODE, UNKNOWN_UNIT, MISSING_VALUE, MISSING_TIME, IMPLAUSIBLE_VALUE or INVALID_RESOURCE.
    """
    status = data["status"]
    code = first_code(data.get("medicationCodeableConcept"))
    period = data.get("effectivePeriod") or {}
    if status == "entered-in-error":
        return Meaning(code=code, withdrawn=True)
    drug = drug_of(data, names, lookup)
    if status == "not-done":
        time = maybe_instant(data.get("effectiveDateTime") or period.get("start"), "effective", day_is_enough=True)
        return Meaning(code=code, event_time=time)
    if status not in ("completed", "in-progress"):
        raise Refused(
            QuarantineReason.MISSING_VALUE,
            f"MedicationAdministration.status is {status}: how much was given is not known; send it as completed with "
            "the amount given, or as not-done",
        )
    dosage = data.get("dosage") or {}
    route = route_of(dosage.get("route"), "MedicationAdministration.dosage.route", drug)
    if "effectivePeriod" in data:
        start = instant(period.get("start"), "MedicationAdministration.effectivePeriod.start")
        end = maybe_instant(period.get("end"), "MedicationAdministration.effectivePeriod.end")
    else:
        start, end = instant(data.get("effectiveDateTime"), "MedicationAdministration.effectiveDateTime"), None
    if end is not None and end < start:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"MedicationAdministration.effectivePeriod ends at {end.isoformat()}, before it starts at "
            f"{start.isoformat()}; have it corrected at the source",
        )
    amount = in_unit(dosage.get("dose"), "mg", "MedicationAdministration.dosage.dose")
    check_amount(amount, "MedicationAdministration.dosage.dose")
    duration_h = None if end is None else (end - start).total_seconds() / 3600.0
    if route is Route.ORAL:  # a period says when somebody was busy with it: nothing is infused
        duration_h = 0.0
    check_length(duration_h or 0.0, "MedicationAdministration.effectivePeriod")
    given = Given(
        drug=drug,
        amount_mg=amount,
        time=start,
        duration_h=duration_h,
        order_key=names.maybe_key(data.get("request"), "MedicationRequest", "MedicationAdministration.request"),
        route=route,
    )
    return Meaning(code=code, event_time=start, given=(given,), device_key=_device(data, names))


def _device(data: dict[str, Any], names: Names) -> str:
    """The first that is named: a pump, where it is one."""
    keys = (names.device_key(one, "MedicationAdministration.device") for one in data.get("device") or ())
    return next((key for key in keys if key), "")


def check_amount(amount_mg: float, field: str) -> None:
    """Let pass an amount that a person can be given.

    Raises
    ------
    Refused
        IMPLAUSIBLE_VALUE.
    """
    if not 0 < amount_mg <= LARGEST_DOSE_MG:
        raise Refused(
            QuarantineReason.IMPLAUSIBLE_VALUE,
            f"{field} is {amount_mg:g} mg; a dose lies above 0 and up to {LARGEST_DOSE_MG:g} mg; have the value or its "
            "unit corrected at the source",
        )


def check_length(duration_h: float, field: str) -> None:
    """Let pass an infusion of a length that there is.

    Raises
    ------
    Refused
        IMPLAUSIBLE_VALUE.
    """
    if not 0 <= duration_h <= LONGEST_INFUSION_H:
        raise Refused(
            QuarantineReason.IMPLAUSIBLE_VALUE,
            f"{field} makes an infusion of {duration_h:g} h; one lasts up to {LONGEST_INFUSION_H:g} h; have it "
            "corrected at the source",
        )
