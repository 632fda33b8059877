"""How a result is shown: order, number, total, summary and elements; pages; compartments."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.fhir import search as engine
from integrations.fhir.bundle import searchset
from integrations.fhir.outcome import Refusal
from integrations.fhir.search import find, iterate, search
from integrations.readings.models import Reading, Resource
from tests.api.chart import chart, coded, keep, to
from tests.api.conftest import entries
from tests.api.ward_data import T0, infusion, level, patient, store

pytestmark = pytest.mark.django_db
BASE = "http://testserver/fhir/"


def ids(found: Any) -> list[str]:
    return [one.id.removeprefix("ward.") for one in found]


def pages(kind: str, query: str, **more: Any) -> list[list[str]]:
    """The ids of every page, along the next links."""
    found = []
    pairs = parse_qsl(query)
    while True:
        page = search(kind, pairs, base=BASE, **more)
        found.append(ids(page.found))
        if page.next_link is None:
            return found
        pairs = parse_qsl(urlsplit(page.next_link).query)


@pytest.mark.parametrize("count", [1, 2, 50])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("_lastUpdated", ["o0", "o1", "o2", "o3", "undated"]),
        ("-_lastUpdated", ["undated", "o3", "o2", "o1", "o0"]),
        ("date", ["o3", "o2", "o1", "o0", "undated"]),
        ("-date", ["o0", "o1", "o2", "o3", "undated"]),
        ("_id", ["o0", "o1", "o2", "o3", "undated"]),
        ("-_id", ["undated", "o3", "o2", "o1", "o0"]),
    ],
)
@pytest.mark.parametrize("narrower", ["", "&code=20578-1,x", "&code=20578-1", "&patient=ward.p1"])
def test_pages_of_every_order_join_to_the_whole(sort: str, expected: list[str], count: int, narrower: str) -> None:
    who = patient(1)
    for number in range(4):
        stored = level(who, number, hours=-number)
        later = (T0 + timedelta(hours=number)).isoformat()
        Resource.objects.filter(pk=stored.pk).delete()
        store(
            json.dumps({**json.loads(stored.text), "meta": {"versionId": "1", "lastUpdated": later}, "x": number}),
            subject=who.subject,
        )
    body = {"resourceType": "Observation", "id": "undated", "status": "final", "code": coded("20578-1")}
    meta = {"versionId": "1", "lastUpdated": (T0 + timedelta(days=1)).isoformat()}
    store(json.dumps({**body, "subject": to("Patient/p1"), "meta": meta}), subject=who.subject)
    found = pages("Observation", f"_sort={sort}&_count={count}{narrower}")
    assert [one for page in found for one in page] == expected
    assert all(len(page) <= count for page in found)


@pytest.mark.parametrize("count", [1, 2, 50])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("date,-_id", ["o3", "o2", "o1", "o0", "undated2", "undated1"]),
        ("-date,_lastUpdated", ["o0", "o2", "o1", "o3", "undated2", "undated1"]),
        ("_lastUpdated,-date", ["o0", "o2", "o1", "o3", "undated1", "undated2"]),
        ("-_lastUpdated,date,_id", ["undated1", "undated2", "o3", "o1", "o2", "o0"]),
        ("_lastUpdated,date", ["o2", "o0", "o3", "o1", "undated1", "undated2"]),
        ("_id,-date,date", ["o0", "o1", "o2", "o3", "undated1", "undated2"]),
    ],
)
@pytest.mark.parametrize("narrower", ["", "&patient=ward.p1"])
def test_a_second_key_parts_what_is_alike_by_the_first(
    sort: str, expected: list[str], count: int, narrower: str
) -> None:
    who = patient(1)
    whens = {"o0": (3, 0), "o1": (2, 1), "o2": (2, 0), "o3": (1, 1), "undated1": (None, 2), "undated2": (None, 2)}
    for name, (happened, written) in whens.items():
        when = {"effectiveDateTime": (T0 + timedelta(hours=happened)).isoformat()} if happened is not None else {}
        meta = {"versionId": "1", "lastUpdated": (T0 + timedelta(hours=written)).isoformat()}
        keep("Observation", name, who, status="final", code=coded("x"), subject=to("Patient/p1"), meta=meta, **when)
    found = pages("Observation", f"_sort={sort}&_count={count}{narrower}")
    assert [one for page in found for one in page] == expected


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=6),
    st.lists(st.lists(st.integers(0, 20), max_size=2), min_size=1, max_size=4),
    st.sampled_from(["date", "-date", "_lastUpdated", "-_lastUpdated", "_id", "-date,_id", "date,-_lastUpdated"]),
    st.integers(1, 3),
)
def test_whatever_is_written_between_pages_nothing_is_lost_or_doubled(
    before: list[int], between: list[list[int]], sort: str, count: int
) -> None:
    Resource.objects.all().delete()
    Reading.objects.all().delete()
    number = 0
    for hours in before:
        keep_at(number, hours)
        number += 1
    pairs = parse_qsl(f"_sort={sort}&_count={count}")
    seen: list[str] = []
    for hours_of_page in [*between, *[[]] * 40]:
        page = search("Device", pairs, base=BASE) if sort.startswith(("_", "-_")) else search("Flag", pairs, base=BASE)
        seen += ids(page.found)
        if page.next_link is None:
            break
        pairs = parse_qsl(urlsplit(page.next_link).query)
        for hours in hours_of_page:
            keep_at(number, hours)
            number += 1
    assert len(seen) == len(set(seen))
    assert {f"r{place}" for place in range(len(before))} <= set(seen)


def keep_at(number: int, hours: int) -> None:
    when = (T0 + timedelta(hours=hours)).isoformat()
    for kind in ("Device", "Flag"):
        meta = {"versionId": "1", "lastUpdated": when}
        period = {} if hours == 7 else {"period": {"start": when}}
        store(json.dumps({"resourceType": kind, "id": f"r{number}", "meta": meta, **period}))


@pytest.mark.parametrize(
    "query",
    [
        "_sort=date,code",
        "_sort=code",
        "_sort=",
        "_total=maybe",
        "_summary=most",
        "_elements=",
        "_elements=a b",
        "_type=Patient",
    ],
)
def test_what_cannot_be_shown_is_refused(query: str) -> None:
    with pytest.raises(Refusal) as refused:
        search("Observation", parse_qsl(query, keep_blank_values=True), base=BASE, strict=True)
    assert refused.value.status == 400


def test_the_refusal_of_an_order_names_those_there_are() -> None:
    with pytest.raises(Refusal, match="_lastUpdated, _id, date"):
        search("Observation", [("_sort", "date,code")], base=BASE)


def shown(kind: str, query: str) -> dict[str, Any]:
    page = search(kind, parse_qsl(query), base=BASE)
    resource: dict[str, Any] = json.loads(searchset(page, BASE))["entry"][0]["resource"]
    return resource


def test_elements_keep_what_is_mandatory_and_say_that_it_is_not_all() -> None:
    level(patient(1), 1, value="6.30")
    page = search("Observation", [("_elements", "value,effective[x]")], base=BASE)
    body = searchset(page, BASE)
    resource = json.loads(body)["entry"][0]["resource"]
    assert set(resource) == {"resourceType", "id", "meta", "status", "code", "valueQuantity"} | {
        name for name in resource if name.startswith("effective")
    }
    assert "effectiveDateTime" in resource
    assert resource["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert resource["meta"]["versionId"] == "1"
    assert b'"value":6.30' in body.replace(b'"value": ', b'"value":'), "decimals keep their digits"


@pytest.mark.parametrize(
    ("summary", "there", "gone"),
    [
        ("true", {"status", "code", "valueQuantity"}, {"note", "text", "category"}),
        ("data", {"status", "code", "note"}, {"text"}),
        ("text", {"status", "code", "text"}, {"note", "valueQuantity"}),
        ("false", {"status", "code", "text", "note"}, set()),
    ],
)
def test_summaries(summary: str, there: set[str], gone: set[str]) -> None:
    keep(
        "Observation", "o1", status="final", code=coded("x"), note=[{"text": "n"}], valueQuantity={"value": 1},
        text={"status": "generated", "div": "<div/>"}, category=[coded("laboratory")],
    )  # fmt: skip
    resource = shown("Observation", f"_summary={summary}")
    assert there <= set(resource)
    assert not gone & set(resource)
    assert ("tag" in resource["meta"]) is (summary != "false")


def test_elements_of_what_comes_along_are_named_with_its_type() -> None:
    chart()
    query = "_id=ward.bp1&_elements=status,Patient.gender&_include=Observation:patient"
    page = search("Observation", parse_qsl(query), base=BASE)
    found, along = (entry["resource"] for entry in json.loads(searchset(page, BASE))["entry"])
    assert "device" not in found
    assert set(along) == {"resourceType", "id", "meta", "gender"}


def test_totals() -> None:
    chart()
    for query, total in [
        ("code=2823-3&_total=accurate&_count=1", 2),
        ("code=http://loinc.org|2823-3&_total=accurate", 2),
        ("code=urn:other|2823-3&_total=accurate", 0),
        ("code=urn:other|2823-3&_total=estimate", 2),
        ("patient=ward.p1&_total=accurate", 3),
        ("code=2823-3&_total=none", None),
        ("code=2823-3", None),
        ("status=amended&_summary=count", 1),
        ("_count=0", 5),
    ]:
        assert search("Observation", parse_qsl(query), base=BASE).total == total, query


def test_a_total_that_costs_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.fhir.resources.stored.MOST_COUNTED", 3)
    chart()
    with pytest.raises(Refusal, match="total"):
        search("Observation", parse_qsl("method=m&_total=accurate"), base=BASE)


def test_a_page_that_looked_at_enough_ends_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_LOOKED_AT", 2)
    chart()
    found = pages("Observation", "method=m")
    assert sorted(one for page in found for one in page) == ["k1", "k2"]
    assert len(found) > 1
    with pytest.raises(Refusal, match="too many"):
        find("Observation", [("method", "m2")])


@pytest.mark.parametrize(
    ("compartment", "kind", "query", "expected"),
    [
        (("Patient", "ward.p1"), "Observation", "", ["bp1", "k1", "logical"]),
        (("Patient", "ward.p1"), "Observation", "code=2823-3", ["k1"]),
        (("Patient", "ward.p1"), "Patient", "", ["p1"]),
        (("Patient", "ward.p2"), "Provenance", "", ["prov2"]),
        (("Patient", "ward.p2"), "*", "", ["bp2", "e2", "k2", "p2", "prov2", "rx2"]),
        (("Patient", "ward.p2"), "*", "_type=Observation,Patient", ["bp2", "k2", "p2"]),
        (("Encounter", "ward.e1"), "Observation", "", ["bp1"]),
        (("Encounter", "ward.e1"), "*", "", ["bp1", "e1"]),
        (("Device", "ward.pump"), "*", "", ["bp1", "bp2", "flow", "pump"]),
        (("Patient", "ward.nobody"), "Observation", "", []),
        (("Patient", "ward.nobody"), "*", "", []),
    ],
)
@pytest.mark.parametrize("count", [1, 50])
def test_compartments(compartment: tuple[str, str], kind: str, query: str, expected: list[str], count: int) -> None:
    chart()
    page = search(kind, parse_qsl(f"{query}&_count={count}"), base=BASE, compartment=compartment)
    assert page.self_link.startswith(f"{BASE}{'/'.join(compartment)}/{kind}?")
    if page.next_link is not None:
        assert page.next_link.startswith(f"{BASE}{'/'.join(compartment)}/{kind}?")
    found = pages(kind, f"{query}&_count={count}", compartment=compartment)
    assert sorted(one for some in found for one in some) == expected
    assert all(len(some) <= count for some in found)
    total = search(kind, parse_qsl(f"{query}&_count=0"), base=BASE, compartment=compartment).total
    assert total == len(expected)


@pytest.mark.parametrize(
    ("compartment", "kind", "status"),
    [
        (("Patient", "ward.p1"), "Practitioner", 404),
        (("Group", "x"), "Observation", 404),
        (("Group", "x"), "*", 404),
        (("Patient", "ward.p1"), "Nonsense", 404),
        (("Patient", "ward.p1"), "Binary", 400),
    ],
)
def test_what_is_in_no_compartment_is_refused(compartment: tuple[str, str], kind: str, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        search(kind, [], base=BASE, compartment=compartment)
    assert refused.value.status == status


def test_a_place_in_one_search_is_none_in_another() -> None:
    chart()
    following = search("Observation", [("_count", "1")], base=BASE).next_link
    assert following is not None
    pairs = parse_qsl(urlsplit(following).query)
    with pytest.raises(Refusal):
        search("Observation", [*pairs, ("_sort", "date")], base=BASE)
    with pytest.raises(Refusal):
        search("Observation", pairs, base=BASE, compartment=("Patient", "ward.p1"))


def test_a_condition_finds_few_and_needs_a_parameter() -> None:
    chart()
    assert len(find("Observation", [("code", "2823-3")])) == 2
    assert ids(find("Observation", [("code", "2823-3"), ("patient", "ward.p1")])) == ["k1"]
    assert find("Observation", [("identifier", "urn:x|1")]) == []
    for pairs in ([], [("_count", "1")], [("colour", "red")], [("code:in", "x")]):
        with pytest.raises(Refusal) as refused:
            find("Observation", pairs)
        assert refused.value.status == 400


def test_everything_streams_in_the_order_of_updates_between_two_moments() -> None:
    for number in range(5):
        patient(number)
    assert ids(iterate("Patient")) == [f"p{number}" for number in range(5)]
    since, until = T0 + timedelta(seconds=1), T0 + timedelta(seconds=3)
    assert ids(iterate("Patient", since=since, until=until)) == ["p1", "p2"]
    assert ids(iterate("Patient", [("gender", "male")], since=since)) == ["p2", "p4"]
    with pytest.raises(Refusal):
        iterate("Patient", [("colour", "red")])


def test_the_number_of_queries_does_not_grow_with_the_page() -> None:
    who = patient(1)
    for number in range(30):
        level(who, number, hours=number)
        infusion(who, number, hours=number)

    def queries(count: int, query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page = search("Observation", parse_qsl(f"{query}&_count={count}"), base=BASE)
        assert len(page.found) == count
        return len(captured)

    for query in ("patient=ward.p1&code=20578-1", "_sort=-date", "_include=Observation:patient&category=laboratory"):
        assert queries(2, query) == queries(25, query) <= 8, query


def test_a_search_over_http_is_shaped_too(caller: Client) -> None:
    chart()
    answer = caller.get("/fhir/Observation?_id=ward.k1&_elements=status&_revinclude=Provenance:target")
    found = entries(answer)
    assert "code" in found[0]
    assert "subject" not in found[0]
    assert found[1]["resourceType"] == "Provenance"
