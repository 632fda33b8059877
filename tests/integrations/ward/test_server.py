"""The ward over real HTTP."""

import logging
import socket
import struct
import time
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome

from integrations.ward.log import TYPES
from integrations.ward.server import WardServer
from integrations.ward.ward import Ward

from .conftest import EPOCH, pages, resources


def outcome(response: httpx.Response, status: int) -> str:
    """The text of the OperationOutcome that came with `status`."""
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/fhir+json")
    found = OperationOutcome.model_validate(response.json())
    assert found.issue[0].severity == "error"
    return found.issue[0].details.text


def test_it_says_what_it_can_do(client: httpx.Client) -> None:
    response = client.get("metadata")
    assert response.headers["content-type"].startswith("application/fhir+json")
    statement = CapabilityStatement.model_validate(response.json())
    assert statement.fhirVersion == "4.0.1"
    assert {resource.type for resource in statement.rest[0].resource} == set(TYPES)
    for resource in statement.rest[0].resource:
        assert "_lastUpdated" in {parameter.name for parameter in resource.searchParam}


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_is_found_page_by_page_in_one_stable_order(client: httpx.Client, kind: str) -> None:
    found = pages(client, f"{kind}?_count=37")
    for page in found:
        Bundle.model_validate(page)
        assert len(page.get("entry", [])) <= 37
    everything = [entry["resource"] for page in found for entry in page["entry"]]
    keys = [(resource["meta"]["lastUpdated"], resource["id"]) for resource in everything]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys) == found[0]["total"]
    assert everything == resources(client, f"{kind}?_count=1000")


def test_a_page_has_fifty_entries_and_links_that_are_absolute(client: httpx.Client) -> None:
    page = client.get("Observation").json()
    assert len(page["entry"]) == 50
    assert {link["relation"] for link in page["link"]} == {"self", "next"}
    assert all(link["url"].startswith(str(client.base_url)) for link in page["link"])
    assert page["entry"][0]["fullUrl"] == f"{client.base_url}Observation/{page['entry'][0]['resource']['id']}"


def test_nothing_is_skipped_or_doubled_while_the_ward_goes_on(client: httpx.Client, ward: Ward) -> None:
    ward.clock.set_hours(40)
    before = {resource["id"] for resource in resources(client, "Observation?_count=1000")}
    url, found, hours = "Observation?_count=200", [], 40.0
    while url:
        page = client.get(url).json()
        found += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        hours = min(hours + 4, 60.0)
        ward.clock.set_hours(hours)
    assert len(found) == len(set(found))
    assert before < set(found)


