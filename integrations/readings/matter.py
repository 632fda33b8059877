"""What a resource that could not be read seems to be about, so that who treats the patient can be told of it.

Nothing here is strict: the resource was refused already, and any part of it may be missing or wrong.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.codes.drugs import COMBINED, DRUGS, ORAL_ROUTES
from integrations.readings.coding import codings, words
from integrations.readings.door import decode
from integrations.readings.medication import MedicationLookup, concept_of, routes_of
from integrations.readings.moment import roughly
from integrations.readings.observation import channel_measured
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from twins.quantities.dose import Route
from twins.records.courses import COVARIATE_CHANNELS
from twins.samples.channel import LEVELS, Channel

DOSE, ORDER, LEVEL, OTHER = "dose", "order", "level", "other"
"""What it may be, besides a covariate, which has the name of its channel; `OTHER` is a dose or an order of a product
whose name names no drug of the formulary."""
_KINDS = {"MedicationAdministration": DOSE, "MedicationRequest": ORDER}
_CODED = {**DRUGS, **COMBINED}
_NO_LEVEL = ("suscept", "resist", " mic", "antibiogram", "empfindlich")
"""Parts of the names of results that name a drug and tell of a germ."""
_ODD = (Refused, AttributeError, LookupError, TypeError, ValueError)
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Matter:
    """`what` is empty for what no twin would use; `drug` where it cannot be told; `named` is the source's own word."""

    what: str = ""
    drug: str = ""
    named: str = ""
    event_time: datetime | None = None


def matter_of(text: str, names: Names, lookup: MedicationLookup) -> Matter:
    """What the resource in `text` is about."""
    try:
        data = decode(text)
        kind = data.get("resourceType")
        if kind in _KINDS:
            return _medication(data, _KINDS[kind], names, lookup)
        return _observation(data) if kind == "Observation" else Matter()
    except _ODD:
        return Matter()


def _medication(data: dict[str, Any], what: str, names: Names, lookup: MedicationLookup) -> Matter:
    if data.get("status") in ("not-done", "draft") or data.get("doNotPerform") is True:
        return Matter()
    if data.get("intent") in ("proposal", "plan", "option"):
        return Matter()
    when = _when(data, "effectiveDateTime", "effectivePeriod", "authoredOn")
    concept = _concept(data, names, lookup)
    drug = next((_CODED[one] for one in codings(concept) if one in _CODED), "")
    if not drug:
        name = _name(concept)
        drug = _drug_in(name)
        return Matter(OTHER if name and not drug else what, drug, _said(concept), when)
    route = _route(data)
    if Route.ORAL not in routes_of(drug) and any(one in ORAL_ROUTES for one in codings(route)):
        return Matter(OTHER, "", _said(concept) or drug, when)  # what does not reach the blood is no dose of the twin's
    return Matter(what, drug, _said(route), when)


def _observation(data: dict[str, Any]) -> Matter:
    when = _when(data, "effectiveDateTime", "effectiveInstant", "effectivePeriod")
    holders = [data, *(one for one in data.get("component") or () if isinstance(one, dict))]
    for holder in holders:
        channel = _channel(holder.get("code"))
        if channel in LEVELS:
            return Matter(LEVEL, str(channel), _said(holder.get("code")), when)
        if channel in COVARIATE_CHANNELS:
            return Matter(str(channel), "", _said(holder.get("code")), when)
        if channel is not None:
            return Matter()
    name = _name(data.get("code"))
    drug = "" if any(part in name.casefold() for part in _NO_LEVEL) else _drug_in(name)
    return Matter(LEVEL, drug, _said(data.get("code")), when) if drug in set(LEVELS) else Matter()


def _channel(concept: Any) -> Channel | None:
    try:
        return channel_measured(concept)
    except Refused:
        return None


def _concept(data: dict[str, Any], names: Names, lookup: MedicationLookup) -> Any:
    try:
        return concept_of(data, names, lookup)
    except _ODD:  # the Medication is not here: how the reference calls it is all there is
        return {"text": (data.get("medicationReference") or {}).get("display")}


def _route(data: dict[str, Any]) -> Any:
    holders = [data.get("dosage"), *(data.get("dosageInstruction") or ())]
    return next((one["route"] for one in holders if isinstance(one, dict) and one.get("route")), None)


def _when(data: dict[str, Any], *fields: str) -> datetime | None:
    for name in fields:
        value = data.get(name)
        if (found := roughly(value.get("start") if isinstance(value, dict) else value)) is not None:
            return found
    return None


def _drug_in(name: str) -> str:
    """The drug of the formulary that a name holds, in English or as it is written in German."""
    return next((drug for drug in sorted(set(DRUGS.values())) if drug.rstrip("e") in name.casefold()), "")


def _name(concept: Any) -> str:
    """What a person would read of it, without codes."""
    if not isinstance(concept, dict):
        return ""
    displays = [one.get("display") for one in concept.get("coding") or () if isinstance(one, dict)]
    return " ".join(text for text in (concept.get("text"), *displays) if isinstance(text, str))


def _said(concept: Any) -> str:
    said = words(concept)
    return "" if said == "nothing" else said.replace("\x00", "\ufffd")[:_LONGEST_NAME]
