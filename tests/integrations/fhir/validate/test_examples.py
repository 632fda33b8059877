"""Valid resources of every type pass without a fault, and the R4B classes agree."""

import json

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integrations.fhir.validate.table import resource
from tests.integrations.fhir.validate.clinical import CLINICAL, Json
from tests.integrations.fhir.validate.found import found
from tests.integrations.fhir.validate.workflow import WORKFLOW

EXAMPLES = [make() for make in (*CLINICAL, *WORKFLOW)]
SERVED = """
Patient Practitioner Organization Encounter Condition AllergyIntolerance Observation Device DeviceMetric Medication
MedicationRequest MedicationAdministration MedicationStatement RiskAssessment GuidanceResponse DetectedIssue CarePlan
Flag Task Group Provenance AuditEvent Subscription OperationDefinition Binary Parameters Bundle DocumentReference
Library
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["resourceType"])
def test_a_valid_resource_has_no_fault(example: Json) -> None:
    assert found(example) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["resourceType"])
def test_the_r4b_classes_find_the_examples_valid_too(example: Json) -> None:
    get_fhir_model_class(example["resourceType"]).model_validate_json(json.dumps(example))


@pytest.mark.parametrize("resource_type", SERVED.split())
def test_every_type_has_a_table_and_an_example(resource_type: str) -> None:
    assert resource(resource_type) is not None
    assert resource_type in {example["resourceType"] for example in EXAMPLES}
