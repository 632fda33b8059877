"""Search finds what it should, page by page, and says what it did."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import strategies as st

from clinic.audit.models import AuditEvent
from integrations.fhir.interval import Interval, IntervalError, interval, satisfies
from tests.api.conftest import entries
from tests.api.ward_data import T0, infusion, level, patient, store

pytestmark = pytest.mark.django_db


def ids(answer: Any) -> list[str]:
    return [resource["id"].removeprefix("ward.") for resource in entries(answer)]


def links(answer: Any) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in answer.json()["link"]}


def walked(caller: Client, address: str) -> tuple[list[str], int]:
    """All ids along the next links, and how many pages there were."""
    found, pages, url = [], 0, address
    while url:
        answer = caller.get(url)
        found += ids(answer)
        pages += 1
        url = links(answer).get("next", "")
        assert not url or url.startswith("http://testserver/fhir/")
    return found, pages


def test_a_searchset_is_valid_and_its_addresses_are_absolute(caller: Client) -> None:
    patient(1)
    answer = caller.get("/fhir/Patient", {"_count": "5", "nonsense": "x"})
    bundle = answer.json()
    get_fhir_model_class("Bundle").model_validate(bundle)
    assert bundle["type"] == "searchset"
    assert links(answer) == {"self": "http://testserver/fhir/Patient?_count=5"}
    assert bundle["entry"][0]["fullUrl"] == "http://testserver/fhir/Patient/ward.p1"
    assert bundle["entry"][0]["search"] == {"mode": "match"}
    assert "entry" not in caller.get("/fhir/Patient", {"_id": "none"}).json(), "no empty list"


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated"])
@pytest.mark.parametrize("count", [1, 3, 7, 50])
def test_pages_join_to_the_whole_without_gap_or_double(caller: Client, sort: str, count: int) -> None:
    for number in range(1, 8):
        patient(number)
    found, pages = walked(caller, f"/fhir/Patient?_sort={sort}&_count={count}")
    expected = [f"p{number}" for number in range(1, 8)]
    assert found == (expected if sort == "_lastUpdated" else expected[::-1])
    assert pages == -(-7 // count)


def test_pages_keep_their_place_when_many_were_updated_in_the_same_instant(caller: Client) -> None:
    for number in range(9):
        store(json.dumps({"resourceType": "Device", "id": f"d{number}"}))
    assert sorted(walked(caller, "/fhir/Device?_count=2")[0]) == [f"d{number}" for number in range(9)]


def test_writes_between_pages_neither_shift_nor_double_anything(caller: Client) -> None:
    who = patient(1)
    for number in range(6):
        level(who, number, hours=number)
    first = caller.get("/fhir/Observation?_count=3")
    level(who, 90, hours=-5)  # arrives late, sorts before the place
    level(who, 91, hours=50)
    rest, _ = walked(caller, links(first)["next"])
    assert ids(first) == ["o0", "o1", "o2"]
    assert rest == ["o3", "o4", "o5", "o91"]


def test_a_page_is_never_longer_than_the_cap(caller: Client) -> None:
    for number in range(203):
        store(json.dumps({"resourceType": "Device", "id": f"d{number}"}))
    assert len(ids(caller.get("/fhir/Device?_count=100000"))) == 200
    assert len(ids(caller.get("/fhir/Device"))) == 50


def test_only_the_total_when_only_that_is_asked(caller: Client) -> None:
    for number in range(4):
        patient(number)
    for query in ("_count=0", "_summary=count"):
        bundle = caller.get(f"/fhir/Patient?{query}").json()
        assert (bundle["total"], "entry" in bundle) == (4, False)
    both = caller.get("/fhir/Patient?_total=accurate&_count=2&gender=male").json()
    assert (both["total"], len(both["entry"])) == (2, 2)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("_id=ward.p2", ["p2"]),
        ("_id=ward.p3,ward.p1,other.p1,x", ["p1", "p3"]),
        ("_id=ward.p1&_id=ward.p2", []),
        ("identifier=MRN-2", ["p2"]),
        ("identifier=urn:test:mrn|MRN-3", ["p3"]),
        ("identifier=urn:test:mrn|", ["p1", "p2", "p3"]),
        ("identifier=|MRN-3", []),
        ("identifier=urn:other|MRN-3", []),
        ("name=oskars", ["p1", "p2", "p3"]),
        ("name=ANNA", ["p1", "p2", "p3"]),
        ("name=dottir", []),
        ("name:contains=DÓTT", ["p1", "p2", "p3"]),
        ("name:exact=2", ["p2"]),
        ("name:exact=anna", []),
        ("family=anna", []),
        ("given=2,3", ["p2", "p3"]),
        ("gender=female", ["p1", "p3"]),
        ("gender=male&name=anna", ["p2"]),
        ("birthdate=1952-03-03", ["p2"]),
        ("birthdate=1952", ["p2"]),
        ("birthdate=gt1952", ["p3"]),
        ("birthdate=ge1952-03", ["p2", "p3"]),
        ("birthdate=lt1952-03-03", ["p1"]),
        ("birthdate=ne1952-03-03", ["p1", "p3"]),
        ("_lastUpdated=gt2026-01-05T08:00:02Z", ["p3"]),
        ("_lastUpdated=ge2026-01-05T10:00:02+02:00", ["p2", "p3"]),
        ("_lastUpdated=lt2026-01-05T08:00:02Z", ["p1"]),
        ("_lastUpdated=2026-01-05T08:00:03Z", ["p3"]),
        ("_lastUpdated=2026-01&_lastUpdated=le2026-01-05T08:00:01Z", ["p1"]),
    ],
)
def test_patients_are_found_by(caller: Client, query: str, found: list[str]) -> None:
    for number in (1, 2, 3):
        patient(number)
    assert ids(caller.get("/fhir/Patient?" + query)) == found
    posted = caller.post("/fhir/Patient/_search", query, content_type="application/x-www-form-urlencoded")
    assert ids(posted) == found, "GET and POST are the same search"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("patient=ward.p1", ["o1", "o2"]),
        ("patient=Patient/ward.p1", ["o1", "o2"]),
        ("subject=http://testserver/fhir/Patient/ward.p2", ["o3"]),
        ("subject:Patient=ward.p2", ["o3"]),
        ("patient=ward.p1,ward.p2", ["o1", "o2", "o3"]),
        ("patient=ward.p1&patient=ward.p2", []),
        ("patient=none", []),
        ("code=20578-1", ["o1", "o2", "o3"]),
        ("code=http://loinc.org|20578-1", ["o1", "o2", "o3"]),
        ("code=urn:test:local|VANC", ["o1", "o2", "o3"]),
        ("code=VANC", ["o1", "o2", "o3"]),
        ("code=http://loinc.org|VANC", []),
        ("code=urn:test:local|", ["o1", "o2", "o3"]),
        ("code=2160-0", []),
        ("code=2160-0,VANC", ["o1", "o2", "o3"]),
        ("category=laboratory", ["o1", "o2", "o3"]),
        ("category=vital-signs", []),
        ("status=final", ["o1", "o2", "o3"]),
        ("status=amended", []),
        ("date=2026-01-05", ["o1", "o2"]),
        ("date=gt2026-01-05", ["o3"]),
        ("date=ge2026-01-05T10:00:00Z&patient=ward.p1", ["o2"]),
        ("date=2026-01-05T12:00:00%2B02:00", ["o2"]),
        ("date=2026-01-05T12:00:00+02:00", ["o2"]),
        ("date=sa2026-01-05T08:00:00Z&date=eb2026-01-06", ["o2"]),
    ],
)
def test_observations_are_found_by(caller: Client, query: str, found: list[str]) -> None:
    first, second = patient(1), patient(2)
    level(first, 1, hours=0)
    level(first, 2, hours=2)
    level(second, 3, hours=30)
    assert ids(caller.get("/fhir/Observation?" + query)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("effective-time=2026-01-05", ["m1"]),
        ("effective-time=ge2026-01-06", ["m2", "m3"]),
        ("date=sa2026-01-05", ["m3"]),
        ("effective-time=lt2026-01-06", ["m1", "m2"]),
        ("effective-time=eb2026-01-06", ["m1"]),
        ("code=http://www.nlm.nih.gov/research/umls/rxnorm|11124&status=completed", ["m1", "m2", "m3"]),
    ],
)
def test_infusions_are_found_by_their_whole_duration(caller: Client, query: str, found: list[str]) -> None:
    who = patient(1)
    infusion(who, 1, hours=0)
    infusion(who, 2, hours=15.5)  # 23:30 to 01:00
    infusion(who, 3, hours=24)
    assert ids(caller.get("/fhir/MedicationAdministration?" + query)) == found


def test_only_the_version_in_force_is_found(caller: Client) -> None:
    who = patient(1)
    level(who, 1, value="5.0", version=1, current=False)
    level(who, 1, value="6.0", version=2)
    (only,) = entries(caller.get("/fhir/Observation"))
    assert only["valueQuantity"]["value"] == 6.0


@pytest.mark.parametrize(
    "query",
    [
        "_count=many",
        "_count=-1",
        "_count=1.5",
        "_sort=name",
        "_lastUpdated=yesterday",
        "birthdate=ap",
        "birthdate=1952-13-01",
        "birthdate=ge",
        "birthdate=9999-12-31T23:59:59Z",
        "identifier=a|b|c",
        "identifier=|",
        "name:missing=perhaps",
        "name:phonetic=x",
        "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender",
        "gender:exact=male",
        "_id:not=ward.p1",
        "name=",
        "_cursor=tampered",
        "_id=",
        "gender=%00",
        "identifier=a%00b",
    ],
)
def test_a_value_or_modifier_that_cannot_be_used_is_400(caller: Client, query: str) -> None:
    answer = caller.get("/fhir/Patient?" + query)
    assert answer.status_code == 400, answer.content
    name = query.split("=", maxsplit=1)[0].partition(":")[0]
    assert answer.json()["issue"][0]["expression"] == [f"http.{name}"]


@pytest.mark.parametrize("value", ["Group/1", "ftp://elsewhere.test/Patient/ward.p1", "Patient/", "a b"])
def test_a_reference_that_can_be_none_is_400(caller: Client, value: str) -> None:
    assert caller.get("/fhir/Observation", {"patient": value}).status_code == 400


def test_an_unknown_parameter_is_ignored_unless_strictness_is_asked_for(caller: Client) -> None:
    patient(1)
    lenient = caller.get("/fhir/Patient?colour=red&gender=female", headers={"Prefer": "handling=lenient"})
    found, outcome = lenient.json()["entry"]
    assert found["resource"]["id"] == "ward.p1"
    assert (outcome["search"], outcome["resource"]["resourceType"]) == ({"mode": "outcome"}, "OperationOutcome")
    assert outcome["resource"]["issue"][0]["expression"] == ["http.colour"]
    get_fhir_model_class("Bundle").model_validate(lenient.json())
    assert links(lenient)["self"] == "http://testserver/fhir/Patient?gender=female"
    strict = caller.get("/fhir/Patient?colour=red", headers={"Prefer": "return=minimal, handling=strict"})
    assert (strict.status_code, strict.json()["issue"][0]["code"]) == (400, "not-supported")


def test_a_cursor_of_another_type_is_no_cursor(caller: Client) -> None:
    for number in range(3):
        patient(number)
    follow = links(caller.get("/fhir/Patient?_count=1"))["next"]
    assert caller.get(follow.replace("/Patient?", "/Observation?")).status_code == 400


def test_a_search_by_post_takes_a_form_only_and_its_next_link_works_by_get(caller: Client) -> None:
    for number in range(3):
        patient(number)
    answer = caller.post("/fhir/Patient/_search?_count=2", {}, content_type="application/json")
    assert answer.status_code == 415
    answer = caller.post(
        "/fhir/Patient/_search?_count=2", "name=anna", content_type="application/x-www-form-urlencoded"
    )
    assert ids(answer) == ["p0", "p1"]
    assert ids(caller.get(links(answer)["next"])) == ["p2"]


def test_a_search_is_recorded_with_its_query_and_finds_and_no_name(caller: Client) -> None:
    first, second = patient(1), patient(2)
    caller.get("/fhir/Patient?name=Óskarsdóttir&gender=male,female&colour=secret&_count=9")
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.activity, event.action, event.entity_type) == ("fhir.search", "E", "Patient")
    assert event.detail["ids"] == ["ward.p1", "ward.p2"]
    assert event.detail["subjects"] == sorted([str(first.pk), str(second.pk)])
    kept = [["name", None], ["gender", "male,female"], ["colour", None], ["_count", "9"]]
    assert event.detail["query"] == kept
    caller.get(f"/fhir/Observation?code={quote('http://loinc.org|20578-1')}")
    assert AuditEvent.objects.order_by("-sequence")[0].detail["query"] == [["code", "http://loinc.org|20578-1"]]


def test_an_address_longer_than_a_column_is_recorded_all_the_same(caller: Client) -> None:
    assert caller.get("/fhir/Patient/" + "x" * 2000).status_code == 404
    assert caller.get("/fhir/" + "X" * 2000).status_code == 404
    assert AuditEvent.objects.filter(outcome="8").count() == 2


@given(st.datetimes(min_value=T0.replace(tzinfo=None)), st.sampled_from(["Z", "+02:00", "-11:30"]))
def test_an_instant_is_read_in_its_own_zone(moment: Any, zone: str) -> None:
    if moment.year > 9990:
        return
    text = moment.isoformat(timespec="microseconds") + zone
    offset = {"Z": 0, "+02:00": 120, "-11:30": -690}[zone]
    assert interval(text).low.replace(tzinfo=None) == moment - timedelta(minutes=offset)


@pytest.mark.parametrize(
    "text", ["", "2026-1-1", "20260101", "2026-02-30", "2026-01-01T25:00Z", "2026-01-01T10Z", "0000"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(IntervalError):
        interval(text)


@pytest.mark.parametrize(
    ("prefix", "overlapping", "inside", "before", "after"),
    [
        ("eq", False, True, False, False),
        ("ne", True, False, True, True),
        ("gt", True, False, False, True),
        ("ge", True, True, False, True),
        ("lt", False, False, True, False),
        ("le", True, True, True, False),
        ("sa", False, False, False, True),
        ("eb", False, False, True, False),
    ],
)
def test_prefixes_compare_intervals(prefix: str, overlapping: bool, inside: bool, before: bool, after: bool) -> None:
    def hours(low: float, high: float) -> Interval:
        return Interval(T0 + timedelta(hours=low), T0 + timedelta(hours=high))

    asked = hours(0, 10)
    assert satisfies(prefix, asked, hours(5, 15)) is overlapping
    assert satisfies(prefix, asked, hours(2, 3)) is inside
    assert satisfies(prefix, asked, hours(-3, -2)) is before
    assert satisfies(prefix, asked, hours(10, 11)) is after
