"""The door as a strict integrator probes it: formats, conditions, shapes and addresses, one line a probe.

Each line is a demand of https://hl7.org/fhir/R4/http.html or search.html, or a habit of a client that is in use.
"""

import json
import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from clinic.audit.models import AuditEvent
from tests.api.chart import chart
from tests.integrations.resources import observation, patient

pytestmark = pytest.mark.django_db
JSON = "application/fhir+json"
HAPI = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0"
READ, SEARCH, HISTORY = "/fhir/Patient/ward.p1", "/fhir/Patient", "/fhir/Patient/ward.p1/_history"


@pytest.fixture
def writer(db: None) -> Client:
    out = StringIO()
    call_command("integration_token", "peer", "--scope", "system/*.cruds", stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


@pytest.fixture
def charted(writer: Client) -> Client:
    chart()
    return writer


def bare(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in patient().items() if name not in ("id", "meta")} | changes


def post(client: Client, resource: dict[str, Any], content_type: str = JSON, **headers: str) -> Any:
    address = "/fhir" if resource["resourceType"] == "Bundle" else f"/fhir/{resource['resourceType']}"
    return client.post(address, json.dumps(resource), content_type=content_type, headers=headers)


def put(client: Client, address: str, resource: dict[str, Any], **headers: str) -> Any:
    return client.put(address, json.dumps(resource), content_type=JSON, headers=headers)


def said(answer: Any) -> str:
    """The words of a refusal, which is an OperationOutcome of FHIR's own media type."""
    outcome = answer.json()
    assert answer["Content-Type"].startswith(JSON)
    assert outcome["resourceType"] == "OperationOutcome"
    (first, *_) = outcome["issue"]
    assert {"severity", "code", "details"} <= first.keys()
    return str(first["details"]["text"])


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [entry["resource"]["id"] for entry in answer.json().get("entry", [])]


# formats


@pytest.mark.parametrize("address", [READ, SEARCH, HISTORY, f"{READ}/Observation", "/fhir/metadata"])
@pytest.mark.parametrize(
    ("accept", "wanted", "status"),
    [
        (HAPI, "", 200),
        ("application/fhir+json;fhirVersion=4.0", "", 200),
        ("application/fhir+json; fhirVersion=5.0", "", 406),
        ("APPLICATION/FHIR+JSON", "", 200),
        ("application/fhir+xml", "", 406),
        ("application/fhir+json;q=0", "", 406),
        ("application/fhir+xml", "json", 200),
        (JSON, "xml", 406),
        (JSON, "application/fhir%2Bxml", 406),
        (JSON, "application/fhir+json", 200),
        (JSON, "application/fhir%2Bjson;fhirVersion=4.0", 200),
    ],
)
def test_the_address_says_the_format_before_the_header_does(
    charted: Client, address: str, accept: str, wanted: str, status: int
) -> None:
    query = f"?_format={wanted}" if wanted else ""
    answer = charted.get(address + query, headers={"Accept": accept})
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith(JSON)
    if status == 406:
        assert JSON in said(answer)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/fhir+json; charset=UTF-8", 201),
        ("APPLICATION/FHIR+JSON", 201),
        ("application/fhir+json;fhirVersion=4.0", 201),
        ("application/fhir+json;fhirVersion=5.0", 415),
        ("application/fhir+xml", 415),
    ],
)
def test_a_body_is_json_of_r4(writer: Client, content_type: str, status: int) -> None:
    assert post(writer, bare(), content_type).status_code == status


# addresses


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", f"{READ}/", 200),
        ("GET", f"{SEARCH}/?_count=1", 200),
        ("GET", "/fhir/metadata/", 200),
        ("GET", "/fhir/Patient/ward%2Ep1", 200),
        ("HEAD", READ, 200),
        ("HEAD", SEARCH, 200),
        ("HEAD", "/fhir/Patient/nobody", 404),
        ("GET", "/fhir/Nothing/1/", 404),
        ("GET", f"{READ}{'/' * 2000}", 200),
        ("DELETE", HISTORY, 405),
        ("POST", READ, 405),
        ("PUT", "/fhir/AuditEvent/1", 405),
        ("POST", "/fhir/metadata", 405),
    ],
)
def test_an_address_is_taken_as_clients_write_it(charted: Client, method: str, address: str, status: int) -> None:
    answer = charted.generic(method, address, "{}", content_type=JSON)
    assert answer.status_code == status, answer.content
    if status == 405:
        assert "GET" in answer["Allow"]
        assert said(answer)
    if method == "HEAD":
        assert not answer.content


