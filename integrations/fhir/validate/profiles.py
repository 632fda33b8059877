"""The vital signs profiles of R4 and US Core, and US Core's laboratory results, for resources that name them.

A resource that names no profile, or one that is not here, is not held to any. Sources, of which only what a number's
meaning depends on is checked (category, patient, time, code, fixed units, components):
https://hl7.org/fhir/R4/observation-vitalsigns.html (4.0.1), https://hl7.org/fhir/us/core/STU6.1 (6.1.0).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.fhir.validate.fault import Severity, one_of, shown
from integrations.fhir.validate.rule import Json, coded, has
from integrations.fhir.validate.units import SYSTEM

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_R4 = "http://hl7.org/fhir/StructureDefinition/"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_DATE_LENGTH = 10

Units = frozenset[str]
Complaint = tuple[str, str, str, Severity]
"""Element, issue type, sentence without its subject, severity."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component that a profile names: its LOINC code, its units, and whether it must be there."""

    code: str
    units: Units
    required: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """What an Observation of a profile must have; no units means that the profile fixes none."""

    category: str
    codes: tuple[str, ...] = ()
    units: Units = frozenset()
    components: tuple[Component, ...] = ()


_PER_MINUTE, _PERCENT, _PRESSURE = frozenset({"/min"}), frozenset({"%"}), frozenset({"mm[Hg]"})
_LENGTH, _WEIGHT = frozenset({"cm", "[in_i]"}), frozenset({"g", "kg", "[lb_av]"})
_VITAL, _LABORATORY = "vital-signs", "laboratory"
_PRESSURES = (Component("8480-6", _PRESSURE), Component("8462-4", _PRESSURE))
_OXYGEN = (
    Component("3151-8", frozenset({"L/min"}), required=False),
    Component("3150-0", _PERCENT, required=False),
)

PROFILES: dict[str, Profile] = {
    f"{_R4}vitalsigns": Profile(_VITAL),
    f"{_R4}heartrate": Profile(_VITAL, ("8867-4",), _PER_MINUTE),
    f"{_R4}resprate": Profile(_VITAL, ("9279-1",), _PER_MINUTE),
    f"{_R4}oxygensat": Profile(_VITAL, ("2708-6",), _PERCENT),
    f"{_R4}bodytemp": Profile(_VITAL, ("8310-5",), frozenset({"Cel", "[degF]"})),
    f"{_R4}bodyheight": Profile(_VITAL, ("8302-2",), _LENGTH),
    f"{_R4}headcircum": Profile(_VITAL, ("9843-4",), _LENGTH),
    f"{_R4}bodyweight": Profile(_VITAL, ("29463-7",), _WEIGHT),
    f"{_R4}bmi": Profile(_VITAL, ("39156-5",), frozenset({"kg/m2"})),
    f"{_R4}bp": Profile(_VITAL, ("85354-9",), components=_PRESSURES),
    f"{_US_CORE}us-core-vital-signs": Profile(_VITAL),
    f"{_US_CORE}us-core-heart-rate": Profile(_VITAL, ("8867-4",), _PER_MINUTE),
    f"{_US_CORE}us-core-respiratory-rate": Profile(_VITAL, ("9279-1",), _PER_MINUTE),
    f"{_US_CORE}us-core-pulse-oximetry": Profile(_VITAL, ("59408-5", "2708-6"), _PERCENT, _OXYGEN),
    f"{_US_CORE}us-core-body-temperature": Profile(_VITAL, ("8310-5",), frozenset({"Cel", "[degF]"})),
    f"{_US_CORE}us-core-body-height": Profile(_VITAL, ("8302-2",), _LENGTH),
    f"{_US_CORE}us-core-head-circumference": Profile(_VITAL, ("9843-4",), _LENGTH),
    f"{_US_CORE}us-core-body-weight": Profile(_VITAL, ("29463-7",), _WEIGHT),
    f"{_US_CORE}us-core-bmi": Profile(_VITAL, ("39156-5",), frozenset({"kg/m2"})),
    f"{_US_CORE}us-core-blood-pressure": Profile(_VITAL, ("85354-9",), components=_PRESSURES),
    f"{_US_CORE}us-core-observation-lab": Profile(_LABORATORY),
}


