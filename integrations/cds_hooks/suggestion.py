"""The draft order with another regimen in it: what a press of the suggestion's button puts in its place."""

import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.cds_hooks.call import Json
from integrations.codes import ucum
from twins.pharmacology.regimen import Regimen
from twins.quantities.dose import Route

_OF_THE_DOSE = ("text", "_text", "timing", "doseAndRate", "sequence")
"""Parts of a dosage instruction that the new regimen says; whatever else it holds stays."""


def rewritten(order: Json, regimen: Regimen, first_dose: datetime) -> Json:
    """`order` with the dosage of `regimen`; its narrative goes, since it would tell the old one.

    A loading dose is an instruction of its own before the other.
    """
    changed = {name: copy.deepcopy(value) for name, value in order.items() if name not in ("text", "dosageInstruction")}
    old = next((item for item in order.get("dosageInstruction") or () if isinstance(item, dict)), {})
    kept = {name: copy.deepcopy(value) for name, value in old.items() if name not in _OF_THE_DOSE and value is not None}
    end = _end_of(old)
    steady_from = first_dose
    instructions = []
    if regimen.loading_mg is not None:
        given = regimen.doses(regimen.start_h + 1e-6)[0]
        later = regimen.loading_h or 0.0 if regimen.continuous else regimen.interval_h
        steady_from = first_dose + timedelta(hours=later)
        repeat = {"boundsPeriod": {"start": _instant(first_dose)}, "count": 1, **_length(given.duration_h)}
        words = f"{given.amount_mg:g} mg{_how(regimen, given.duration_h)}, once"
        instructions.append({**copy.deepcopy(kept), **_dosage(words, repeat, given.amount_mg)})
    bounds = {"start": _instant(steady_from)} | ({"end": end} if end else {})
    repeat = {
        "boundsPeriod": bounds,
        **_length(regimen.duration_h),
        "frequency": 1,
        "period": _number(regimen.interval_h),
        "periodUnit": "h",
    }
    words = f"{regimen.amount_mg:g} mg{_how(regimen, regimen.duration_h)} every {regimen.interval_h:g} h"
    instructions.append({**kept, **_dosage(words, repeat, regimen.amount_mg)})
    if len(instructions) > 1:
        for number, instruction in enumerate(instructions, start=1):
            instruction["sequence"] = number
    changed["dosageInstruction"] = instructions
    return changed


def _dosage(words: str, repeat: dict[str, Any], amount_mg: float) -> dict[str, Any]:
    dose = {"value": _number(amount_mg), "unit": "mg", "system": ucum.SYSTEM, "code": "mg"}
    return {"text": words, "timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}


def _how(regimen: Regimen, hours: float) -> str:
    return f" over {hours:.3g} h" if hours or regimen.route is Route.INTRAVENOUS else f" {regimen.way}"


def _length(hours: float) -> dict[str, Any]:
    """Length of an infusion in whole minutes, as pumps are set; nothing where nothing is infused."""
    if not hours:
        return {}
    return {"duration": round(hours * 60.0), "durationUnit": "min"}


def _number(value: float) -> Decimal | int:
    return int(value) if value == int(value) else Decimal(repr(value))


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _end_of(instruction: Json) -> str:
    """When the order was to end, as it was written; empty where it says nothing."""
    bounds: Any = instruction
    for name in ("timing", "repeat", "boundsPeriod"):
        bounds = bounds.get(name) if isinstance(bounds, dict) else None
    end = bounds.get("end") if isinstance(bounds, dict) else None
    return end if isinstance(end, str) else ""
