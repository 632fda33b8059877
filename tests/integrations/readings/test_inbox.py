"""Payloads are kept byte for byte, once, before anything is made of them."""

import hashlib
import json

import pytest

from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive, unopened
from integrations.readings.models import QuarantineEntry, QuarantineReason, Reading, ReadingState, Resource, Source
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import as_bytes, bundle, observation, patient
from twins.records.models import StoredSample

ODD = b'\n {"resourceType" : "Bundle",\r\n "type":"searchset","entry":[ {"resource": %s },{"resource":%s}] }\t'
LEVEL = (
    b'{"resourceType":"Observation", "id":"o1","status":"final",  "code":{"coding":[{"system":"http://loinc.org",'
    b'"code":"20578-1"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-03-02T06:00:00.500+02:00",'
    b'"valueQuantity":{"value":6.30,"system":"http://unitsofmeasure.org","code":"mg/L"},'
    b'"note":[{"text":"\xc2\xb5 \\u00b5"}]}'
)


def test_a_payload_is_kept_byte_for_byte_with_its_digest(source: Source) -> None:
    content = ODD % (as_bytes(patient()), LEVEL)
    reading = receive(source, content, content_type="application/fhir+json", origin="x")
    stored = Reading.objects.get(pk=reading.pk)
    assert bytes(stored.content) == content
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.state == ReadingState.RECEIVED


def test_the_text_of_a_resource_is_kept_digit_for_digit(take_in: TakeIn) -> None:
    take_in(ODD % (as_bytes(patient()), LEVEL))
    kept = Resource.objects.get(resource_type="Observation")
    assert kept.text.encode() == LEVEL
    assert '"value":6.30,' in kept.text
    assert StoredSample.objects.get().value == 6.3


def test_the_same_bytes_are_one_reading_and_taken_in_once(source: Source, take_in: TakeIn) -> None:
    content = as_bytes(bundle(patient(), observation()))
    first, second = take_in(content), take_in(content)
    assert (first.accepted, first.known) == (2, 0)
    assert (second.accepted, second.known) == (0, 2)
    assert Reading.objects.count() == 1


def test_the_same_bytes_from_another_source_are_another_reading(source: Source) -> None:
    other = Source.objects.create(slug="other", address="http://other.test/fhir")
    for where in (source, other):
        open_reading(receive(where, as_bytes(patient()), content_type="application/fhir+json", origin="x"))
    assert sorted(Resource.objects.values_list("source_key", flat=True)) == ["other/Patient/p1", "ward/Patient/p1"]


def test_a_reading_that_was_not_opened_waits_to_be_opened(source: Source) -> None:
    reading = receive(source, as_bytes(patient()), content_type="application/fhir+json", origin="x")
    assert list(unopened(source)) == [reading]
    open_reading(reading)
    assert not unopened(source).exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", QuarantineReason.NOT_JSON),
        (b'{"resourceType":"Bundle","entry":[{"reso', QuarantineReason.NOT_JSON),
        (b'{"resourceType":"Patient"} {', QuarantineReason.NOT_JSON),
        (b"\xff\xfe{}", QuarantineReason.NOT_JSON),
        (b"<html>500</html>", QuarantineReason.NOT_JSON),
        (b"[" * 100_000, QuarantineReason.NOT_JSON),
        (b'{"hello": 1}', QuarantineReason.NOT_FHIR),
        (b"[1, 2]", QuarantineReason.NOT_FHIR),
        (b'{"resourceType":"Bundle","entry":7}', QuarantineReason.NOT_FHIR),
    ],
)
def test_an_unreadable_payload_is_kept_and_waits_in_quarantine(
    take_in: TakeIn, content: bytes, reason: QuarantineReason
) -> None:
    report = take_in(content)
    assert report.unreadable
    assert bytes(Reading.objects.get(state=ReadingState.UNREADABLE).content) == content
    entry = QuarantineEntry.objects.get()
    assert (entry.reason, entry.position) == (reason, -1)
    take_in(content)
    assert QuarantineEntry.objects.count() == 1


def test_ndjson_is_a_resource_a_line(take_in: TakeIn) -> None:
    lines = [
        json.dumps(patient()),
        "",
        json.dumps(observation(note=[{"text": "a\u2028b"}]), ensure_ascii=False),
        "{broken",
    ]
    report = take_in("\n".join(lines).encode(), content_type="application/fhir+ndjson")
    assert (report.received, report.accepted, report.quarantined) == (3, 2, 1)
    assert QuarantineEntry.objects.get().position == 3


def test_remarks_of_a_server_about_its_search_are_nobodys_data(take_in: TakeIn) -> None:
    page = bundle(patient())
    page["entry"].append({"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}})
    report = take_in(as_bytes(page))
    assert (report.received, report.quarantined) == (1, 0)
