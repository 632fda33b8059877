"""Faults as an OperationOutcome, which is itself valid."""

from integrations.fhir.validate.outcome import outcome
from tests.integrations.fhir.validate.clinical import patient
from tests.integrations.fhir.validate.found import found


def test_every_fault_is_an_issue_with_its_expression() -> None:
    said = outcome(found({**patient(), "gender": "m", "colour": "red"}))
    assert [(issue["severity"], issue["code"], issue["expression"]) for issue in said["issue"]] == [
        ("error", "code-invalid", ["Patient.gender"]),
        ("error", "structure", ["Patient.colour"]),
    ]
    assert said["issue"][1]["details"]["text"].startswith("Patient.colour is no element of Patient")
    assert found(said) == []


def test_no_fault_is_said_too() -> None:
    said = outcome([])
    assert said["issue"][0]["severity"] == "information"
    assert found(said) == []
