"""What asks for too much, or cannot be read, is refused at once and by its name; nothing of it is a fault."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.fhir.ask import MOST_VALUES
from integrations.fhir.identity import server_id
from integrations.fhir.query import MOST_ALTERNATIVES
from integrations.fhir.registry import TYPES
from integrations.fhir.resources import stored
from integrations.fhir.search import EVERYWHERE, MOST_PARAMETERS
from tests.api.conftest import entries
from tests.api.ward_data import level, patient, store

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
VALUES = {
    "token": "laboratory",
    "string": "anna",
    "date": "ne2026-01-05T08:00:00Z",
    "reference": "ward.p1",
    "quantity": "5.4||mg",
    "number": "5",
    "uri": "urn:x",
}
COMPOSITES = {"quantity": "20578-1$5.4", "concept": "20578-1$x"}


def issue(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"].startswith("application/fhir+json")
    found: dict[str, Any] = answer.json()["issue"][0]
    return found


@pytest.mark.parametrize(
    ("resource_type", "name", "value"),
    [
        ("Patient", "name:contains", "q"),
        ("Patient", "_id", ".x"),
        ("Observation", "category", "q"),
        ("Observation", "code", "q"),
        ("Observation", "patient", ".x"),
        ("Observation", "date", "2026"),
        ("AuditEvent", "altid", "q"),
        ("RiskAssessment", "_lastUpdated", "2026"),
    ],
)
@pytest.mark.parametrize("count", [101, 100_000])
def test_too_many_values_of_one_parameter_are_refused(
    caller: Client, resource_type: str, name: str, value: str, count: int
) -> None:
    answer = caller.post(f"/fhir/{resource_type}/_search", f"{name}={','.join([value] * count)}", content_type=FORM)
    assert (answer.status_code, issue(answer)["code"]) == (400, "too-costly")
    plain = name.partition(":")[0]
    assert issue(answer)["expression"] == [f"http.{plain}"]
    for said in (plain, str(count), str(MOST_ALTERNATIVES)):
        assert said in issue(answer)["details"]["text"]


def test_too_many_parameters_are_refused(caller: Client) -> None:
    answer = caller.get("/fhir/Patient?" + "&".join(["gender=male"] * (MOST_PARAMETERS + 1)))
    assert (answer.status_code, issue(answer)["code"]) == (400, "too-costly")
    assert "41" in issue(answer)["details"]["text"]
    assert "40" in issue(answer)["details"]["text"]


def test_too_many_values_of_all_parameters_together_are_refused(caller: Client) -> None:
    one = "code=" + ",".join(["q"] * MOST_ALTERNATIVES)
    full = "&".join([one] * (MOST_VALUES // MOST_ALTERNATIVES))
    assert caller.post("/fhir/Observation/_search", full, content_type=FORM).status_code == 200
    answer = caller.post("/fhir/Observation/_search", f"{full}&status=final", content_type=FORM)
    assert (answer.status_code, issue(answer)["code"]) == (400, "too-costly")
    assert str(MOST_VALUES) in issue(answer)["details"]["text"]


@pytest.mark.parametrize("resource_type", [name for name, served in TYPES.items() if served.searched])
def test_as_many_as_are_taken_are_answered_for_every_parameter(caller: Client, resource_type: str) -> None:
    """The database takes the longest condition that a search can make."""
    level(patient(1), 1)
    for parameter in (*EVERYWHERE, *TYPES[resource_type].parameters):
        value = VALUES.get(parameter.kind) or COMPOSITES[parameter.name.rsplit("-", 1)[1]]
        for times in (MOST_VALUES // MOST_ALTERNATIVES, MOST_PARAMETERS):
            one = f"{parameter.name}={','.join([value] * min(MOST_ALTERNATIVES, MOST_VALUES // times))}"
            answer = caller.post(f"/fhir/{resource_type}/_search", "&".join([one] * times), content_type=FORM)
            assert answer.status_code == 200, parameter.name


def test_the_next_page_of_the_longest_search_is_answered(caller: Client) -> None:
    for number in (1, 3):
        patient(number)
    query = "&".join(["gender=female"] * (MOST_PARAMETERS - 1) + ["_count=1"])
    first = caller.get(f"/fhir/Patient?{query}").json()
    assert len(entries(caller.get(first["link"][1]["url"]))) == 1


def test_all_digests_of_a_search_are_looked_up_together(caller: Client) -> None:
    keys = [f"ward/Observation/{letter * 64}" for letter in "abc"]
    for key in keys:
        store(json.dumps({"resourceType": "Observation", "id": key.rsplit("/", 1)[1], "status": "final"}))
    wanted = sorted(server_id(key) for key in keys)
    query = f"_id={','.join(wanted)}&_id={','.join(wanted)},.x"
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = caller.get(f"/fhir/Observation?{query}")
    assert sorted(resource["id"] for resource in entries(answer)) == wanted
    walks = [query["sql"] for query in queries if "LENGTH(" in query["sql"].upper()]
    assert len(walks) == 1


def test_a_system_without_a_code_is_no_id(caller: Client) -> None:
    patient(1)
    for resource_type in [name for name, served in TYPES.items() if served.searched]:
        assert entries(caller.get(f"/fhir/{resource_type}?_id=urn:x|")) == []


def test_a_resource_is_read_once_for_all_parameters(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    patient(1)
    read: list[str] = []
    decode = stored._decode
    monkeypatch.setattr(stored, "_decode", lambda text: read.append(text) or decode(text))
    assert len(entries(caller.get("/fhir/Patient?name=anna&gender=female&family=os&birthdate=lt2000"))) == 1
    assert len(read) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("&".join(["gender=male"] * 2000), 400, "too-costly"),
        ("name=" + "x" * 60_000_000, 413, "too-long"),
        ("birthdate=" + ",".join(["2026"] * 3000), 400, "too-costly"),
        ("gender=" + ",".join(["male"] * 3000), 400, "too-costly"),
        ("gender=%00", 400, "value"),
        ("name=a%00", 400, "value"),
        ("_id=%00", 400, "value"),
        ("_cursor=%00", 400, "value"),
        ("_count=%00", 400, "value"),
        ("_sort=%00", 400, "value"),
        ("gender:%00=x", 400, "not-supported"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_form_that_cannot_be_answered_is_no_fault(caller: Client, body: str, status: int, code: str) -> None:
    answer = caller.post("/fhir/Patient/_search", body, content_type=FORM)
    assert (answer.status_code, issue(answer)["code"]) == (status, code)


def test_an_address_with_too_many_fields_is_no_fault(caller: Client) -> None:
    answer = caller.get("/fhir/Patient?" + "&".join(["gender=male"] * 2000))
    assert (answer.status_code, issue(answer)["code"]) == (400, "too-costly")


@pytest.mark.parametrize("charset", ["bz2_codec", "utf-7", "unicode_escape", "idna", "undefined"])
def test_a_charset_that_is_none_of_the_web_is_no_fault(caller: Client, charset: str) -> None:
    content_type = f"{FORM}; charset={charset}"
    answer = caller.generic("POST", "/fhir/Patient/_search", b"name=%2B2AA-", content_type=content_type)
    assert (answer.status_code, issue(answer)["code"]) == (415, "not-supported")
    answer = caller.generic("POST", reverse("oauth-token"), b"client_id=%2B2AA-", content_type=content_type)
    assert (answer.status_code, answer.json()["error"]) == (415, "invalid_request")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii", "ISO-8859-1", "unheard-of"])
def test_a_usual_charset_is_read(caller: Client, charset: str) -> None:
    patient(1)
    answer = caller.generic("POST", "/fhir/Patient/_search", b"name=anna", content_type=f"{FORM}; charset={charset}")
    assert len(entries(answer)) == 1


@pytest.mark.parametrize("address", ["oauth-token", "oauth-revoke"])
@pytest.mark.parametrize(
    ("body", "status"),
    [("&".join(["scope=x"] * 2000), 400), ("scope=" + "x" * 60_000_000, 413), ("client_id=a%00", 400)],
    ids=["fields", "length", "NUL"],
)
def test_a_request_for_a_token_that_cannot_be_read_is_no_fault(
    client: Client, address: str, body: str, status: int
) -> None:
    answer = client.post(reverse(address), body, content_type=FORM)
    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")
