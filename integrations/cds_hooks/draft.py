"""A draft order into the plan that it stands for, on one twin."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from integrations.cds_hooks.call import Call, Json, bad
from integrations.codes.drugs import COMBINED, INTO_A_VEIN_UNSAID
from integrations.readings.coding import codings
from integrations.readings.door import check, decode
from integrations.readings.meaning import Ordered
from integrations.readings.medication import concept_of, drug_of
from integrations.readings.models import QuarantineReason, Resource
from integrations.readings.reference import Names
from integrations.readings.refusal import Refused
from integrations.readings.request import read_draft
from twins.pharmacology.regimen import Plan, Regimen, RegimenError, current_plan
from twins.quantities.clock import hours_between
from twins.records.kept import why_none
from twins.records.models import Order
from twins.samples.course import Course, OrderedRegimen

LABEL = "Draft order"
FARTHEST_H = 24.0
"""A draft that begins later after the twin's last data is not tried: too much may have happened in between."""
_TOGETHER_H = 0.25
_LOOSELY_H = 1.0
"""How far the second part of an order may begin from one interval after its loading dose."""
_text = msgspec.json.Encoder(decimal_format="number").encode


class DraftError(ValueError):
    """A draft that cannot be tried on a twin; its message is the sentence for the person who writes it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One MedicationRequest of a drug of the formulary; `why_not` says why it cannot be tried, if that is known."""

    resource: Json
    drug: str
    ordered: tuple[Ordered, ...]
    why_not: str = ""

    def row(self) -> Order:
        """The order as a row that is not stored, for a patient of whom there is nothing else yet."""
        main = self.ordered[-1]
        return Order(
            source_key="",
            drug=self.drug,
            event_time=min(part.time for part in self.ordered),
            amount_mg=main.amount_mg,
            interval_h=main.interval_h,
            duration_h=main.duration_h,
            route=main.route.value,
        )


def drafts_of(call: Call, slug: str, now: datetime) -> list[Draft]:
    """The drafts of drugs of the formulary, whether a twin is kept or not; others are nobody's business here.

    Raises
    ------
    Refusal
        400 for a draft that is not FHIR R4.
    """
    names = Names(slug, call.fhir_server)
    found = []
    for resource in call.drafts:
        text = _text(resource).decode()
        try:
            data = decode(text)
            check("MedicationRequest", text, data)
        except Refused as refused:
            field = f"MedicationRequest/{resource['id']} of context.draftOrders"
            raise bad(field, refused.detail, "send FHIR R4") from refused
        if data.get("doNotPerform") is True:
            continue
        drug, why_not = _drug(data, names, call)
        if drug and not why_not:
            why_not = why_none(drug)
        if not drug:
            continue
        if why_not:
            found.append(Draft(resource, drug, (), why_not))
            continue
        try:
            ordered = read_draft(data, names, _Lookup(call), now)
        except Refused as refused:
            if refused.reason == QuarantineReason.UNKNOWN_CODE and drug in INTO_A_VEIN_UNSAID:
                continue  # vancomycin by mouth: such a dose does not reach the blood
            found.append(Draft(resource, drug, (), refused.detail))
            continue
        found.append(Draft(resource, drug, tuple(ordered)))
    return found


def _drug(data: Json, names: Names, call: Call) -> tuple[str, str]:
    """The drug of the formulary that a draft is of, if any, and why its amounts cannot be read, if so."""
    lookup = _Lookup(call)
    try:
        return drug_of(data, names, lookup), ""
    except Refused as refused:
        try:
            coded = codings(concept_of(data, names, lookup))
        except Refused:
            return "", ""
        return next(((COMBINED[coding], refused.detail) for coding in coded if coding in COMBINED), ("", ""))


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Medications among the draft orders, else those that were received."""

    call: Call

    def __call__(self, key: str) -> dict[str, Any] | None:
        identifier = key.rsplit("/", 1)[-1]
        for other in self.call.others:
            if other["resourceType"] == "Medication" and other.get("id") == identifier:
                return other
        stored = Resource.objects.filter(source_key=key, is_current=True).first()
        return decode(stored.text) if stored else None


def plan_of(draft: Draft, course: Course) -> Plan:
    """The plan that the draft stands for from the course's end on.

    A draft that has begun already goes on as the running order would: the last dose given says when the next is due.

    Raises
    ------
    DraftError
        If it is no single regimen, or begins too long after the last data.
    """
    once = [part for part in draft.ordered if part.end == part.time]
    steady = [part for part in draft.ordered if part.end != part.time]
    if not steady:
        raise DraftError("The order is for a single dose; only repeated doses are compared.")
    if len(steady) > 1 or len(once) > 1:
        raise DraftError("The order has more than one regimen; only one, with a loading dose or without, is compared.")
    main = steady[0]
    first = once[0] if once else main
    start_h = hours_between(course.start, first.time)
    if start_h > course.until_h + FARTHEST_H:
        gap = start_h - course.until_h
        raise DraftError(
            f"Its first dose is {gap:.0f} h after the last data of this patient; more recent data are needed."
        )
    length = min(main.duration_h, main.interval_h)
    try:
        if once:
            between = hours_between(first.time, main.time)
            if abs(between) > _TOGETHER_H and abs(between - main.interval_h) > _LOOSELY_H:
                raise DraftError("The doses after the loading dose do not begin one interval after it.")
            regimen: Regimen | None = Regimen(
                main.amount_mg, main.interval_h, length, max(start_h, course.until_h), loading_mg=first.amount_mg,
                route=main.route, loading_h=min(first.duration_h, main.interval_h) if main.duration_h else None,
            )  # fmt: skip
        elif start_h > course.until_h:
            regimen = Regimen(main.amount_mg, main.interval_h, length, start_h, route=main.route)
        else:
            running = OrderedRegimen(start_h, main.amount_mg, main.interval_h, main.duration_h, route=main.route)
            in_force = current_plan(replace(course, orders=(running,)))
            regimen = in_force.regimen if in_force else None
    except RegimenError as error:
        raise DraftError(f"The order cannot be given as it is written: {error}.") from error
    if main.end is not None and hours_between(course.start, main.end) <= course.until_h:
        raise DraftError("The order ends before the last data of this patient.")
    return Plan(LABEL, regimen)
