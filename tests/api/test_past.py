"""What was deleted and what was before stays readable, version by version."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from integrations.readings.models import Resource
from tests.api.writing import of, post, put
from tests.integrations.resources import observation, patient
from twins.records.models import RecordState, StoredSample

pytestmark = pytest.mark.django_db


def test_a_deleted_level_is_gone_and_no_longer_counts_and_its_past_stays(writer: Client, known: str) -> None:
    identifier = post(writer, of(known)).json()["id"]
    address = f"/fhir/Observation/{identifier}"
    answer = writer.delete(address)
    assert (answer.status_code, answer["ETag"]) == (204, 'W/"2"')
    gone = writer.get(address)
    assert (gone.status_code, gone.json()["issue"][0]["code"]) == (410, "deleted")
    assert writer.get(f"{address}/_history/1").status_code == 200
    assert writer.get(f"{address}/_history/2").status_code == 410
    assert StoredSample.objects.get().state == RecordState.WITHDRAWN
    assert "entry" not in writer.get(f"/fhir/Observation?_id={identifier}").json()
    assert writer.delete(address).status_code == 204
    assert Resource.objects.filter(resource_type="Observation").count() == 2


def test_what_was_deleted_can_be_put_back(writer: Client, known: str) -> None:
    identifier = post(writer, of(known)).json()["id"]
    writer.delete(f"/fhir/Observation/{identifier}")
    answer = put(writer, f"/fhir/Observation/{identifier}", observation(identifier, of=known))
    assert (answer.status_code, answer["ETag"]) == (201, 'W/"3"')
    assert set(StoredSample.objects.values_list("state", flat=True)) == {RecordState.SUPERSEDED, RecordState.ACTIVE}


def test_a_patient_with_a_record_is_not_deleted(writer: Client, known: str) -> None:
    post(writer, of(known))
    answer = writer.delete(f"/fhir/Patient/{known}")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (409, "conflict")


def test_the_history_tells_every_version_newest_first(writer: Client, known: str) -> None:
    identifier = post(writer, of(known)).json()["id"]
    put(writer, f"/fhir/Observation/{identifier}", observation(identifier, value=9.9, of=known))
    writer.delete(f"/fhir/Observation/{identifier}")
    bundle = writer.get(f"/fhir/Observation/{identifier}/_history").json()
    assert (bundle["type"], bundle["total"]) == ("history", 3)
    told = [(entry["request"]["method"], entry["response"]["etag"], "resource" in entry) for entry in bundle["entry"]]
    assert told == [("DELETE", 'W/"3"', False), ("PUT", 'W/"2"', True), ("POST", 'W/"1"', True)]
    assert len(writer.get("/fhir/Observation/_history").json()["entry"]) == 3


def test_the_history_at_a_time_is_what_was_in_force_then(writer: Client, known: str) -> None:
    address = f"/fhir/Patient/{known}"
    for year in ("1970", "1971"):
        put(writer, address, patient(known, birthDate=year))
    writer.delete(f"/fhir/Observation/{post(writer, of(known)).json()['id']}")
    for version, hour in (("1", 8), ("2", 10), ("3", 12)):
        then = datetime(2026, 1, 5, hour, tzinfo=UTC)
        Resource.objects.filter(resource_type="Patient", version=version).update(last_updated=then)

    def versions(at: str, kind: str = f"Patient/{known}") -> list[str]:
        found = writer.get(f"/fhir/{kind}/_history", {"_at": at}).json()
        return [entry["resource"]["meta"]["versionId"] for entry in found.get("entry", [])]

    assert versions("2026-01-05T09:00:00Z") == ["1"]
    assert versions("2026-01-05T10:00:00Z") == ["2"]
    assert versions("2026-01-05") == ["3", "2", "1"]
    assert versions("2026-01-05T11:00:00Z", "Patient") == ["2"]
    assert versions("2026-01-06") == ["3"]
    assert versions("2026-01-04") == []
    link = writer.get(f"{address}/_history?_at=2026-01-05&_count=1").json()["link"][-1]["url"]
    assert "_at=2026-01-05" in link
    assert writer.get(f"{address}/_history?_at=ge2026-01-05").status_code == 400


def test_a_history_comes_page_by_page(writer: Client, known: str) -> None:
    for year in range(1950, 1955):
        put(writer, f"/fhir/Patient/{known}", patient(known, birthDate=f"{year}-01-01"))
    address, seen = f"/fhir/Patient/{known}/_history?_count=2", []
    while address:
        bundle = writer.get(address).json()
        seen += [entry["response"]["etag"] for entry in bundle["entry"]]
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert seen == [f'W/"{number}"' for number in (6, 5, 4, 3, 2, 1)]
