"""Required bindings: each bound element takes its codes from its value set of R4, and nothing else."""

from typing import Any

import pytest

from integrations.fhir.validate.bindings import value_sets
from integrations.fhir.validate.table import Form, Kind, datatypes, resource
from tests.integrations.fhir.validate.clinical import allergy, condition, observation, patient
from tests.integrations.fhir.validate.found import errors, extended
from tests.integrations.fhir.validate.test_examples import EXAMPLES, SERVED
from tests.integrations.fhir.validate.workflow import issue
from tests.integrations.resources import concept

# https://hl7.org/fhir/R4, the page of each type: element, value set, and how many codes it has.
BOUND = [
    *(("Patient", "gender", "administrative-gender", 4), ("Observation", "status", "observation-status", 8)),
    *(("RiskAssessment", "status", "observation-status", 8), ("DetectedIssue", "status", "observation-status", 8)),
    *(("Encounter", "status", "encounter-status", 9), ("MedicationRequest", "status", "medicationrequest-status", 8)),
    *(("MedicationRequest", "intent", "medicationrequest-intent", 8), ("Task", "status", "task-status", 12)),
    *(("MedicationAdministration", "status", "medication-admin-status", 7), ("Flag", "status", "flag-status", 3)),
    *(("MedicationStatement", "status", "medication-statement-status", 8), ("Group", "type", "group-type", 6)),
    *(("Device", "status", "device-status", 4), ("Medication", "status", "medication-status", 3)),
    *(("DeviceMetric", "category", "metric-category", 4), ("CarePlan", "status", "request-status", 7)),
    *(("CarePlan", "intent", "care-plan-intent", 4), ("AuditEvent", "action", "audit-event-action", 5)),
    *(("AuditEvent", "outcome", "audit-event-outcome", 4), ("Subscription", "status", "subscription-status", 4)),
    *(("GuidanceResponse", "status", "guidance-response-status", 6), ("Bundle", "type", "bundle-type", 9)),
    *(("OperationDefinition", "kind", "operation-kind", 2), ("Library", "status", "publication-status", 4)),
    *(("DocumentReference", "status", "document-reference-status", 3), ("Binary", "contentType", "mimetypes", 0)),
]


@pytest.mark.parametrize(("resource_type", "element", "name", "size"), BOUND)
def test_elements_are_bound_to_the_value_sets_of_r4(resource_type: str, element: str, name: str, size: int) -> None:
    kind = resource(resource_type)
    assert kind is not None
    binding = kind.fields[element].binding
    assert binding is not None
    assert binding.canonical == f"http://hl7.org/fhir/ValueSet/{name}|4.0.1"
    assert len(binding.codes) == size


@pytest.mark.parametrize("name", sorted(value_sets()))
def test_every_value_set_has_codes_or_a_pattern(name: str) -> None:
    value_set = value_sets()[name]
    assert value_set.url.startswith("http://hl7.org/fhir/ValueSet/")
    assert bool(value_set.codes) != (value_set.pattern is not None)
    assert not value_set.holds("no such code")


def _bound(kind: Kind, value: dict[str, Any]) -> list[tuple[dict[str, Any], str, int]]:
    """Each code with a binding below a resource: its holder, its name, and its index or -1."""
    found: list[tuple[dict[str, Any], str, int]] = []
    for name, item in value.items():
        field = kind.fields[name]
        for index, one in enumerate(item) if field.many else [(-1, item)]:
            if field.form is Form.PRIMITIVE and field.binding is not None:
                found.append((value, name, index))
            elif field.form in (Form.ELEMENT, Form.REFERENCE) and isinstance(one, dict):
                found += _bound(field.kind, one)
    return found


@pytest.mark.parametrize("resource_type", SERVED.split())
def test_no_bound_code_of_the_examples_may_be_another(resource_type: str) -> None:
    kind = resource(resource_type)
    assert kind is not None
    for example in (one for one in EXAMPLES if one["resourceType"] == resource_type):
        for holder, name, index in _bound(kind, example):
            kept = holder[name]
            holder[name] = "no-such-code" if index < 0 else ["no-such-code"]
            assert [code for code, place in errors(example) if f".{name}" in place] == ["code-invalid"], name
            holder[name] = kept
        assert errors(example) == []


@pytest.mark.parametrize(
    ("make", "element"),
    [(allergy, "clinicalStatus"), (allergy, "verificationStatus"), (condition, "verificationStatus")],
)
def test_a_bound_concept_needs_system_and_code_of_its_set(make: Any, element: str) -> None:
    sound = make()
    system, code = (sound[element]["coding"][0][name] for name in ("system", "code"))
    place = f"{sound['resourceType']}.{element}"
    for wrong in (
        concept(system, "frog"),
        concept("http://example.org", code),
        {"text": code},
        {"coding": [{"code": code}]},
    ):
        assert ("code-invalid", place) in errors({**sound, element: wrong})
    more = {"coding": [{"system": "http://local", "code": "x"}, *sound[element]["coding"]]}
    assert errors({**sound, element: more}) == []


def test_codes_that_stand_in_lists_are_checked_one_by_one() -> None:
    assert errors({**allergy(), "category": ["food", "frog"]}) == [("code-invalid", "AllergyIntolerance.category[1]")]


def test_r4_knows_no_mitigated_issue() -> None:
    assert errors({**issue(), "status": "mitigated"}) == [("code-invalid", "DetectedIssue.status")]


@pytest.mark.parametrize(
    ("mime", "sound"), [("image/svg+xml", True), ("text/plain; charset=utf-8", True), ("text", False)]
)
def test_content_types_are_mime_types(mime: str, sound: bool) -> None:
    assert (errors(extended("Attachment", {"contentType": mime, "url": "http://a"})) == []) is sound


@pytest.mark.parametrize(("currency", "sound"), [("EUR", True), ("eur", False), ("EURO", False)])
def test_currencies_are_three_capitals(currency: str, sound: bool) -> None:
    assert (errors(extended("Money", {"value": 1, "currency": currency})) == []) is sound


@pytest.mark.parametrize("comparator", ["<", "<=", ">=", ">"])
def test_the_comparators_of_quantity(comparator: str) -> None:
    assert errors(extended("Quantity", {"value": 1, "comparator": comparator})) == []
    assert errors(extended("Quantity", {"value": 1, "comparator": "="})) == [
        ("code-invalid", "Flag.extension[0].valueQuantity.comparator")
    ]


def test_a_status_of_the_wrong_kind_is_a_value_fault() -> None:
    assert errors({**observation(), "status": 5}) == [("value", "Observation.status")]
    assert errors({**patient(), "gender": {}}) == [("value", "Patient.gender")]


def test_the_data_types_have_tables() -> None:
    assert {"Quantity", "SimpleQuantity", "Age", "Timing", "Dosage", "Reference", "Meta"} <= datatypes().keys()
