"""Data in a call that the stored twin has not learned from yet: said on the card, never used beside the twin."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from integrations.cds_hooks.basis import Basis
from integrations.cds_hooks.call import Call, Json
from integrations.cds_hooks.prefetch import resources
from integrations.codes import loinc
from integrations.codes.drugs import DRUGS
from integrations.readings.coding import codings
from integrations.readings.moment import maybe_instant
from integrations.readings.refusal import Refused

_NEVER_WAS = frozenset({"entered-in-error", "cancelled", "not-done"})
_SAME_MOMENT = timedelta(minutes=1)


def newer_than(call: Call, basis: Basis) -> str:
    """What of the drug was measured or given after the twin's last data, in a sentence; or nothing."""
    until = basis.data_until + _SAME_MOMENT
    levels = sum(1 for item in _levels(call, basis) if _later(item, until))
    doses = sum(1 for item in _doses(call, basis) if _later(item, until))
    said = [
        f"{count} {word}{'' if count == 1 else 's'}" for count, word in ((levels, "level"), (doses, "dose")) if count
    ]
    if not said:
        return ""
    return f"**The call holds newer data that the twin does not know yet: {' and '.join(said)}.** Ask again soon."


def _levels(call: Call, basis: Basis) -> Iterator[Json]:
    for item in resources(call, "observations"):
        known = (loinc.MEASUREMENTS.get(code) for system, code in codings(item.get("code")) if system == loinc.SYSTEM)
        if any(measurement and measurement.channel == basis.drug.level_channel for measurement in known):
            yield item


def _doses(call: Call, basis: Basis) -> Iterator[Json]:
    for item in resources(call, "administrations"):
        concept = item.get("medicationCodeableConcept")
        if any(DRUGS.get(coding) == basis.drug.name for coding in codings(concept)):
            yield item


def _later(item: Json, until: datetime) -> bool:
    period = item.get("effectivePeriod")
    start = period.get("start") if isinstance(period, dict) else None
    try:
        moment = maybe_instant(item.get("effectiveDateTime") or item.get("effectiveInstant") or start, "effective")
    except Refused:
        return False
    return moment is not None and moment > until and item.get("status") not in _NEVER_WAS
