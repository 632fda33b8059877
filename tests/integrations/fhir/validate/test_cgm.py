"""Observations that name a profile of continuous glucose monitoring (HL7 CGM guide, 1.0.0) are held to it."""

from typing import Any

import pytest

from integrations.fhir.validate.cgm import GUIDE, PROFILES
from tests.integrations.fhir.validate.clinical import AT, PATIENT, Json
from tests.integrations.fhir.validate.found import found
from tests.integrations.resources import LOINC, UCUM, concept

PERIOD = {"start": "2026-03-01", "end": "2026-03-15"}


def valued(value: Any, code: str, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def named(profile: str, code: Json, **changes: Any) -> Json:
    sound = {
        "resourceType": "Observation",
        "meta": {"profile": [GUIDE + profile]},
        "status": "final",
        "code": code,
        "subject": PATIENT,
        **changes,
    }
    return {name: item for name, item in sound.items() if item is not None}


def reading(**changes: Any) -> Json:
    said = {"effectiveDateTime": AT, "valueQuantity": valued(120, "mg/dL", "mg/dl"), **changes}
    return named("cgm-sensor-reading-mass-per-volume", said.pop("code", concept(LOINC, "99504-3")), **said)


def ranges(**changes: Any) -> Json:
    codes = ("104642-4", "104641-6", "97510-2", "104640-8", "104639-0")
    parts = [{"code": concept(LOINC, code), "valueQuantity": valued(20.00, "%", "%")} for code in codes]
    said = {"effectivePeriod": PERIOD, "component": parts, **changes}
    return named("cgm-summary-times-in-ranges", concept(LOINC, "106793-3"), **said)


def summary(members: int = 6, **changes: Any) -> Json:
    refer = [{"reference": f"Observation/{number}"} for number in range(members)]
    code = changes.pop("code", concept(LOINC, "107931-8"))
    return named("cgm-summary", code, effectivePeriod=PERIOD, hasMember=refer)


SINGLE = [
    ("cgm-summary-mean-glucose-mass-per-volume", "97507-8", "mg/dL", "mg/dl"),
    ("cgm-summary-mean-glucose-moles-per-volume", "105273-7", "mmol/L", "mmol/l"),
    ("cgm-summary-gmi", "97506-0", "%", "%"),
    ("cgm-summary-coefficient-of-variation", "104638-2", "%", "%"),
    ("cgm-summary-days-of-wear", "104636-6", "d", "days"),
    ("cgm-summary-sensor-active-percentage", "104637-4", "%", "%"),
]


def places(resource: Json) -> list[str]:
    return [fault.expression.removeprefix("Observation.") for fault in found(resource)]


def test_what_keeps_its_profile_passes() -> None:
    moles = named(
        "cgm-sensor-reading-moles-per-volume",
        concept(LOINC, "105272-9"),
        effectiveDateTime=AT,
        valueQuantity=valued(6.7, "mmol/L", "mmol/l"),
    )
    assert [found(one) for one in (reading(), moles, ranges(), summary())] == [[], [], [], []]


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"valueQuantity": valued(120, "mg/dL", "mg/dL")}, "valueQuantity.unit"),
        ({"valueQuantity": valued(6.7, "mmol/L", "mg/dl")}, "valueQuantity.code"),
        ({"valueQuantity": None, "valueInteger": 120}, "value"),
        ({"effectiveDateTime": None, "effectivePeriod": PERIOD}, "effectiveDateTime"),
        ({"code": concept(LOINC, "2339-0")}, "code"),
        ({"subject": None}, "subject"),
    ],
)
def test_a_sensor_reading_that_breaks_its_profile_is_refused(broken: dict[str, Any], place: str) -> None:
    assert places(reading(**broken)) == [place]


@pytest.mark.parametrize(("profile", "code", "unit", "text"), SINGLE)
def test_a_part_of_the_summary_has_its_code_unit_and_period(profile: str, code: str, unit: str, text: str) -> None:
    said = {"effectivePeriod": PERIOD, "valueQuantity": valued(10, unit, text)}
    assert places(named(profile, concept(LOINC, code), **said)) == []
    assert places(named(profile, concept(LOINC, "1-8"), **said)) == ["code"]
    without = named(profile, concept(LOINC, code), **said | {"effectivePeriod": {"start": "2026-03-01"}})
    assert places(without) == ["effectivePeriod"]


def test_times_in_ranges_has_each_range_once_in_percent() -> None:
    parts = ranges()["component"]
    assert places(ranges(component=parts[:4])) == ["component"]
    assert places(ranges(component=[*parts, parts[0]])) == ["component"]
    wrong = {**parts[0], "valueQuantity": valued(0.2, "1", "1")}
    assert set(places(ranges(component=[wrong, *parts[1:]]))) == {
        "component.valueQuantity.code",
        "component.valueQuantity.unit",
    }


def test_a_summary_has_six_members_at_least() -> None:
    assert places(summary(5)) == ["hasMember"]


def test_a_summary_has_the_code_of_the_published_guide_and_not_that_of_its_ballot() -> None:
    ballot = concept("http://hl7.org/fhir/uv/cgm/CodeSystem/cgm-summary-codes-temporary", "cgm-summary")
    assert places(summary(code=ballot)) == ["code"]


def test_every_profile_was_tried() -> None:
    readings = {"cgm-sensor-reading-mass-per-volume", "cgm-sensor-reading-moles-per-volume"}
    tried = readings | {"cgm-summary", "cgm-summary-times-in-ranges"} | {row[0] for row in SINGLE}
    assert {GUIDE + name for name in tried} == set(PROFILES)
