"""$everything, $lastn, $validate, and what the server says of its operations."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.patients.models import Patient
from integrations.fhir.registry import OPERATIONS
from integrations.fhir.validate.faults import faults
from tests.api import ward_data
from tests.api.conftest import entries
from tests.api.twin_patient import charted, learned
from tests.integrations.fhir.publish.conftest import exactly

pytestmark = pytest.mark.django_db
JSON = "application/fhir+json"


@pytest.fixture
def patient(db: None) -> Patient:
    """With resources of the ward, published twins, and another patient beside."""
    found = charted()[0]
    for number in range(5):
        ward_data.level(found, number, hours=float(number), value=f"{number + 10}.50")
    ward_data.infusion(found, 1, hours=0.0)
    learned(found)
    other = ward_data.patient(2)
    ward_data.level(other, 77)
    return found


def with_scope(scope: str) -> Client:
    out = StringIO()
    call_command("integration_token", f"of-{len(scope)}", "--scope", scope, stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


def pages(caller: Client, url: str) -> list[dict[str, Any]]:
    found = []
    while url:
        answer = caller.get(url)
        assert answer.status_code == 200, answer.content
        bundle = answer.json()
        found += [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]
        url = {link["relation"]: link["url"] for link in bundle["link"]}.get("next", "")
        assert not url or "/Patient/ward.p1/$everything?" in url
    return found


def names(resources: list[dict[str, Any]]) -> list[str]:
    return [f"{one['resourceType']}/{one['id']}" for one in resources]


def test_everything_is_all_of_one_patient_and_of_nobody_else(caller: Client, patient: Patient) -> None:
    found = names(pages(caller, "/fhir/Patient/ward.p1/$everything"))
    kinds = {name.split("/")[0] for name in found}
    assert kinds >= {"Patient", "Observation", "MedicationAdministration", "RiskAssessment", "CarePlan"}
    assert "AuditEvent" not in kinds
    assert "Patient/ward.p2" not in found
    assert "Observation/ward.o77" not in found
    assert len(set(found)) == len(found)


def test_everything_comes_in_pages_that_hold_the_same(caller: Client, patient: Patient) -> None:
    whole = names(pages(caller, "/fhir/Patient/ward.p1/$everything"))
    assert names(pages(caller, "/fhir/Patient/ward.p1/$everything?_count=4")) == whole


def test_everything_is_narrowed_by_type_and_time(caller: Client, patient: Patient) -> None:
    only = pages(caller, "/fhir/Patient/ward.p1/$everything?_type=Patient,MedicationAdministration")
    assert sorted(names(only)) == ["MedicationAdministration/ward.m1", "Patient/ward.p1"]
    since = pages(caller, "/fhir/Patient/ward.p1/$everything?_since=2026-01-05T12:00:00Z&_type=Observation&_count=2")
    assert "Observation/ward.o3" in names(since)
    assert "Observation/ward.o2" not in names(since)


def test_everything_of_a_time_is_the_care_of_it_and_what_has_no_date(caller: Client, patient: Patient) -> None:
    url = "/fhir/Patient/ward.p1/$everything?_type=Patient,Observation,MedicationAdministration&_count=2"
    levels = {f"Observation/ward.o{number}" for number in range(5)}
    found = set(names(pages(caller, f"{url}&start=2026-01-05T10:30:00Z&end=2026-01-05T11:00:00Z")))
    assert "Patient/ward.p1" in found
    assert found & levels == {"Observation/ward.o3"}
    assert "MedicationAdministration/ward.m1" not in found, "it ended before"
    found = set(names(pages(caller, f"{url}&end=2026-01-05T09:00:00Z")))
    assert found & levels == {"Observation/ward.o0", "Observation/ward.o1"}
    assert "MedicationAdministration/ward.m1" in found
    assert set(names(pages(caller, f"{url}&start=2026-01-05&end=2026-01-05"))) >= levels


def test_provenance_and_device_come_along(caller: Client, patient: Patient) -> None:
    bundle = caller.get("/fhir/Patient/ward.p1/$everything?_count=200").json()
    modes = {e["resource"]["resourceType"]: e["search"]["mode"] for e in bundle["entry"]}
    assert (modes["Provenance"], modes["Device"]) == ("match", "include"), "Provenance is in the patient's compartment"


@pytest.mark.parametrize(
    "query", ["_type=Nothing", "_count=x", "_since=soon", "colour=red", "start=ge2026", "end=soon", "_cursor=x"]
)
def test_everything_refuses_what_it_does_not_know(caller: Client, patient: Patient, query: str) -> None:
    answer = caller.get(f"/fhir/Patient/ward.p1/$everything?{query}")
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_everything_ends_where_the_scope_ends(patient: Patient) -> None:
    narrow = with_scope("system/Patient.rs system/MedicationAdministration.rs")
    bundle = narrow.get("/fhir/Patient/ward.p1/$everything?_count=200").json()
    assert {e["resource"]["resourceType"] for e in bundle["entry"]} == {"Patient", "MedicationAdministration"}
    assert with_scope("system/Observation.rs").get("/fhir/Patient/ward.p1/$everything").status_code == 403


def test_lastn_gives_the_newest_of_each_code(caller: Client, patient: Patient) -> None:
    found = entries(caller.get("/fhir/Observation/$lastn", {"patient": "ward.p1", "category": "laboratory"}))
    assert names(found) == ["Observation/ward.o4"]
    found = entries(caller.get("/fhir/Observation/$lastn", {"patient": "Patient/ward.p1", "code": "20578-1", "max": 3}))
    assert names(found) == ["Observation/ward.o4", "Observation/ward.o3", "Observation/ward.o2"]
    estimates = entries(caller.get("/fhir/Observation/$lastn", {"patient": "ward.p1", "category": "estimate"}))
    codes = [one["code"]["coding"][0]["code"] for one in estimates]
    assert len(codes) == len(set(codes)) >= 4


@pytest.mark.parametrize("query", ["", "patient=ward.p1&max=0", "patient=ward.p1&max=x", "patient=ward.p1&colour=red"])
def test_lastn_refuses_what_it_cannot_answer(caller: Client, patient: Patient, query: str) -> None:
    assert caller.get(f"/fhir/Observation/$lastn?{query}").status_code == 400


def test_lastn_of_a_stranger_or_without_scope_is_refused(client: Client, patient: Patient) -> None:
    assert client.get("/fhir/Observation/$lastn?patient=ward.p1").status_code == 401
    assert with_scope("system/Patient.rs").get("/fhir/Observation/$lastn?patient=ward.p1").status_code == 403


def validated(caller: Client, address: str, resource: dict[str, Any], **parameters: str) -> list[dict[str, Any]]:
    given = [{"name": name, "valueCode": text} for name, text in parameters.items()]
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *given]}
    answer = caller.post(f"/fhir/{address}/$validate", json.dumps(body), content_type=JSON)
    assert answer.status_code == 200, answer.content
    get_fhir_model_class("OperationOutcome").model_validate_json(answer.content)
    return list(answer.json()["issue"])


GOOD = {"resourceType": "Patient", "gender": "male", "name": [{"family": "Okafor"}]}


def test_validate_names_every_fault_with_its_place(caller: Client) -> None:
    assert validated(caller, "Patient", GOOD)[0]["severity"] == "information"
    wrong = {**GOOD, "gender": "neither", "birthDate": "yesterday"}
    places = {issue["expression"][0] for issue in validated(caller, "Patient", wrong)}
    assert places == {"Patient.gender", "Patient.birthDate"}
    raw = caller.post("/fhir/Patient/$validate", json.dumps(wrong), content_type=JSON)
    assert {issue["expression"][0] for issue in raw.json()["issue"]} == places


def test_validate_sees_what_a_decoder_would_lose(caller: Client) -> None:
    twice = '{"resourceType": "Patient", "gender": "male", "gender": "female"}'
    body = f'{{"resourceType": "Parameters", "parameter": [{{"name": "resource", "resource": {twice}}}]}}'
    answer = caller.post("/fhir/Patient/$validate", body, content_type=JSON)
    assert "twice" in answer.json()["issue"][0]["details"]["text"]


def test_validate_says_whether_a_write_would_be_taken(caller: Client, patient: Patient) -> None:
    texts = [issue["details"]["text"] for issue in validated(caller, "Patient", GOOD, mode="create")]
    assert any("scope does not cover create" in text for text in texts)
    writer = with_scope("system/*.cruds")
    assert validated(writer, "Patient", GOOD, mode="create")[0]["severity"] == "information"
    pulled = validated(writer, "Patient/ward.p1", {**GOOD, "id": "ward.p1"}, mode="update")
    assert "another system" in pulled[0]["details"]["text"]
    gone = writer.get("/fhir/Patient/ward.p1/$validate?mode=delete").json()["issue"]
    assert "another system" in gone[0]["details"]["text"]
    assert any(
        "takes no create" in i["details"]["text"] for i in validated(writer, "RiskAssessment", {}, mode="create")
    )


def test_validate_holds_to_a_profile_that_is_named(caller: Client, patient: Patient) -> None:
    address = "http://hl7.org/fhir/StructureDefinition/heartrate"
    level = caller.get("/fhir/Observation/ward.o1").json()
    assert all(issue["severity"] == "error" for issue in validated(caller, "Observation", level, profile=address))
    stored = caller.get("/fhir/Observation/ward.o1/$validate")
    assert stored.json()["issue"][0]["severity"] == "information"


@pytest.mark.parametrize("query", ["mode=x", "mode=update", "profile=urn:x", "mode=profile", "", "colour=red"])
def test_validate_refuses_what_it_does_not_know(caller: Client, query: str) -> None:
    assert caller.get(f"/fhir/Patient/$validate?{query}").status_code == 400


def test_validate_of_an_unknown_resource_is_404(caller: Client) -> None:
    assert caller.get("/fhir/Patient/ward.p99/$validate").status_code == 404


def test_every_operation_is_defined_and_declared(caller: Client) -> None:
    found = entries(caller.get("/fhir/OperationDefinition"))
    assert sorted(one["id"] for one in found) == sorted(OPERATIONS)
    statement = caller.get("/fhir/metadata").json()
    rest = statement["rest"][0]
    declared = {one["definition"] for place in (rest, *rest["resource"]) for one in place.get("operation", ())}
    for one in found:
        text = caller.get(f"/fhir/OperationDefinition/{one['id']}").content.decode()
        assert faults("OperationDefinition", text, exactly(text)) == []
        get_fhir_model_class("OperationDefinition").model_validate_json(text)
        assert one["url"] in declared
    assert [e["id"] for e in entries(caller.get("/fhir/OperationDefinition?code=lastn"))] == ["lastn"]
    assert [e["id"] for e in entries(caller.get("/fhir/OperationDefinition?_id=what-if"))] == ["what-if"]
    first = caller.get("/fhir/OperationDefinition?_count=2").json()
    assert len(first["entry"]) == 2
    assert any(link["relation"] == "next" for link in first["link"])