def complaints(observation: Json) -> Iterator[Complaint]:
    """What the profiles that an Observation names miss in it. It must keep the types of R4."""
    named = (url.partition("|")[0] for url in observation.get("meta", {}).get("profile", ()) if url)
    for url in dict.fromkeys(named):
        profile = PROFILES.get(url)
        if profile is not None:
            name = url.rsplit("/", 1)[1]
            for element, code, sentence, severity in (*_any(profile, observation), *_own(profile, observation)):
                yield element, code, f"{sentence} (profile {name})", severity


def _any(profile: Profile, observation: Json) -> Iterator[Complaint]:
    """What vital signs and laboratory results have in common."""
    if not any(coded(one, CATEGORY, profile.category) for one in observation.get("category", ())):
        yield "category", "required", f"has no {profile.category} of {CATEGORY}; send it", "error"
    subject = observation.get("subject")
    if subject is None:
        yield "subject", "required", "is missing; send a reference to a Patient", "error"
    elif "/" in subject.get("reference", "") and "Patient/" not in subject["reference"]:
        yield "subject.reference", "value", f"is {shown(subject['reference'])}; send a reference to a Patient", "error"
    when = observation.get("effectiveDateTime")
    if when is not None and len(when) < _DATE_LENGTH:
        yield "effectiveDateTime", "value", f"is {shown(when)}; send it at least to the day (vs-1, us-core-1)", "error"
    measured = has(observation, "value") or "dataAbsentReason" in observation
    if not measured and not {"component", "hasMember"} & observation.keys():
        yield "value[x]", "required", "is missing; send it or dataAbsentReason (vs-2, us-core-2)", "error"


def _own(profile: Profile, observation: Json) -> Iterator[Complaint]:
    yield from _laboratory(observation) if profile.category == _LABORATORY else _vital(profile, observation)


def _laboratory(observation: Json) -> Iterator[Complaint]:
    system = observation.get("valueQuantity", {}).get("system", SYSTEM)
    if system != SYSTEM:
        yield "valueQuantity.system", "value", f"is {shown(system)}; send {SYSTEM} (us-core-3)", "error"
    codings = observation.get("valueCodeableConcept", {}).get("coding", ())
    if codings and all(coding.get("system", SNOMED) != SNOMED for coding in codings):
        yield "valueCodeableConcept", "value", "should be coded in SNOMED CT; add such a coding (us-core-4)", "warning"


def _vital(profile: Profile, observation: Json) -> Iterator[Complaint]:
    if not (has(observation, "effective") and {"effectiveDateTime", "effectivePeriod"} & observation.keys()):
        yield "effective[x]", "required", "is missing; send effectiveDateTime or effectivePeriod", "error"
    for code in profile.codes:
        if not coded(observation.get("code"), LOINC, code):
            yield "code", "value", f"has no coding {LOINC}|{code}; add it", "error"
    if profile.units and has(observation, "value"):
        yield from _measured(observation, profile.units, "")
    for index, component in enumerate(observation.get("component", ())):
        place = f"component[{index}]"
        if not has(component, "value") and "dataAbsentReason" not in component:
            yield place, "required", "has neither a value nor a dataAbsentReason; send one (vs-3)", "error"
        for wanted in profile.components:
            if coded(component.get("code"), LOINC, wanted.code) and has(component, "value"):
                yield from _measured(component, wanted.units, f"{place}.")
    for wanted in profile.components:
        count = sum(coded(one.get("code"), LOINC, wanted.code) for one in observation.get("component", ()))
        if count > 1 or (wanted.required and count == 0):
            yield "component", "required", f"has {LOINC}|{wanted.code} {count} times; send it once", "error"


def _measured(element: Json, units: Units, place: str) -> Iterator[Complaint]:
    """A value that must be a number with a unit of the profile."""
    quantity: Any = element.get("valueQuantity")
    if quantity is None:
        yield f"{place}value[x]", "value", f"must be a Quantity in {one_of(units)}; send valueQuantity", "error"
        return
    for name in ("value", "unit"):
        if name not in quantity:
            yield f"{place}valueQuantity.{name}", "required", "is missing; send it", "error"
    if quantity.get("system") != SYSTEM or quantity.get("code") not in units:
        found = f"{shown(quantity.get('system'))} and {shown(quantity.get('code'))}"
        yield f"{place}valueQuantity", "value", f"has {found}; send {SYSTEM} with {one_of(units)}", "error"
