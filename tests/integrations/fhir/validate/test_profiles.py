"""Profiles of vital signs and laboratory results: kept where a resource names them."""

from typing import Any

import pytest

from integrations.fhir.validate.profiles import PROFILES
from tests.integrations.fhir.validate.clinical import AT, CATEGORY, PATIENT, TERMINOLOGY, Json, observation
from tests.integrations.fhir.validate.found import found
from tests.integrations.resources import LOINC, SNOMED, concept, quantity

R4 = "http://hl7.org/fhir/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
LABORATORY = concept(f"{TERMINOLOGY}/observation-category", "laboratory")
VALUES = [
    *(("heartrate", "8867-4", "/min"), ("resprate", "9279-1", "/min"), ("oxygensat", "2708-6", "%")),
    *(("bodytemp", "8310-5", "Cel"), ("bodyheight", "8302-2", "cm"), ("headcircum", "9843-4", "[in_i]")),
    *(("bodyweight", "29463-7", "kg"), ("bmi", "39156-5", "kg/m2")),
]
US_VALUES = [
    *(("us-core-heart-rate", "8867-4", "/min"), ("us-core-respiratory-rate", "9279-1", "/min")),
    *(("us-core-body-temperature", "8310-5", "[degF]"), ("us-core-body-height", "8302-2", "cm")),
    *(("us-core-head-circumference", "9843-4", "cm"), ("us-core-body-weight", "29463-7", "[lb_av]")),
    ("us-core-bmi", "39156-5", "kg/m2"),
]
EVERY = [(R4 + name, code, unit) for name, code, unit in VALUES] + [(US_CORE + n, c, u) for n, c, u in US_VALUES]


def _measured(profile: str, code: str, unit: str, **changes: Any) -> Json:
    sound = {
        "resourceType": "Observation",
        "meta": {"profile": [profile]},
        "status": "final",
        "category": [concept("http://local", "x"), CATEGORY],
        "code": concept(LOINC, code),
        "subject": PATIENT,
        "effectiveDateTime": AT,
        "valueQuantity": quantity(70, unit),
    }
    return {name: item for name, item in {**sound, **changes}.items() if item is not None}


def _places(resource: Json) -> list[str]:
    return [fault.expression.removeprefix("Observation.") for fault in found(resource)]


@pytest.mark.parametrize(("profile", "code", "unit"), EVERY)
def test_a_vital_sign_of_its_profile_passes(profile: str, code: str, unit: str) -> None:
    assert found(_measured(profile, code, unit)) == []
    assert found(_measured(f"{profile}|4.0.1", code, unit)) == []
    absent = _measured(profile, code, unit, valueQuantity=None, dataAbsentReason={"text": "x"})
    assert found(absent) == []


@pytest.mark.parametrize(("profile", "code", "unit"), EVERY)
def test_a_vital_sign_that_breaks_its_profile_is_refused(profile: str, code: str, unit: str) -> None:
    assert _places(_measured(profile, "1234-5", unit)) == ["code"]
    assert _places(_measured(profile, code, "mg")) == ["valueQuantity"]
    assert _places(_measured(profile, code, unit, valueQuantity={"value": 70, "unit": unit})) == ["valueQuantity"]
    assert _places(_measured(profile, code, unit, valueQuantity=None, valueString="70")) == ["value"]
    assert _places(_measured(profile, code, unit, valueQuantity=None)) == ["value"]
    assert _places(_measured(profile, code, unit, category=[LABORATORY])) == ["category"]
    assert _places(_measured(profile, code, unit, subject=None)) == ["subject"]
    assert _places(_measured(profile, code, unit, subject={"reference": "Group/1"})) == ["subject.reference"]
    assert _places(_measured(profile, code, unit, effectiveDateTime=None)) == ["effective"]
    assert _places(_measured(profile, code, unit, effectiveDateTime="2026-03")) == ["effectiveDateTime"]
    without = {name: item for name, item in quantity(70, unit).items() if name != "unit"}
    assert _places(_measured(profile, code, unit, valueQuantity=without)) == ["valueQuantity.unit"]


