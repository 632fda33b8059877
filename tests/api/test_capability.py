"""The CapabilityStatement is for anybody, valid, and says no more and no less than what is served."""

from typing import Any

import msgspec
import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.models import AuditEvent
from integrations.fhir import capability
from integrations.fhir.include import read_include
from integrations.fhir.registry import OPERATIONS, TYPES

pytestmark = pytest.mark.django_db
A_VALUE = {
    "token": "x",
    "string": "x",
    "date": "2026",
    "reference": "x",
    "uri": "urn:x",
    "quantity": "5.4||mg",
    "number": "5.4",
}


def statement(client: Client) -> dict[str, Any]:
    answer = client.get("/fhir/metadata")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/fhir+json; charset=utf-8"
    return dict(answer.json())


def value_of(parameter: dict[str, Any]) -> str:
    if parameter["type"] == "composite":
        return "x$5.4" if parameter["name"].endswith("quantity") else "x$y"
    return A_VALUE[parameter["type"]]


def test_it_is_valid_and_needs_no_token(client: Client) -> None:
    found = statement(client)
    get_fhir_model_class("CapabilityStatement").model_validate(found)
    assert (found["fhirVersion"], found["kind"]) == ("4.0.1", "instance")
    assert found["name"].isidentifier(), "cpb-0: programs make a name of it"
    assert found["implementation"]["url"] == "http://testserver/fhir"
    security = found["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    oauth = {one["url"]: one["valueUri"] for one in security["extension"][0]["extension"]}
    assert oauth["token"] == "http://testserver/oauth/token"
    assert oauth["authorize"] == "http://testserver/oauth/authorize"
    assert not AuditEvent.objects.exists()
    assert client.get("/fhir/metadata", headers={"Accept": "application/fhir+xml"}).status_code == 406
    assert client.post("/fhir/metadata").status_code == 405


def test_it_says_what_guides_it_keeps_and_what_comes_along(client: Client) -> None:
    found = statement(client)
    assert found["instantiates"] == [
        "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server",
        "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data",
    ]
    assert found["rest"][0]["security"]["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    types = {item["type"]: item for item in found["rest"][0]["resource"]}
    assert set(types) == set(TYPES)
    assert "MedicationRequest:medication" in types["MedicationRequest"]["searchInclude"]
    assert "Provenance:target" in types["Observation"]["searchRevInclude"]
    assert "Observation:patient" in types["Patient"]["searchRevInclude"]
    assert "searchParam" not in types["Binary"]


def test_every_include_that_it_declares_is_taken(caller: Client) -> None:
    for resource in statement(caller)["rest"][0]["resource"]:
        for control in ("searchInclude", "searchRevInclude"):
            for value in resource.get(control, ()):
                assert any(
                    one.parameters
                    for one in read_include(
                        "_include" if control == "searchInclude" else "_revinclude", value, resource["type"]
                    )
                )


def test_interactions_operations_and_guides_are_those_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = OPERATIONS["export"]
    of_patient = OPERATIONS["everything"]
    monkeypatch.setattr(capability, "OPERATIONS", {one.name: one for one in (whole, of_patient)})
    monkeypatch.setattr(capability, "WRITES", frozenset({"create", "update"}))
    monkeypatch.setattr(capability, "HISTORY", ("history-instance",))
    monkeypatch.setattr(capability, "SYSTEM", ("transaction",))
    found = capability.statement("http://x/fhir/", "http://x/token")
    get_fhir_model_class("CapabilityStatement").model_validate_json(msgspec.json.encode(found))
    rest = found["rest"][0]
    assert capability.BULK_DATA in found["instantiates"]
    assert rest["operation"] == [{"name": "export", "definition": whole.canonical}]
    assert rest["interaction"] == [{"code": "transaction"}]
    types = {item["type"]: item for item in rest["resource"]}
    assert types["Patient"]["operation"] == [{"name": "everything", "definition": of_patient.canonical}]
    codes = [item["code"] for item in types["Observation"]["interaction"]]
    assert codes == ["read", "vread", "search-type", "create", "update", "history-instance"]
    assert types["Observation"]["conditionalCreate"]
    assert types["Observation"]["updateCreate"]
    assert types["Observation"]["versioning"] == "versioned-update"
    assert types["AuditEvent"]["versioning"] == "no-version"
    assert not types["AuditEvent"]["conditionalCreate"]
    assert not types["Library"]["updateCreate"]


def test_the_types_that_were_promised_are_there(client: Client) -> None:
    types = {item["type"] for item in statement(client)["rest"][0]["resource"]}
    assert types >= {"Patient", "Observation", "MedicationAdministration", "RiskAssessment", "AuditEvent"}


def test_what_it_declares_is_taken_even_under_strict_handling(caller: Client) -> None:
    for resource in statement(caller)["rest"][0]["resource"]:
        for parameter in resource.get("searchParam", ()):
            answer = caller.get(
                f"/fhir/{resource['type']}",
                {parameter["name"]: value_of(parameter)},
                headers={"Prefer": "handling=strict"},
            )
            assert answer.status_code == 200, (resource["type"], parameter["name"], answer.content)
        codes = {item["code"] for item in resource["interaction"]}
        assert "read" in codes
        assert ("search-type" in codes) is ("searchParam" in resource)


def test_what_it_does_not_declare_is_refused_under_strict_handling(caller: Client) -> None:
    for resource in statement(caller)["rest"][0]["resource"]:
        declared = {parameter["name"] for parameter in resource.get("searchParam", ())}
        for name in {"code", "birthdate", "date", "encounter", "_text", "colour"} - declared:
            answer = caller.get(f"/fhir/{resource['type']}?{name}=2026", headers={"Prefer": "handling=strict"})
            assert answer.status_code == 400, (resource["type"], name)