def test_a_slash_at_the_end_lets_no_stranger_in_and_is_recorded_as_without(charted: Client, client: Client) -> None:
    assert client.get(f"{READ}/").status_code == 401
    assert charted.get(f"{READ}/").status_code == 200
    event = AuditEvent.objects.latest("sequence")
    assert (event.activity, event.entity_type, event.entity_id) == ("fhir.read", "Patient", "ward.p1")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_name_of_the_scheme_is_read_in_any_case(charted: Client, scheme: str) -> None:
    token = charted.defaults["HTTP_AUTHORIZATION"].split()[1]
    assert Client().get(READ, headers={"Authorization": f"{scheme} {token}"}).status_code == 200


# reads


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("_elements=name", {"name"}, {"birthDate", "gender"}),
        ("_elements=birthDate,gender", {"birthDate", "gender"}, {"name"}),
        ("_summary=text", set(), {"birthDate", "name"}),
        ("_summary=data", {"name"}, {"text"}),
    ],
)
def test_a_read_shows_as_little_as_is_asked_for(charted: Client, query: str, there: set[str], gone: set[str]) -> None:
    body = charted.get(f"{READ}?{query}").json()
    assert there | {"id", "resourceType"} <= body.keys()
    assert not gone & body.keys()
    assert body["meta"]["tag"][-1]["code"] == "SUBSETTED"