@pytest.mark.parametrize("profile", [f"{R4}bp", f"{US_CORE}us-core-blood-pressure"])
def test_blood_pressure_needs_both_components(profile: str) -> None:
    sound = {**observation(), "meta": {"profile": [profile]}}
    systolic, diastolic = sound["component"]
    assert found(sound) == []
    assert _places({**sound, "component": [systolic]}) == ["component"]
    assert _places({**sound, "component": [systolic, systolic, diastolic]}) == ["component"]
    assert _places({**sound, "component": [systolic, {"code": diastolic["code"]}]}) == ["component[1]"]
    wrong = {**systolic, "valueQuantity": quantity(16, "kPa")}
    assert _places({**sound, "component": [wrong, diastolic]}) == ["component[0].valueQuantity"]


def test_pulse_oximetry_needs_both_codes_and_fixes_the_flow_and_the_concentration() -> None:
    both = {"coding": [{"system": LOINC, "code": "59408-5"}, {"system": LOINC, "code": "2708-6"}]}
    flow = {"code": concept(LOINC, "3151-8"), "valueQuantity": quantity(2, "L/min")}
    sound = {**_measured(f"{US_CORE}us-core-pulse-oximetry", "59408-5", "%"), "code": both, "component": [flow]}
    assert found(sound) == []
    assert _places({**sound, "code": concept(LOINC, "59408-5")}) == ["code"]
    inhaled = {"code": concept(LOINC, "3150-0"), "valueQuantity": quantity(28, "%")}
    assert found({**sound, "component": [flow, inhaled]}) == []
    for wrong in ({**flow, "valueQuantity": quantity(2, "mL/min")}, {**inhaled, "valueQuantity": quantity(0.28, "1")}):
        assert _places({**sound, "component": [wrong]}) == ["component[0].valueQuantity"]


def test_laboratory_results() -> None:
    sound = _measured(f"{US_CORE}us-core-observation-lab", "20578-1", "mg/L", category=[LABORATORY])
    assert found(sound) == []
    assert found({**sound, "effectiveDateTime": AT}) == []
    assert _places({**sound, "category": [CATEGORY]}) == ["category"]
    assert _places({**sound, "valueQuantity": {"value": 1, "system": "http://local", "code": "x"}}) == [
        "valueQuantity.system"
    ]
    coded = _measured(f"{US_CORE}us-core-observation-lab", "1-8", "", category=[LABORATORY], valueQuantity=None)
    assert found({**coded, "valueCodeableConcept": concept(SNOMED, "10828004")}) == []
    (fault,) = found({**coded, "valueCodeableConcept": concept("http://local", "pos")})
    assert (fault.severity, fault.expression) == ("warning", "Observation.valueCodeableConcept")


def test_generic_vital_signs_fix_no_unit() -> None:
    for profile in (f"{R4}vitalsigns", f"{US_CORE}us-core-vital-signs"):
        assert found(_measured(profile, "1-8", "frog", valueQuantity=quantity(1, "mg"))) == []
        assert _places(_measured(profile, "1-8", "mg", component=[{"code": {"text": "x"}}])) == ["component[0]"]


def test_no_profile_holds_no_one_to_it() -> None:
    assert (
        found(_measured("http://example.org/StructureDefinition/mine", "1-8", "mg", category=None, subject=None)) == []
    )


def test_every_profile_was_tried() -> None:
    tried = {profile for profile, _, _ in EVERY}
    others = {f"{R4}vitalsigns", f"{R4}bp", f"{US_CORE}us-core-vital-signs", f"{US_CORE}us-core-blood-pressure"}
    others |= {f"{US_CORE}us-core-pulse-oximetry", f"{US_CORE}us-core-observation-lab"}
    assert set(PROFILES) == tried | others


def test_a_profile_is_read_in_a_bundle_too() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": _measured(f"{R4}bmi", "39156-5", "kg")}],
    }
    assert [fault.expression for fault in found(bundle)] == ["Bundle.entry[0].resource.valueQuantity"]
