"""References: their form, what they may point to, and contained resources."""

from typing import Any

import pytest

from tests.integrations.fhir.validate.clinical import observation, patient
from tests.integrations.fhir.validate.found import errors, found
from tests.integrations.fhir.validate.workflow import URN, bundle, organization, provenance

ROOM = {"resourceType": "Location", "id": "room", "name": "4"}


def _about(reference: str, **more: Any) -> dict[str, Any]:
    return {**observation(), "subject": {"reference": reference, **more}}


@pytest.mark.parametrize(
    "reference",
    [
        *(
            "Patient/1",
            "Patient/1/_history/2",
            "Group/a.b-c",
            "Device/d",
            "Location/l",
            "Patient?identifier=http://a|1",
        ),
        *("https://peer.test/fhir/Patient/1", "https://peer.test/fhir/Patient/1/_history/3", "https://peer.test/x"),
        *("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:oid:1.2.3", "http://peer.test/Medication"),
    ],
)
def test_a_reference_to_a_type_that_may_stand_there_is_accepted(reference: str) -> None:
    assert found(_about(reference)) == []


@pytest.mark.parametrize(
    "reference",
    [
        *("Medication/1", "Observation/1/_history/2", "Medication?code=x", "https://peer.test/fhir/Medication/1"),
        *("https://peer.test/Encounter/1/_history/3", "Frog/1", "patient/1", "Patient", "Patient/", "Patient/a_b", "1"),
        *("Patient/1/x", "Patient/1/_history/", "/Patient/1", f"Patient/{'a' * 65}", "Patient 1", "#nobody"),
    ],
)
def test_another_reference_is_refused(reference: str) -> None:
    assert errors(_about(reference)) == [("value", "Observation.subject.reference")]


def test_a_reference_to_anything_may_point_to_anything() -> None:
    assert errors({**provenance(), "target": [{"reference": "Medication/1"}, {"reference": "ServiceRequest/1"}]}) == []


def test_the_type_of_a_reference_must_agree_with_its_text() -> None:
    assert errors(_about("Patient/1", type="Patient")) == []
    assert errors(_about("Patient/1", type="http://hl7.org/fhir/StructureDefinition/Patient")) == []
    assert errors(_about("Patient/1", type="Device")) == [("value", "Observation.subject.type")]


def test_a_logical_reference_is_held_to_its_type() -> None:
    logical = {"identifier": {"system": "http://a", "value": "1"}}
    assert errors({**observation(), "subject": logical}) == []
    assert errors({**observation(), "subject": {**logical, "type": "Patient"}}) == []
    assert errors({**observation(), "subject": {**logical, "type": "Medication"}}) == [
        ("value", "Observation.subject.type")
    ]


def test_an_odd_urn_uuid_is_only_warned_about() -> None:
    (fault,) = found(_about("urn:uuid:patient-1"))
    assert (fault.severity, fault.expression) == ("warning", "Observation.subject.reference")


def test_a_urn_of_the_same_bundle_is_held_to_the_type_of_its_entry() -> None:
    assert errors(bundle()) == []
    wrong = bundle()
    wrong["entry"][1]["resource"]["encounter"] = {"reference": URN}
    assert errors(wrong) == [("value", "Bundle.entry[1].resource.encounter.reference")]


def test_a_contained_resource_is_held_to_its_type() -> None:
    contained = {**organization(), "id": "x", "endpoint": [{"reference": "#"}]}
    assert errors({**_about("#x"), "contained": [contained]}) == [("value", "Observation.subject.reference")]
    assert errors({**_about("#x"), "contained": [{**ROOM, "id": "x"}]}) == []


@pytest.mark.parametrize(
    ("contained", "expected"),
    [
        ([ROOM], []),
        ([{**ROOM, "id": "other"}, ROOM], [("invariant", "contained[0].id")]),
        ([{**ROOM, "partOf": {"reference": "#floor"}}, {**ROOM, "id": "floor"}], []),
        ([ROOM, {**organization(), "id": "o", "partOf": {"reference": "#"}}], []),
        ([ROOM, ROOM], [("invariant", "contained[1].id")]),
        ([ROOM, {"resourceType": "Location"}], [("required", "contained[1].id")]),
        ([{**ROOM, "meta": {"versionId": "1"}}], [("invariant", "contained[0].meta.versionId")]),
        ([{**ROOM, "meta": {"lastUpdated": "2026-01-01T00:00:00Z"}}], [("invariant", "contained[0].meta.lastUpdated")]),
        ([{**ROOM, "meta": {"security": [{"code": "R"}]}}], [("invariant", "contained[0].meta.security")]),
        ([{**ROOM, "meta": {"tag": [{"code": "x"}]}}], []),
        (
            [ROOM, {**patient(), "id": "p", "meta": {}, "link": [{"other": {"reference": "#"}, "type": "seealso"}]}],
            None,
        ),
        (["room"], [("structure", "contained[0]"), ("value", "subject.reference")]),
        ([{**ROOM, "resourceType": "Frog"}], None),
    ],
)
def test_the_rules_of_contained_resources(contained: list[Any], expected: list[tuple[str, str]] | None) -> None:
    seen = errors({**_about("#room"), "contained": contained})
    if expected is None:
        assert seen
    else:
        assert sorted(seen) == sorted((code, f"Observation.{place}") for code, place in expected)


def test_a_contained_resource_contains_none() -> None:
    nested = {**organization(), "id": "o", "endpoint": [{"reference": "#"}], "contained": [ROOM]}
    assert ("invariant", "Observation.contained[0].contained") in errors({**observation(), "contained": [nested]})


def test_a_self_reference_is_allowed() -> None:
    assert errors({**organization(), "partOf": {"reference": "#"}}) == []