@pytest.mark.parametrize("query", ["_summary=much", "_summary=count", "_elements="])
def test_a_shape_that_there_is_not_is_refused(charted: Client, query: str) -> None:
    answer = charted.get(f"{READ}?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in said(answer)


def test_less_than_a_whole_resource_keeps_the_choice_that_it_is_not_valid_without(charted: Client) -> None:
    body = charted.get("/fhir/MedicationRequest/ward.rx1?_elements=id").json()
    assert body["medicationReference"]["reference"] == "Medication/ward.vial"
    assert "authoredOn" not in body


@pytest.mark.parametrize("form", ['W/"{}"', '"{}"', 'W/"other", W/"{}"', '"other","{}"', "*"])
def test_a_version_that_is_known_is_not_sent_again(charted: Client, form: str) -> None:
    first = charted.get(READ)
    tag = form.format(first["ETag"].removeprefix("W/").strip('"'))
    again = charted.get(READ, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert charted.get(READ, headers={"If-Modified-Since": first["Last-Modified"]}).status_code == 304


# conditions


@pytest.mark.parametrize(
    "form",
    [
        "identifier={}",
        "?identifier={}",
        "Patient?identifier={}",
        "/Patient?identifier={}",
        "http://testserver/fhir/Patient?identifier={}",
        "HTTP://TESTSERVER/fhir/Patient?identifier={}",
    ],
)
def test_what_is_there_is_not_created_again_however_the_condition_is_written(writer: Client, form: str) -> None:
    value = uuid.uuid4().hex
    resource = bare(identifier=[{"system": "urn:site", "value": value}])
    for pipe in ("|", "%7C"):
        answers = [post(writer, resource, **{"If-None-Exist": form.format(f"urn:site{pipe}{value}")}) for _ in range(2)]
        assert {answer["Location"] for answer in answers} == {answers[0]["Location"]}
        assert answers[1].status_code == 200
    assert len(ids(writer.get(f"/fhir/Patient?identifier={value}"))) == 1


def test_a_condition_in_the_address_of_a_create_counts_as_in_its_header(writer: Client) -> None:
    resource = bare(identifier=[{"system": "urn:site", "value": "7"}])
    first, again = (
        writer.post("/fhir/Patient?identifier=urn:site%7C7&_format=json", json.dumps(resource), content_type=JSON)
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again["Location"] == first["Location"]
    entry = {"resource": resource, "request": {"method": "POST", "url": "Patient?identifier=urn:site%7C7"}}
    done = post(writer, {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}).json()["entry"][0]
    assert done["response"]["location"] == first["Location"]
    assert post(writer, resource).status_code == 201
    assert writer.post("/fhir/Patient?colour=red", json.dumps(resource), content_type=JSON).status_code == 400


@pytest.mark.parametrize("condition", ["", "colour=red", "Observation?code=1", "_count=1"])
def test_a_condition_that_says_nothing_creates_nothing(writer: Client, condition: str) -> None:
    answer = post(writer, bare(), **{"If-None-Exist": condition})
    assert answer.status_code == 400
    assert said(answer)
    assert not ids(writer.get("/fhir/Patient"))


@pytest.mark.parametrize(("tag", "status"), [("*", 412), ('W/"1"', 412), ('"1"', 412), ('W/"7"', 200)])
def test_an_update_that_wants_nothing_to_be_there_is_refused_where_it_is(writer: Client, tag: str, status: int) -> None:
    assert put(writer, "/fhir/Patient/new", bare(id="new"), **{"If-None-Match": "*"}).status_code == 201
    answer = put(writer, "/fhir/Patient/new", bare(id="new", birthDate="1950-01-01"), **{"If-None-Match": tag})
    assert answer.status_code == status, answer.content


# patches


@pytest.mark.parametrize(
    "kind", ["application/merge-patch+json", "application/json", "application/json; charset=UTF-8"]
)
def test_a_merge_patch_changes_what_it_names_and_takes_away_what_is_null(writer: Client, kind: str) -> None:
    known = post(writer, bare()).json()["id"]
    text = json.dumps(observation(of=known)).replace("15.3", "15.30")
    address = "/fhir/Observation/" + writer.post("/fhir/Observation", text, content_type=JSON).json()["id"]
    steps = {"status": "amended", "valueQuantity": {"unit": "milligram per litre"}, "category": None}
    answer = writer.patch(address, json.dumps(steps), content_type=kind)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["status"], body["valueQuantity"]["unit"]) == ("amended", "milligram per litre")
    assert "category" not in body
    assert '"value":15.30,' in writer.get(address).content.decode()


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/merge-patch+json", "[]", 400),
        ("application/merge-patch+json", '{"gender": "nonsense"}', 422),
        ("application/merge-patch+json", '{"resourceType": "Observation"}', 400),
        ("application/merge-patch+json", '{"id": "other"}', 400),
        ("application/merge-patch+json", '{"a": ' * 500 + "1" + "}" * 500, 422),
        ("application/merge-patch+json", '{"a": ' * 20000 + "1" + "}" * 20000, 400),
        ("application/json-patch+json", "{}", 400),
        ("application/fhir+json", '{"resourceType": "Parameters"}', 415),
    ],
)
def test_a_patch_that_cannot_be_is_refused(writer: Client, kind: str, body: str, status: int) -> None:
    known = post(writer, bare()).json()["id"]
    answer = writer.patch(f"/fhir/Patient/{known}", body, content_type=kind)
    assert answer.status_code == status, answer.content
    assert said(answer)
    assert writer.get(f"/fhir/Patient/{known}")["ETag"] == 'W/"1"'


# searches


@pytest.mark.parametrize("zone", ["+01:00", "%2B01:00", "%2B01%3A00"])
@pytest.mark.parametrize("prefix", ["", "ge", "le", "eq"])
def test_a_date_with_a_zone_is_read_escaped_or_not(charted: Client, zone: str, prefix: str) -> None:
    query = f"date={prefix}2026-01-05T09:00:00{zone}&code=85354-9&patient=ward.p1"
    assert ids(charted.get(f"/fhir/Observation?{query}")) == ["ward.bp1"]
    form = charted.post("/fhir/Observation/_search", query, content_type="application/x-www-form-urlencoded")
    assert ids(form) == ["ward.bp1"]


def test_a_search_by_post_without_a_form_finds_all(charted: Client) -> None:
    answer = charted.generic("POST", "/fhir/Patient/_search")
    assert ids(answer) == ids(charted.get("/fhir/Patient"))


