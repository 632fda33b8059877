"""A patch changes what it names, to the digit, or nothing."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.writing import of, post

pytestmark = pytest.mark.django_db


def test_a_json_patch_changes_what_it_names_and_no_other_digit(writer: Client, known: str) -> None:
    text = json.dumps(of(known)).replace("15.3", "15.30")
    identifier = post(writer, text).json()["id"]
    steps = [{"op": "replace", "path": "/status", "value": "corrected"}]
    answer = writer.patch(
        f"/fhir/Observation/{identifier}", json.dumps(steps), content_type="application/json-patch+json"
    )
    assert (answer.status_code, answer["ETag"]) == (200, 'W/"2"'), answer.content
    served = writer.get(f"/fhir/Observation/{identifier}").content.decode()
    assert '"value":15.30' in served.replace(" ", "")
    assert json.loads(served)["status"] == "corrected"


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ("{", 400),
        ("{}", 400),
        ('[{"op": "fly", "path": "/status"}]', 400),
        ('[{"op": "remove", "path": "/nothing"}]', 422),
        ('[{"op": "test", "path": "/status", "value": "x"}]', 422),
        ('[{"op": "replace", "path": "/status", "value": "nonsense"}]', 422),
        ('[{"op": "replace", "path": "", "value": 1}]', 422),
        ('[{"op": "replace", "path": "/id", "value": "other"}]', 400),
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing(writer: Client, known: str, steps: str, status: int) -> None:
    identifier = post(writer, of(known)).json()["id"]
    answer = writer.patch(f"/fhir/Observation/{identifier}", steps, content_type="application/json-patch+json")
    assert answer.status_code == status, answer.content
    assert writer.get(f"/fhir/Observation/{identifier}")["ETag"] == 'W/"1"'


def test_copies_of_copies_do_not_fill_the_memory(writer: Client, known: str) -> None:
    identifier = post(writer, of(known)).json()["id"]
    address = f"/fhir/Observation/{identifier}"
    doubled = [{"op": "copy", "from": "/code/coding", "path": "/code/coding/-"}] * 40
    nowhere = [{"op": "copy", "path": "/code/coding/-"}]
    assert writer.patch(address, json.dumps(nowhere), content_type="application/json-patch+json").status_code == 400
    answer = writer.patch(address, json.dumps(doubled), content_type="application/json-patch+json")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "too-costly")


@pytest.mark.parametrize("levels", [300, 490, 900])
def test_a_patch_that_nests_deeply_is_refused(writer: Client, known: str, levels: int) -> None:
    address = f"/fhir/Observation/{post(writer, of(known)).json()['id']}"
    merge = '{"extension":' * levels + "{}" + "}" * levels
    assert writer.patch(address, merge, content_type="application/merge-patch+json").status_code in (400, 422)
    steps = [{"op": "add", "path": "/a" * depth, "value": {}} for depth in range(1, levels)]
    answer = writer.patch(address, json.dumps(steps), content_type="application/json-patch+json")
    assert answer.status_code == 422, answer.content


@pytest.fixture
def blind(db: None) -> Client:
    """Who may change Observations and read none."""
    out = StringIO()
    call_command("integration_token", "blind", "--scope", "system/Observation.u", stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


@pytest.mark.parametrize("prefer", ["", "return=representation", "return=OperationOutcome", "return=minimal"])
@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("application/json-patch+json", "[]"),
        ("application/json-patch+json", '[{"op": "replace", "path": "/status", "value": "corrected"}]'),
        ("application/merge-patch+json", "{}"),
    ],
)
def test_a_patch_tells_nothing_to_one_who_may_change_and_not_read(
    writer: Client, blind: Client, known: str, kind: str, change: str, prefer: str
) -> None:
    address = f"/fhir/Observation/{post(writer, of(known)).json()['id']}"
    assert blind.get(address).status_code == 403
    answer = blind.patch(address, change, content_type=kind, headers={"Prefer": prefer} if prefer else {})
    assert answer.status_code == 200, answer.content
    assert b"15.3" not in answer.content
    assert b"valueQuantity" not in answer.content
    assert json.loads(answer.content or b'{"resourceType": "OperationOutcome"}')["resourceType"] == "OperationOutcome"


def test_no_value_is_guessed_by_testing_it_without_the_right_to_read(writer: Client, blind: Client, known: str) -> None:
    address = f"/fhir/Observation/{post(writer, of(known)).json()['id']}"
    for value in (15.3, 1):
        steps = [{"op": "test", "path": "/valueQuantity/value", "value": value}]
        answer = blind.patch(address, json.dumps(steps), content_type="application/json-patch+json")
        assert answer.status_code == 403, answer.content
        assert b"15.3" not in answer.content
    wrong = [{"op": "remove", "path": "/valueQuantity/value/nothing"}]
    answer = blind.patch(address, json.dumps(wrong), content_type="application/json-patch+json")
    assert answer.status_code == 422
    assert b"15.3" not in answer.content
