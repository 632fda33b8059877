"""References, chains and their reverse, and what comes along with what is found."""

import json
from typing import Any

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from integrations.fhir import include
from tests.api.chart import chart, coded, keep, to
from tests.api.conftest import entries
from tests.api.ward_data import patient, store

pytestmark = pytest.mark.django_db


def ids(answer: Any) -> list[str]:
    return sorted(resource["id"].removeprefix("ward.") for resource in entries(answer))


def by_mode(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer.content
    modes: dict[str, list[str]] = {}
    for entry in answer.json().get("entry", []):
        assert entry["fullUrl"].startswith(("http://testserver/fhir/", "urn:uuid:"))
        modes.setdefault(entry["search"]["mode"], []).append(entry["resource"].get("id", "").removeprefix("ward."))
    return {mode: sorted(found) for mode, found in modes.items()}


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Observation?encounter=ward.e1", ["bp1"]),
        ("Observation?encounter=Encounter/ward.e1,Encounter/ward.e2", ["bp1", "bp2"]),
        ("Observation?encounter=http://testserver/fhir/Encounter/ward.e2", ["bp2"]),
        ("Observation?device=ward.pump", ["bp1", "bp2"]),
        ("Observation?device:Device=ward.pump&patient=ward.p1", ["bp1"]),
        ("Observation?device:DeviceMetric=ward.pump", []),
        ("Observation?performer:identifier=urn:lanr|77", ["logical"]),
        ("Observation?performer:identifier=77", ["logical"]),
        ("Observation?performer=Practitioner/ward.doc", ["k1", "k2"]),
        ("Observation?focus=http://elsewhere.test/fhir/Location/7", ["logical"]),
        ("Observation?focus=http://elsewhere.test/fhir/Location/8", []),
        ("Observation?patient=http://elsewhere.test/fhir/Patient/p1", []),
        ("Provenance?target=Observation/ward.k1", ["prov1"]),
        ("Provenance?target=ward.k1", ["prov1"]),
        ("Provenance?patient=ward.p2", ["prov2"]),
        ("Observation?subject:Patient.name=adams&code=2823-3", ["k1"]),
        ("Observation?patient.identifier=urn:test:mrn|MRN-2&code=2823-3", ["k2"]),
        ("Observation?patient.family:exact=Berger&code=2823-3", ["k2"]),
        ("Observation?patient.name=nobody", []),
        ("Observation?encounter.status=in-progress", ["bp1", "bp2"]),
        ("Observation?device.organization=ward.org", ["bp1", "bp2"]),
        ("MedicationRequest?medication.code=11124", ["rx1", "rx2"]),
        ("Patient?_has:Observation:patient:code=2823-3", ["p1", "p2"]),
        ("Patient?_has:Observation:patient:status=amended", ["p2"]),
        ("Patient?_has:Observation:patient:code=nothing", []),
        ("Device?_has:Observation:device:component-code=8480-6", ["pump"]),
        ("Medication?_has:MedicationRequest:medication:intent=order", ["vial"]),
        ("Practitioner?_has:Observation:performer:status:not=final", ["doc"]),
    ],
)
def test_resources_are_found_through_references(caller: Client, address: str, found: list[str]) -> None:
    chart()
    assert ids(caller.get(f"/fhir/{address}")) == found


