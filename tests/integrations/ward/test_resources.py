"""Every resource of the ward is valid FHIR R4, and right where the validator does not look."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integrations.ward.claims import profiles
from integrations.ward.log import TYPES, base_versions
from integrations.ward.patients import ward_patients
from integrations.ward.resources import LOINC, RXNORM, SNOMED, UCUM, Version
from tests.integrations.fhir.validate.found import found

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
EPOCH = datetime(2026, 3, 1, 8, tzinfo=UTC)
UNITS = {
    "20578-1": {"mg/L"},
    "2160-0": {"mg/dL"},
    "14682-9": {"umol/L"},
    "29463-7": {"kg"},
    "8302-2": {"cm"},
    "8867-4": {"/min"},
    "9279-1": {"/min"},
    "2708-6": {"%"},
    "8310-5": {"Cel"},
    "8480-6": {"mm[Hg]"},
    "8462-4": {"mm[Hg]"},
    "147842": {"/min"},
    "150456": {"%"},
}
STRIPS = ("147842", "150456")
"""Of the monitor's own nomenclature: R4 allows no SampledData under a code of a vital sign."""
LABORATORY = {"20578-1", "2160-0", "14682-9"}


@pytest.fixture(scope="module")
def versions() -> tuple[Version, ...]:
    return base_versions(ward_patients(5, EPOCH), 5)


@pytest.fixture(scope="module")
def observations(versions: tuple[Version, ...]) -> list[dict[str, Any]]:
    return [version.resource() for version in versions if version.type == "Observation"]


def test_every_resource_validates_and_every_type_occurs(versions: tuple[Version, ...]) -> None:
    found: Counter[str] = Counter()
    for version in versions:
        resource = version.resource()
        get_fhir_model_class(version.type).model_validate(resource)
        assert resource["meta"]["versionId"]
        assert resource["meta"]["lastUpdated"].endswith("Z")
        assert len(version.id) <= 64
        found[version.type] += 1
    assert set(found) == set(TYPES)


def test_every_chart_resource_names_its_profile_of_us_core_and_keeps_it(versions: tuple[Version, ...]) -> None:
    named: Counter[str] = Counter()
    for version in versions:
        resource = version.resource()
        claims = resource["meta"].get("profile", [])
        named.update(url.removeprefix(US_CORE) for url in claims)
        if version.type == "Observation":
            code = resource["code"]["coding"][0]["code"]
            assert bool(claims) == (code not in STRIPS), "SampledData of a monitor keeps no profile of vital signs"
        if claims:
            assert found(resource) == []
    assert set(named) == {
        *("patient", "encounter", "condition-encounter-diagnosis", "medicationrequest", "observation-lab"),
        *("heart-rate", "respiratory-rate", "pulse-oximetry", "body-temperature", "body-height", "body-weight"),
        "blood-pressure",
    }


def test_what_us_core_demands_beyond_r4_is_there(versions: tuple[Version, ...]) -> None:
    """The elements whose least count US Core raises from zero, and us-core-21."""
    demanded = {
        "Patient": ("identifier", "name", "gender"),
        "Encounter": ("type", "subject"),
        "Condition": ("category", "code"),
        "MedicationRequest": ("requester",),
    }
    for version in versions:
        assert all(version.body.get(element) for element in demanded.get(version.type, ())), version.reference


def test_a_claim_goes_with_the_unit_that_it_stood_on() -> None:
    rate = {"system": UCUM, "code": "/min", "value": 70, "unit": "beats/min"}
    body = {
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "valueQuantity": rate,
    }
    assert profiles("Observation", body) == [f"{US_CORE}heart-rate"]
    for changed in ({**rate, "code": "1"}, {"value": 70, "unit": "bpm"}):
        assert profiles("Observation", {**body, "valueQuantity": changed}) == []
    assert profiles("Device", {}) == []


def test_ids_are_unique_and_versions_follow_each_other(versions: tuple[Version, ...]) -> None:
    assert len({(v.reference, v.number) for v in versions}) == len(versions)
    last = {v.reference: v for v in versions if v.number == 1}
    for version in versions:
        if version.number == 2:
            assert version.updated > last[version.reference].updated


def test_references_point_to_what_is_there(versions: tuple[Version, ...]) -> None:
    there = {v.reference for v in versions}

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["reference"]] if isinstance(node.get("reference"), str) else []
            return own + [r for value in node.values() for r in references(value)]
        return [r for item in node for r in references(item)] if isinstance(node, list) else []

    assert {r for v in versions for r in references(v.body)} <= there


def test_units_are_the_ucum_units_of_their_codes(observations: list[dict[str, Any]]) -> None:
    seen: Counter[str] = Counter()
    for observation in observations:
        for part in [observation, *observation.get("component", [])]:
            code = part["code"]["coding"][0]
            assert code["system"] == ("urn:iso:std:iso:11073:10101" if code["code"] in STRIPS else LOINC)
            assert ("valueSampledData" in part) is (code["code"] in STRIPS)
            quantity = part.get("valueQuantity") or part.get("valueSampledData", {}).get("origin")
            if quantity is not None:
                assert quantity["system"] == UCUM
                assert quantity["code"] in UNITS[code["code"]]
                seen[code["code"]] += 1
    assert set(seen) == set(UNITS)