def test_the_self_link_asks_what_was_asked(charted: Client) -> None:
    address = "/fhir/Observation?_sort=-date&_count=2&status=final&nothing=1&_include=Observation:patient"
    first = charted.get(address).json()
    (link,) = [one["url"] for one in first["link"] if one["relation"] == "self"]
    assert link.startswith("http://testserver/fhir/Observation?")
    assert "nothing" not in link
    found = [one["fullUrl"] for one in first["entry"] if one["search"]["mode"] != "outcome"]
    assert found
    assert [one["fullUrl"] for one in charted.get(link).json()["entry"]] == found


def test_all_of_a_compartment_is_found_page_by_page_and_of_nobody_else(charted: Client) -> None:
    found: list[str] = []
    address = f"{READ}/*?_count=2&_type=Patient,Observation,Encounter,MedicationRequest"
    while address:
        page = charted.get(address).json()
        found += [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in page["entry"]]
        address = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")
        assert not address or address.startswith("http://testserver/fhir/Patient/ward.p1/*?")
    assert sorted(found) == [
        "Encounter/ward.e1", "MedicationRequest/ward.rx1", "Observation/ward.bp1", "Observation/ward.k1",
        "Observation/ward.logical", "Patient/ward.p1",
    ]  # fmt: skip


def test_all_of_a_compartment_takes_a_scope_for_all_types(charted: Client) -> None:
    out = StringIO()
    call_command("integration_token", "narrow", "--scope", "system/Patient.rs", stdout=out)
    narrow = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    assert narrow.get(f"{READ}/*").status_code == 403


# bundles


def test_an_entry_of_a_batch_that_cannot_be_read_spoils_no_other(charted: Client) -> None:
    asked = [
        ("GET", "Patient/ward.p1"),
        ("GET", "/Patient/ward.p1"),
        ("GET", "http://testserver/fhir/Patient/ward.p1"),
        ("GET", "Patient/ward.p1/_history"),
        ("GET", "Patient/_history?_count=1"),
        ("GET", "Patient/ward.p1/Observation?_count=1"),
        ("GET", "Patient?_count=1"),
        ("GET", "Patient/nobody"),
        ("GET", "Patient/ward.p1/$anything"),
        ("STEAL", "Patient/ward.p1"),
        ("POST", "Patient/_search"),
        ("GET", "metadata"),
        ("GET", ""),
    ]
    entries = [{"request": {"method": method, "url": url}} for method, url in asked]
    answer = post(charted, {"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert answer.status_code == 200, answer.content
    done = answer.json()["entry"]
    assert [one["response"]["status"][:3] for one in done] == ["200"] * 7 + ["404"] * 2 + ["400", "200", "200", "400"]
    assert [one["resource"].get("type") for one in done[3:7]] == ["history", "history", "searchset", "searchset"]
    assert [one["resource"]["resourceType"] for one in done[10:12]] == ["Bundle", "CapabilityStatement"]
    assert all(done[n]["response"]["outcome"]["issue"][0]["details"]["text"] for n in (7, 8, 9, 12))


def test_an_entry_of_a_transaction_that_cannot_be_read_refuses_all_of_it(writer: Client) -> None:
    entries = [
        {"resource": bare(), "request": {"method": "POST", "url": "Patient"}},
        {"request": {"method": "GET", "url": "Patient/x/$anything"}},
    ]
    answer = post(writer, {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 400
    assert "Bundle.entry[1]" in said(answer)
    assert not ids(writer.get("/fhir/Patient"))


def test_an_observation_of_a_gateway_is_written_once_by_its_condition_in_a_transaction(writer: Client) -> None:
    known = post(writer, bare()).json()["id"]
    reading = {name: value for name, value in observation(of=known).items() if name not in ("id", "meta")}
    reading["identifier"] = [{"system": "urn:gateway", "value": "2026-01-05T08:00-150020-pump"}]
    entry = {
        "resource": reading,
        "request": {"method": "POST", "url": "Observation", "ifNoneExist": "identifier=2026-01-05T08:00-150020-pump"},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answers = [post(writer, bundle).json()["entry"][0]["response"] for _ in range(2)]
    assert [one["status"][:3] for one in answers] == ["201", "200"]
    assert answers[0]["location"] == answers[1]["location"]