@pytest.mark.parametrize(
    ("address", "modes"),
    [
        ("MedicationRequest?_include=MedicationRequest:medication", {"match": ["rx1", "rx2"], "include": ["vial"]}),
        (
            "MedicationRequest?_id=ward.rx1&_include=MedicationRequest:medication:Medication&_include=MedicationRequest:patient",
            {"match": ["rx1"], "include": ["p1", "vial"]},
        ),
        (
            "Observation?code=85354-9&patient=ward.p1&_include=Observation:*",
            {"match": ["bp1"], "include": ["e1", "p1", "pump"]},
        ),
        ("Observation?_id=ward.bp1&_include=*", {"match": ["bp1"], "include": ["e1", "p1", "pump"]}),
        ("Observation?_id=ward.bp1&_include:iterate=*", {"match": ["bp1"], "include": ["e1", "org", "p1", "pump"]}),
        ("Patient/ward.p1/Encounter?_include=*", {"match": ["e1"], "include": ["p1"]}),
        (
            "Observation?_id=ward.bp1&_include=Observation:device&_include:iterate=Device:organization",
            {"match": ["bp1"], "include": ["org", "pump"]},
        ),
        (
            "Observation?_id=ward.bp1&_include=Observation:device&_include=Device:organization",
            {"match": ["bp1"], "include": ["pump"]},
        ),
        (
            "Observation?_id=ward.bp1&_include=Observation:device:Device&_revinclude:iterate=DeviceMetric:source",
            {"match": ["bp1"], "include": ["flow", "pump"]},
        ),
        ("Observation?_id=ward.k1&_revinclude=Provenance:target", {"match": ["k1"], "include": ["prov1"]}),
        (
            "Patient?_id=ward.p2&_revinclude=Observation:patient&_revinclude=Encounter:subject",
            {"match": ["p2"], "include": ["bp2", "e2", "k2"]},
        ),
        ("Observation?_id=ward.k1&_include=Observation:performer:Patient", {"match": ["k1"]}),
        ("Observation?code=none&_include=Observation:patient", {}),
    ],
)
def test_what_is_asked_for_comes_along_once(caller: Client, address: str, modes: dict[str, list[str]]) -> None:
    chart()
    answer = caller.get(f"/fhir/{address}&_total=accurate")
    assert by_mode(answer) == modes
    assert answer.json()["total"] == len(modes.get("match", [])), "what comes along is not counted"
    get_fhir_model_class("Bundle").model_validate(answer.json())


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Provenance?patient=ward.p1", ["of-k1", "prov1"]),
        ("Provenance?patient=Patient/ward.p2", ["prov2"]),
        ("Provenance?patient=http://elsewhere.test/fhir/Patient/p1", []),
        ("Provenance?patient.name=berger", ["prov2"]),
        ("Patient/ward.p1/Provenance", ["of-k1", "prov1"]),
        ("Provenance?target=Observation/ward.k1", ["of-k1", "prov1"]),
        ("Provenance?target=Patient/ward.p1", ["prov1"]),
        ("Patient?_has:Provenance:patient:target=Observation/ward.k2", ["p2"]),
        ("Patient?_id=ward.p1&_revinclude=Provenance:patient", ["of-k1", "p1", "prov1"]),
    ],
)
def test_the_provenance_of_a_patient_is_that_of_all_that_is_about_them(
    caller: Client, address: str, found: list[str]
) -> None:
    first, _ = chart()
    target = [to("Observation/k1/_history/1")]
    keep("Provenance", "of-k1", first, target=target, recorded="2026-01-07T00:00:00Z", agent=[{"who": to("Device/x")}])
    assert ids(caller.get(f"/fhir/{address}")) == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Provenance?patient=ward.p1", ["both", "prov1"]),
        ("Provenance?patient=ward.p2", ["both", "prov2"]),
        ("Provenance?patient=ward.p1&patient=ward.p2", ["both"]),
        ("Provenance?patient.name=berger", ["both", "prov2"]),
        ("Patient/ward.p2/Provenance", ["both", "prov2"]),
        ("Patient?_has:Provenance:patient:recorded=2026-01-08", ["p1", "p2"]),
        ("Patient?_id=ward.p2&_revinclude=Provenance:patient", ["both", "p2", "prov2"]),
    ],
)
def test_a_provenance_of_two_patients_is_found_by_either(caller: Client, address: str, found: list[str]) -> None:
    first, _ = chart()
    target = [to("Observation/k1/_history/1"), to("Observation/k2/_history/1"), to("Observation/k1")]
    keep("Provenance", "both", first, target=target, recorded="2026-01-08T00:00:00Z", agent=[{"who": to("Device/x")}])
    answer = caller.get(f"/fhir/{address}&_total=accurate" if "?" in address else f"/fhir/{address}?_total=accurate")
    assert ids(answer) == found
    assert answer.json()["total"] == len(by_mode(answer)["match"])


