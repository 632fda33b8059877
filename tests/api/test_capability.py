"""The CapabilityStatement is for anybody, valid, and says no more and no less than what is served."""

from typing import Any

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.models import AuditEvent

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
    assert found["implementation"]["url"] == "http://testserver/fhir"
    security = found["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    oauth = {one["url"]: one["valueUri"] for one in security["extension"][0]["extension"]}
    assert oauth["token"] == "http://testserver/oauth/token"
    assert oauth["authorize"] == "http://testserver/oauth/authorize"
    assert not AuditEvent.objects.exists()
    assert client.get("/fhir/metadata", headers={"Accept": "application/fhir+xml"}).status_code == 406
    assert client.post("/fhir/metadata").status_code == 405


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
