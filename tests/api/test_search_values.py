"""Every kind of value, modifier and prefix finds what it should."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.fhir.interval import BEFORE_ALL, EVER, about, interval
from tests.api.chart import chart, keep
from tests.api.conftest import entries

pytestmark = pytest.mark.django_db


def ids(answer: Any) -> list[str]:
    return sorted(resource["id"].removeprefix("ward.") for resource in entries(answer))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code=2823-3", ["k1", "k2"]),
        ("code:not=2823-3", ["bp1", "bp2", "logical"]),
        ("code:text=kal", ["k1", "k2"]),
        ("code:text=POTA", ["k1", "k2"]),
        ("code:text=alium", []),
        ("status=http://hl7.org/fhir/observation-status|final", ["bp1", "bp2", "k1", "logical"]),
        ("status:not=final", ["k2"]),
        ("method:missing=true", ["bp1", "bp2", "logical"]),
        ("method:missing=false", ["k1", "k2"]),
        ("date:missing=true", []),
        ("encounter:missing=false", ["bp1", "bp2"]),
        ("component-code=8480-6", ["bp1", "bp2"]),
        ("code=8480-6", []),
        ("combo-code=8480-6,2823-3", ["bp1", "bp2", "k1", "k2"]),
        ("combo-code=http://loinc.org|85354-9", ["bp1", "bp2"]),
        ("value-quantity=4.05", ["k1", "k2"]),
        ("value-quantity=4.2", []),
        ("value-quantity=4", ["k1", "k2"]),
        ("value-quantity=gt4.05", []),
        ("value-quantity=ge4.05|http://unitsofmeasure.org|mmol/L", ["k1", "k2"]),
        ("value-quantity=4050|http://unitsofmeasure.org|umol/L", ["k1", "k2"]),
        ("value-quantity=4.05||mmol/L", ["k1", "k2"]),
        ("value-quantity=4.05||mol", []),
        ("component-value-quantity=gt141", ["bp2"]),
        ("combo-value-quantity=gt100,lt5", ["bp1", "bp2", "k1", "k2"]),
        ("code-value-quantity=2823-3$gt4", ["k1", "k2"]),
        ("code-value-quantity=http://loinc.org|2823-3$4.05|http://unitsofmeasure.org|mmol/L", ["k1", "k2"]),
        ("code-value-quantity=2823-3$gt5", []),
        ("code-value-quantity=8480-6$gt100", []),
        ("component-code-value-quantity=8480-6$gt141", ["bp2"]),
        ("component-code-value-quantity=8462-4$gt100", []),
        ("combo-code-value-quantity=8480-6$142,2823-3$4", ["bp2", "k1", "k2"]),
        ("date=2026-01-05", ["bp1", "bp2"]),
        ("date=ge2026-01-06", ["k1", "k2", "logical"]),
        ("date=2026-03-01", ["logical"]),
        ("date=sa2026-02", ["logical"]),
        ("date=eb2026-01-02", ["logical"]),
        ("date=2026-01-05&code=85354-9&patient=ward.p2", ["bp2"]),
        ("date=lt2026-01-05T23:30:00Z&code=2823-3", ["k1", "k2"]),
        ("date=ne2026-01-05&code=85354-9", []),
        ("date=ap2026-01-05&code=85354-9", ["bp1", "bp2"]),
        ("date=ap2026-01-05T23:50:00Z&code=2823-3", ["k1", "k2"]),
        ("_lastUpdated=ap2026-01-05&code=85354-9", ["bp1", "bp2"]),
    ],
)
def test_observations_are_found_by(caller: Client, query: str, found: list[str]) -> None:
    chart()
    assert ids(caller.get("/fhir/Observation?" + query)) == found


def test_about_a_date_is_within_a_tenth_of_its_distance_from_now(caller: Client) -> None:
    now = datetime(2026, 4, 12, tzinfo=UTC)
    for text, low, high in (
        ("2026-01-01", "2025-12-22", "2026-01-12"),
        ("2026-04", "2026-04-01", "2026-05-01"),
        ("2026-07-21", "2026-07-11", "2026-08-01"),
    ):
        found = about(interval(text), now)
        assert (found.low, found.high) == (interval(low).low, interval(high).low)
    assert about(interval("0001"), now).low == BEFORE_ALL
    assert about(interval("9998"), now).high == EVER
    chart()
    assert ids(caller.get(f"/fhir/Observation?date=ap{timezone.now():%Y-%m-%d}")) == []


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Organization?name=the w", ["org"]),
        ("Organization?name:exact=The Works", ["org"]),
        ("Organization?name:contains=works", ["org"]),
        ("Practitioner?name=muller", ["doc"]),
        ("Practitioner?identifier=urn:lanr|77", ["doc"]),
        ("Medication?code=11124", ["vial"]),
        ("Encounter?date=ge2026-01-02&patient=ward.p2", ["e2"]),
        ("Encounter?date=2026-01-02", []),
        ("Encounter?date=lt2026-01-02", ["e1"]),
        ("MedicationRequest?authoredon=2026-01-04&intent=order&status=active&patient=ward.p1", ["rx1"]),
        ("DeviceMetric?source=Device/ward.pump", ["flow"]),
        ("DeviceMetric?type=157784", ["flow"]),
        ("Patient?birthdate=1951-03-02&name=adams", ["p1"]),
        ("Patient?gender=male&name=Ber", ["p2"]),
        ("Device?device-name=pu", ["pump"]),
    ],
)
def test_other_types_are_found_by(caller: Client, address: str, found: list[str]) -> None:
    chart()
    assert ids(caller.get(f"/fhir/{address}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "value-quantity=x",
        "value-quantity=5.4|mg",
        "value-quantity=1||mg||x",
        "code-value-quantity=2823-3",
        "code-value-quantity=2823-3$x",
        "code-value-quantity=2823-3$",
        "code:below=x",
        "code:of-type=x",
        "date:exact=2026",
        "device:Patient=x",
        "status:missing=maybe",
        "component-code-value-quantity:missing=true",
        "patient:identifier=|",
    ],
)
def test_what_cannot_be_used_is_refused(caller: Client, query: str) -> None:
    answer = caller.get("/fhir/Observation?" + query)
    assert answer.status_code == 400, answer.content
    assert answer.json()["issue"][0]["expression"] == [f"http.{query.partition('=')[0].partition(':')[0]}"]


def test_a_comma_that_is_part_of_a_value_is_escaped(caller: Client) -> None:
    keep("Organization", "o1", name="Smith, Sons")
    keep("Organization", "o2", name="Sons")
    assert ids(caller.get("/fhir/Organization", {"name": "Smith\\, S"})) == ["o1"]
    assert ids(caller.get("/fhir/Organization", {"name": "Smith,S"})) == ["o1", "o2"]


def test_a_binary_is_read_and_not_searched(caller: Client) -> None:
    keep("Binary", "b1", contentType="text/plain", data="eA==")
    assert caller.get("/fhir/Binary/ward.b1").json()["data"] == "eA=="
    assert caller.get("/fhir/Binary?_id=ward.b1").status_code == 400