def test_everything_that_refers_to_what_was_found_comes_along(caller: Client) -> None:
    chart()
    modes = by_mode(caller.get("/fhir/Patient?_id=ward.p1&_revinclude=*"))
    each = [
        name
        for other in next(
            item["searchRevInclude"]
            for item in caller.get("/fhir/metadata").json()["rest"][0]["resource"]
            if item["type"] == "Patient"
        )
        if other != "*" and not other.startswith("AuditEvent:")  # of the reading itself
        for name in by_mode(caller.get(f"/fhir/Patient?_id=ward.p1&_revinclude={other}")).get("include", [])
    ]
    assert modes["match"] == ["p1"]
    assert modes["include"] == sorted(set(each))
    assert {"k1", "prov1"} <= set(modes["include"])
    assert "k2" not in modes["include"], "of nobody else"


def test_what_was_found_does_not_come_along_again(caller: Client) -> None:
    chart()
    keep("Observation", "sum", code=coded("x"), status="final", hasMember=[to("Observation/k1"), to("Observation/sum")])
    answer = caller.get("/fhir/Observation?_id=ward.sum,ward.k1&_include=Observation:has-member")
    assert by_mode(answer) == {"match": ["k1", "sum"]}


def test_a_circle_of_references_ends(caller: Client) -> None:
    for number in range(8):
        member = [to(f"Observation/o{(number + 1) % 8}")]
        keep("Observation", f"o{number}", code=coded("x"), status="final", hasMember=member)
    address = "/fhir/Observation?_id=ward.o0&_include=Observation:has-member&_include:iterate=Observation:has-member"
    modes = by_mode(caller.get(address))
    assert modes["include"] == ["o1", "o2", "o3", "o4"]
    assert "outcome" in modes, "it says that there is more"


def test_too_much_to_come_along_is_cut_and_said(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(include, "MOST_INCLUDED", 2)
    chart()
    answer = caller.get("/fhir/Patient?_id=ward.p1&_revinclude=Observation:patient")
    assert len(by_mode(answer)["include"]) == 2
    assert answer.json()["entry"][-1]["resource"]["issue"][0]["code"] == "too-costly"


@pytest.mark.parametrize(
    "query",
    [
        "_include=Observation",
        "_include=Observation:code",
        "_include=Nonsense:patient",
        "_include=Observation:nonsense",
        "_include=Observation:patient:Nonsense",
        "_include:forever=Observation:patient",
        "_revinclude=Provenance:nonsense",
        "patient.nonsense=x",
        "patient.organization.name=x",
        "subject:Nonsense.name=x",
        "code.name=x",
        "patient.birthdate=yesterday",
        "_has:Observation=x",
        "_has:Nonsense:patient:code=x",
        "_has:Observation:nonsense:code=x",
        "_has:Observation:patient:nonsense=x",
        "_has:Observation:patient:_has:Provenance:target:_id=x",
        "&".join(["patient.name=x"] * 11),
    ],
)
def test_what_cannot_be_followed_is_refused(caller: Client, query: str) -> None:
    answer = caller.get("/fhir/Observation?" + query)
    assert answer.status_code == 400, answer.content
    get_fhir_model_class("OperationOutcome").model_validate(answer.json())


def test_a_chain_through_too_many_is_refused(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.fhir.chain.MOST_CHAINED", 2)
    for number in range(3):
        patient(number)
    answer = caller.get("/fhir/Observation?patient.name=anna")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "too-costly")


def test_a_reference_that_a_bundle_named_is_found_when_its_target_comes_later(caller: Client) -> None:
    who = patient(1)
    body = {
        "resourceType": "Observation", "id": "o1", "status": "final", "code": coded("x"),
        "subject": to("Patient/p1"), "encounter": to("urn:uuid:e77"),
    }  # fmt: skip
    store(json.dumps(body), subject=who.subject)
    keep("Encounter", "e77", who, status="finished", subject=to("Patient/p1"))
    assert ids(caller.get("/fhir/Observation?encounter=Encounter/ward.e77")) == ["o1"]
