"""Elements: none unknown, none missing, arrays where R4 has arrays, and R4 rather than R4B where they differ."""

from typing import Any

import pytest

from integrations.fhir.validate.walk import DEEPEST
from tests.integrations.fhir.validate.clinical import MASKED, administration, observation, patient
from tests.integrations.fhir.validate.found import PLACE, errors, extended, found
from tests.integrations.fhir.validate.workflow import bundle, group, parameters


def test_all_faults_are_found_not_only_the_first() -> None:
    broken = {**observation(), "status": "done", "subject": {"reference": "Medication/m"}, "colour": "red"}
    broken["component"][1] = {
        "code": {},
        "valueQuantity": {"value": "80", "code": "mmHg", "system": "http://unitsofmeasure.org"},
    }
    assert sorted(errors(broken)) == [
        ("code-invalid", "Observation.component[1].valueQuantity"),
        ("code-invalid", "Observation.status"),
        ("invariant", "Observation.component[1].code"),
        ("structure", "Observation.colour"),
        ("value", "Observation.component[1].valueQuantity.value"),
        ("value", "Observation.subject.reference"),
    ]


def test_a_sentence_names_field_value_and_remedy() -> None:
    (fault,) = found({**patient(), "gender": "m"})
    assert fault.sentence == (
        'Patient.gender is "m"; send female, male, other, unknown '
        "(http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1)"
    )


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"colour": "red"}, "structure", "colour"),
        ({"_gender": {"value": "male"}}, "structure", "_gender.value"),
        ({"name": {"family": "Okafor"}}, "structure", "name"),
        ({"gender": ["male"]}, "value", "gender"),
        ({"name": []}, "structure", "name"),
        ({"name": [{}]}, "invariant", "name[0]"),
        ({"name": ["Okafor"]}, "structure", "name[0]"),
        ({"name": [{"id": "n"}]}, "invariant", "name[0]"),
        ({"name": None}, "structure", "name"),
        ({"gender": None}, "structure", "gender"),
        ({"name": [None]}, "structure", "name[0]"),
        ({"name": [{"given": [None]}]}, "structure", "name[0].given[0]"),
        ({"name": [{"given": [None, "D"], "_given": [None, MASKED]}]}, "structure", "name[0].given[0]"),
        ({"name": [{"given": ["D", None], "_given": [MASKED]}]}, "structure", "name[0].given[1]"),
        ({"name": [{"given": ["D", "E"], "_given": [MASKED]}]}, "structure", "name[0]._given"),
        ({"deceasedBoolean": False, "deceasedDateTime": "2026"}, "structure", "deceasedDateTime"),
        ({"communication": [{"preferred": True}]}, "required", "communication[0].language"),
        ({"extension": [{"url": "x", "valueFrog": 1}]}, "structure", "extension[0].valueFrog"),
    ],
)
def test_a_patient_of_the_wrong_form_is_refused(change: dict[str, Any], code: str, place: str) -> None:
    assert (code, f"Patient.{place}") in errors({**patient(), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"_gender": MASKED},
        {"name": [{"given": ["D", None], "_given": [None, MASKED]}]},
        {"name": [{"_given": [MASKED]}]},
        {"_birthDate": {"id": "b", **MASKED}},
    ],
)
def test_extensions_may_stand_beside_or_in_place_of_a_primitive(change: dict[str, Any]) -> None:
    assert errors({**patient(), **change}) == []


def test_a_required_element_may_be_an_extension_only() -> None:
    without = {name: item for name, item in observation().items() if name != "status"}
    assert errors(without) == [("required", "Observation.status")]
    assert errors({**without, "_status": MASKED}) == []


@pytest.mark.parametrize("target", ["Procedure", "Medication", "Practitioner", "Organization", "Substance"])
def test_subjects_that_only_r4b_has_are_refused(target: str) -> None:
    assert errors({**observation(), "subject": {"reference": f"{target}/1"}}) == [
        ("value", "Observation.subject.reference")
    ]


def test_members_that_only_r4b_has_are_refused() -> None:
    member = [{"entity": {"reference": "RelatedPerson/1"}}]
    assert errors({**group(), "member": member}) == [("value", "Group.member[0].entity.reference")]


@pytest.mark.parametrize("data_type", ["CodeableReference", "RatioRange", "Integer64"])
def test_data_types_that_only_r4b_or_r5_have_are_refused(data_type: str) -> None:
    assert ("structure", f"{PLACE}.value{data_type}") in errors(extended(data_type, {}))


@pytest.mark.parametrize(
    ("wrong", "code"), [("Frog", "structure"), (7, "structure"), (None, "structure"), ([], "structure")]
)
def test_unknown_types_are_refused_wherever_they_stand(wrong: Any, code: str) -> None:
    inside = bundle()
    inside["entry"][0]["resource"]["resourceType"] = wrong
    assert (code, "Bundle.entry[0].resource.resourceType") in errors(inside)
    inside = parameters()
    inside["parameter"][0]["resource"] = {"resourceType": wrong}
    assert (code, "Parameters.parameter[0].resource.resourceType") in errors(inside)


def test_a_missing_or_another_resource_type_is_refused() -> None:
    assert ("structure", "Patient.resourceType") in [
        (fault.code, fault.expression) for fault in found(patient(), '{"resourceType": "Observation"}')
    ]
    assert ("required", "Patient.resourceType") in [(fault.code, fault.expression) for fault in found(patient(), "{}")]


def test_a_type_without_a_table_is_held_to_its_r4b_class() -> None:
    inside = bundle()
    inside["entry"][2]["resource"].update(intent=5, colour="red")
    assert set(errors(inside)) == {
        ("value", "Bundle.entry[2].resource.intent"),
        ("structure", "Bundle.entry[2].resource.colour"),
    }


def test_nesting_has_a_limit() -> None:
    nested: dict[str, Any] = {"url": "x", "valueCode": "y"}
    for _ in range(DEEPEST - 3):
        nested = {"url": "x", "extension": [nested]}
    assert errors({**patient(), "extension": [nested]}) == []
    for _ in range(3):
        nested = {"url": "x", "extension": [nested]}
    (fault,) = found({**patient(), "extension": [nested]})
    assert fault.code == "too-long"


def test_a_missing_choice_is_named_without_its_types() -> None:
    without = {name: item for name, item in administration().items() if name != "medicationCodeableConcept"}
    assert errors(without) == [("required", "MedicationAdministration.medication")]


@pytest.mark.parametrize(
    ("key", "step"), [("colour", "colour"), ("a b", "`a b`"), ("a.b", "`a.b`"), ("", "``"), ("\n", "`\\u000a`")]
)
def test_an_unknown_key_is_a_step_of_fhirpath(key: str, step: str) -> None:
    assert errors({**patient(), key: 1}) == [("structure", f"Patient.{step}")]