def test_each_observation_says_what_kind_of_whom_when_and_by_which_device(observations: list[dict[str, Any]]) -> None:
    for observation in observations:
        code = observation["code"]["coding"][0]["code"]
        kind = "laboratory" if code in LABORATORY else "procedure" if code in STRIPS else "vital-signs"
        assert [c["code"] for category in observation["category"] for c in category["coding"]] == [kind]
        assert observation["status"] == "final"
        assert observation["subject"]["reference"].startswith("Patient/")
        assert "effectiveDateTime" in observation or "effectivePeriod" in observation
        assert observation["device"]["reference"].startswith("Device/")
        if kind == "laboratory":
            assert observation["effectiveDateTime"] < observation["issued"] == observation["meta"]["lastUpdated"]


def test_monitors_send_an_hour_of_five_minute_points_with_some_that_are_not_numbers(
    observations: list[dict[str, Any]],
) -> None:
    strips = [o for o in observations if "valueSampledData" in o]
    points: Counter[str] = Counter()
    for strip in strips:
        data = strip["valueSampledData"]
        assert (data["period"], data["dimensions"]) == (300_000, 1)
        parts = data["data"].split()
        start, end = (datetime.fromisoformat(strip["effectivePeriod"][side]) for side in ("start", "end"))
        assert (end - start).total_seconds() * 1000 == (len(parts) - 1) * data["period"]
        for part in parts:
            if part.isdigit():
                value = data["origin"]["value"] + data["factor"] * int(part)
                assert data["lowerLimit"] <= value <= data["upperLimit"]
                points["number"] += 1
            else:
                points[part] += 1
    assert len(strips) > 100
    assert set(points) == {"number", "E", "U", "L"}
    assert points["number"] > 0.95 * points.total()


def test_devices_have_names_and_monitors_belong_to_a_patient(versions: tuple[Version, ...]) -> None:
    devices = [v.resource() for v in versions if v.type == "Device"]
    assert all(device["deviceName"][0]["name"] for device in devices)
    assert all("patient" in device for device in devices if device["id"].endswith("-monitor"))
    assert len({device["serialNumber"] for device in devices}) == len(devices)


def test_orders_say_how_much_how_often_and_how_long_and_are_stopped_later(versions: tuple[Version, ...]) -> None:
    orders = [v.resource() for v in versions if v.type == "MedicationRequest"]
    for order in orders:
        assert order["medicationCodeableConcept"]["coding"][0] == {
            "system": RXNORM,
            "code": "11124",
            "display": "vancomycin",
        }
        (instruction,) = order["dosageInstruction"]
        repeat = instruction["timing"]["repeat"]
        assert (repeat["periodUnit"], repeat["durationUnit"]) == ("h", "h")
        assert repeat["period"] in (8.0, 12.0, 24.0, 48.0)
        assert instruction["doseAndRate"][0]["doseQuantity"]["code"] == "mg"
        assert not any(name.startswith("asNeeded") for name in instruction)
        assert ("end" in repeat["boundsPeriod"]) == (order["status"] == "stopped")
    assert Counter(order["status"] for order in orders)["stopped"] == len(orders) / 2


def test_doses_say_when_how_much_and_at_which_rate(versions: tuple[Version, ...]) -> None:
    given = [v.resource() for v in versions if v.type == "MedicationAdministration"]
    by_status = Counter(dose["status"] for dose in given)
    assert by_status["not-done"] == 1
    endless = 0
    for dose in given:
        assert dose["request"]["reference"].startswith("MedicationRequest/")
        if dose["status"] == "not-done":
            assert dose["statusReason"][0]["text"]
            assert "dosage" not in dose
            continue
        amount = dose["dosage"]["dose"]
        assert amount["code"] == "mg"
        period = dose["effectivePeriod"]
        if "end" not in period:
            endless += 1
            assert "rateQuantity" not in dose["dosage"]
            continue
        hours = (datetime.fromisoformat(period["end"]) - datetime.fromisoformat(period["start"])).total_seconds() / 3600
        assert dose["dosage"]["rateQuantity"]["value"] == pytest.approx(amount["value"] / hours, abs=0.06)
        assert period["end"] <= dose["meta"]["lastUpdated"]
    assert endless == 1


def test_the_dialysis_patient_has_the_condition_that_says_so(versions: tuple[Version, ...]) -> None:
    found = [
        v.resource()
        for v in versions
        if v.type == "Condition"
        and v.body["code"]["coding"][0] | {"display": ""} == {"system": SNOMED, "code": "105502003", "display": ""}
    ]
    assert len(found) == 1
    assert found[0]["clinicalStatus"]["coding"][0]["code"] == "active"


def test_people_have_a_name_a_record_number_a_birth_date_and_a_bed(versions: tuple[Version, ...]) -> None:
    people = [v.resource() for v in versions if v.type == "Patient"]
    assert len({person["identifier"][0]["value"] for person in people}) == len(people)
    for person in people:
        assert person["name"][0]["family"]
        assert person["gender"] in ("female", "male")
        assert person["birthDate"] < "2008-01-01"
    beds = [v.body["location"][0]["location"]["display"] for v in versions if v.type == "Encounter"]
    assert len(set(beds)) == len(people)