def test_increments_by_last_updated_add_up_to_the_whole(client: httpx.Client, ward: Ward) -> None:
    ward.clock.set_hours(48)
    early = resources(client, "Observation?_count=1000")
    newest = early[-1]["meta"]["lastUpdated"]
    ward.clock.set_hours(60)
    increment = resources(client, f"Observation?_lastUpdated=gt{newest}&_count=50")
    assert {r["id"] for r in early} & {r["id"] for r in increment} == set()
    assert {r["id"] for r in early} | {r["id"] for r in increment} == {
        r["id"] for r in resources(client, "Observation?_count=1000")
    }
    middle = early[len(early) // 2]["meta"]["lastUpdated"]
    window = resources(client, f"Observation?_lastUpdated=ge{middle}&_lastUpdated=lt{newest}&_count=1000")
    assert [r["id"] for r in window] == [r["id"] for r in early if middle <= r["meta"]["lastUpdated"] < newest]


def test_what_is_not_known_yet_is_not_served(client: httpx.Client, ward: Ward) -> None:
    later = ward.patients[0].levels[0]
    url = f"Observation/{ward.patients[0].id}-vancomycin-1"
    ward.clock.set_hours(later.known_h - 0.01)
    assert "is not known" in outcome(client.get(url), 404)
    ward.clock.set_hours(later.known_h + 0.01)
    assert client.get(url).json()["valueQuantity"]["value"] == later.value
    now = (EPOCH + timedelta(hours=later.known_h + 0.01)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for kind in TYPES:
        assert all(r["meta"]["lastUpdated"] <= now for r in resources(client, f"{kind}?_count=1000"))


def test_a_patients_resources_are_found_by_reference_and_by_bare_id(client: httpx.Client) -> None:
    by_reference = resources(client, "MedicationAdministration?patient=Patient/ward-p08")
    assert by_reference
    assert by_reference == resources(client, "MedicationAdministration?patient=ward-p08")
    assert {r["subject"]["reference"] for r in by_reference} == {"Patient/ward-p08"}
    assert by_reference == resources(client, f"MedicationAdministration?patient={client.base_url}Patient/ward-p08")
    both = resources(client, "MedicationAdministration?patient=ward-p08,ward-p09&_count=7")
    assert {r["subject"]["reference"] for r in both} == {"Patient/ward-p08", "Patient/ward-p09"}
    assert [r["id"] for r in resources(client, "Patient?_id=ward-p03,ward-p01")] != []
    assert not resources(client, "Condition?patient=nobody")


def test_post_search_is_get_search(client: httpx.Client) -> None:
    posted = client.post("Condition/_search", data={"patient": "ward-p02"}).json()
    got = client.get("Condition?patient=ward-p02").json()
    assert posted["entry"] == got["entry"]


def test_count_0_only_counts(client: httpx.Client) -> None:
    page = client.get("Patient?_count=0").json()
    assert page["total"] == 14
    assert "entry" not in page


def test_a_read_has_an_etag_and_answers_304_while_nothing_changed(client: httpx.Client) -> None:
    response = client.get("Patient/ward-p01")
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["content-type"].startswith("application/fhir+json")
    for tag in ('W/"1"', '"1"', 'W/"7", W/"1"'):
        assert client.get("Patient/ward-p01", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("Patient/ward-p01", headers={"If-None-Match": 'W/"2"'}).status_code == 200
    since = {"If-Modified-Since": response.headers["last-modified"]}
    assert client.get("Patient/ward-p01", headers=since).status_code == 304
    assert client.get("Patient/ward-p01", headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_an_order_that_was_stopped_has_two_versions(client: httpx.Client, ward: Ward) -> None:
    order = "MedicationRequest/ward-p02-order-1"
    assert client.get(order).json()["status"] == "active"
    ward.clock.set_hours(101)
    assert client.get(order).json()["status"] == "stopped"
    assert client.get(f"{order}/_history/1").json()["status"] == "active"
    (page,) = pages(client, f"{order}/_history")
    Bundle.model_validate(page)
    assert [entry["resource"]["meta"]["versionId"] for entry in page["entry"]] == ["1", "2"]
    assert outcome(client.get(f"{order}/_history/3"), 404)
    assert [r["status"] for r in resources(client, "MedicationRequest?_id=ward-p02-order-1")] == ["stopped"]


def test_history_since_gives_every_version_page_by_page(client: httpx.Client, ward: Ward) -> None:
    ward.clock.set_hours(110)
    since = (EPOCH + timedelta(hours=80)).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = pages(client, f"MedicationRequest/_history?_since={since}&_count=2")
    versions = [(e["resource"]["id"], e["resource"]["meta"]["versionId"]) for page in found for e in page["entry"]]
    assert len(found) > 1
    assert ("ward-p02-order-1", "2") in versions
    assert ("ward-p02-order-1", "1") not in versions
    assert all(e["resource"]["meta"]["lastUpdated"] >= since for page in found for e in page["entry"])


def test_a_page_that_was_read_goes_on_from_its_last_entry(client: httpx.Client) -> None:
    found = pages(client, "Device?_count=4")
    for one, other in pairwise(found):
        last, first = one["entry"][-1]["resource"], other["entry"][0]["resource"]
        assert (last["meta"]["lastUpdated"], last["id"]) < (first["meta"]["lastUpdated"], first["id"])


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("Practitioner", 404, "Practitioner is not served here"),
        ("Patient/ward-p99", 404, "is not known"),
        ("Patient/ward-p99/_history", 404, "is not known"),
        ("Patient/ward-p01/name/family", 404, "is not here"),
        ("Observation?_lastUpdated=soon", 400, "give a FHIR date"),
        ("Observation?_count=x", 400, "give a whole number"),
        ("Observation?_page=%21%21", 400, "next links"),
    ],
)
def test_errors_are_operation_outcomes(client: httpx.Client, url: str, status: int, words: str) -> None:
    assert words in outcome(client.get(url), status)


def test_it_cannot_be_written_to_and_speaks_no_xml(client: httpx.Client) -> None:
    assert "read only" in outcome(client.post("Patient", json={"resourceType": "Patient"}), 405)
    assert "read only" in outcome(client.put("Patient/ward-p01", json={}), 405)
    assert "read only" in outcome(client.delete("Patient/ward-p01"), 405)
    assert outcome(client.get("Patient", headers={"Accept": "application/fhir+xml"}), 406)
    both = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0"
    assert client.get("Patient", headers={"Accept": both}).status_code == 200
    assert outcome(client.get("Patient?foo=1", headers={"Prefer": "handling=strict"}), 400)


def test_a_body_that_is_too_long_is_refused(client: httpx.Client) -> None:
    assert outcome(client.post("Patient/_search", content=b"x" * 70_000), 413)


def test_what_is_no_http_gets_an_answer_and_does_no_harm(server: WardServer, client: httpx.Client) -> None:
    with socket.create_connection(server.server_address[:2], timeout=5) as raw:
        raw.sendall(b"GET\r\n\r\n")
        assert b"OperationOutcome" in raw.makefile("rb").read()
    assert client.get("metadata").status_code == 200


def test_a_client_that_goes_away_in_the_middle_leaves_no_trace(
    server: WardServer, client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    reset_on_close = struct.pack("ii", 1, 0)
    for sent in (b"GET /fhir/Obser", b"GET /fhir/Observation?_count=1000 HTTP/1.1\r\nHost: ward\r\n\r\n"):
        raw = socket.create_connection(server.server_address[:2], timeout=5)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
        raw.sendall(sent)
        raw.close()
    assert client.get("Patient").status_code == 200
    time.sleep(0.2)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    assert capfd.readouterr().err == ""


def test_a_token_is_asked_for_where_one_is_set(client: httpx.Client, server: WardServer) -> None:
    server.token = "ward-token"
    response = client.get("Patient/unknown")
    assert outcome(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert client.get("metadata").status_code == 200
    assert client.get("Patient", headers={"Authorization": "Bearer ward-token"}).status_code == 200
    assert client.get("Patient", headers={"Authorization": "Bearer other"}).status_code == 401


def test_the_clock_is_set_from_outside(client: httpx.Client) -> None:
    set_to = client.post("../_ward/clock", json={"hours": 30}).json()
    assert set_to["now"] == "2026-03-02T14:00:00Z"
    assert client.get("../_ward/clock").json()["hours"] == 30.0
    for wrong in ({"hours": "late"}, {}, {"hours": -1}, []):
        assert client.post("../_ward/clock", json=wrong).status_code == 400
    assert client.post("../_ward/clock", content=b"{").status_code == 400
    assert client.get("../_ward/nothing").status_code == 404


def test_the_truth_can_be_asked_for(client: httpx.Client, ward: Ward) -> None:
    truth = client.get("../_ward/truth").json()
    assert len(truth["patients"]) == 9
    first = truth["patients"][0]
    assert set(first["etas"]) == set(ward.patients[0].truth.eta_names)
    true = ward.patients[0].truth.concentration(first["times_h"])
    assert first["concentration_mg_per_l"] == pytest.approx(true.tolist(), rel=1e-12)
