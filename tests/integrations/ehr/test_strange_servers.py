"""What third-party servers do to those who pull from them: nothing is lost, nothing doubled, the unknown waits."""

from typing import Any

import httpx
import pytest

from integrations.ehr.models import PullCursor
from integrations.ehr.pull import pull
from integrations.readings.models import QuarantineEntry, QuarantineReason, Resource, Source
from tests.integrations.ehr.server import BASE, Server, first
from tests.integrations.resources import observation, patient, quantity
from twins.records.models import RecordState, StoredSample

Json = dict[str, Any]


def _pulled(source: Source, server: Server) -> Any:
    with server.client() as client:
        return pull(source, client)


def _levels(count: int) -> list[Json]:
    return [patient(), *(observation(f"o{n}", value=10 + n) for n in range(count))]


def test_relative_next_links_are_followed(source: Source) -> None:
    server = Server(_levels(10))
    server.links = lambda url: url.removeprefix(f"{BASE}/")
    assert _pulled(source, server).ok
    assert Resource.objects.filter(resource_type="Observation").count() == 10


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_link_that_expires_in_the_middle_begins_the_type_anew(source: Source, status: int) -> None:
    server = Server(_levels(10))
    server.faults.append(first(1, lambda _: httpx.Response(status, text="cursor expired"), of="Observation?page=6"))
    report = _pulled(source, server)
    assert report.ok
    assert server.asked("Observation").count("_count=200") == 2
    assert report.types["Observation"].accepted == 10
    assert StoredSample.objects.count() == 10
    assert PullCursor.objects.get(resource_type="Observation").next_url == ""


def test_links_that_never_live_to_the_next_page_end_the_type_and_not_the_pull(source: Source) -> None:
    server = Server(_levels(10))
    server.faults.append(first(99, lambda _: httpx.Response(410), of="Observation?page=3"))
    report = _pulled(source, server)
    assert "410" in report.types["Observation"].error
    assert server.asked("Observation").count("_count=200") == 4
    server.faults.clear()
    assert _pulled(source, server).ok
    assert StoredSample.objects.count() == 10


def test_a_busy_server_is_waited_for_between_pages(source: Source) -> None:
    server = Server(_levels(10))
    server.faults.append(first(2, lambda _: httpx.Response(503, headers={"retry-after": "0"}), of="Observation"))
    assert _pulled(source, server).ok
    assert StoredSample.objects.count() == 10


def test_included_resources_come_in_and_remarks_of_the_server_do_not(source: Source) -> None:
    class Including(Server):
        def _page(self, name: str, query: dict[str, list[str]]) -> Json:
            page = super()._page(name, query)
            page.pop("total", None)
            remark = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "informational"}]}
            if name == "Observation":
                page["entry"].append({"resource": patient("p2"), "search": {"mode": "include"}})
                page["entry"].append({"resource": {"resourceType": "Basic", "id": "dr"}})
                page["entry"].append({"resource": remark, "search": {"mode": "outcome"}})
            return page

    assert _pulled(source, Including(_levels(4))).ok
    assert sorted(Resource.objects.values_list("resource_id", flat=True)) == ["o0", "o1", "o2", "o3", "p1", "p2"]
    waiting = QuarantineEntry.objects.get()
    assert (waiting.reason, waiting.source_key) == (QuarantineReason.UNKNOWN_TYPE, "ehr/Basic/dr")


def test_a_value_that_is_entered_in_error_later_counts_no_more(source: Source) -> None:
    server = Server(_levels(2))
    _pulled(source, server)
    late = observation("o0", value=10, version=2, status="entered-in-error")
    server.resources.append(late | {"meta": {"versionId": "2", "lastUpdated": "2026-03-03T11:00:00Z"}})
    _pulled(source, server)
    states = dict(StoredSample.objects.values_list("source_key", "state"))
    assert states == {"ehr/Observation/o0": RecordState.WITHDRAWN, "ehr/Observation/o1": RecordState.ACTIVE}


def test_the_same_ids_on_two_servers_are_two_patients(source: Source) -> None:
    other = Source.objects.create(slug="lab", address=BASE)
    _pulled(source, Server(_levels(1)))
    _pulled(other, Server([patient(), observation("o0", value=99)]))
    found = dict(StoredSample.objects.values_list("source_key", "value"))
    assert found == {"ehr/Observation/o0": 10.0, "lab/Observation/o0": 99.0}
    assert StoredSample.objects.values("subject").distinct().count() == 2


def test_contained_resources_and_late_issue_are_no_hindrance(source: Source) -> None:
    holding = observation(
        "o0",
        contained=[{"resourceType": "Practitioner", "id": "x"}],
        performer=[{"reference": "#x"}],
        issued="2026-03-02T09:00:00Z",
    )
    assert _pulled(source, Server([patient(), holding])).ok
    assert StoredSample.objects.get().event_time.isoformat() == "2026-03-02T06:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"interval": 30, "intervalUnit": "s"}, [0, 0.5, 1.5]),
        ({"interval": 2.5, "intervalUnit": "min"}, [0, 2.5, 7.5]),
        ({"intervalUnit": "min", "offsets": "0 7 9 30.5"}, [0, 7, 30.5]),
    ],
)
def test_sampled_data_as_r5_says_it_is_read(source: Source, changes: Json, minutes: list[float]) -> None:
    sampled = {"origin": quantity(0, "/min"), "dimensions": 1, "data": "80 82 E 84", **changes}
    strip = observation("s1", "8867-4", None, valueSampledData=sampled)
    report = _pulled(source, Server([patient(), strip]))
    assert report.types["Observation"].quarantined == 0, list(QuarantineEntry.objects.values_list("detail", flat=True))
    rows = StoredSample.objects.order_by("event_time")
    start = rows[0].event_time
    assert [row.value for row in rows] == [80.0, 82.0, 84.0]
    assert [(row.event_time - start).total_seconds() / 60 for row in rows] == minutes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interval": 0, "intervalUnit": "s"}, "interval is 0"),
        ({"interval": 1, "intervalUnit": "furlong"}, "intervalUnit"),
        ({"intervalUnit": "s", "offsets": "0 1"}, "offsets are 2 and data 4"),
        ({}, "period"),
    ],
)
def test_sampled_data_without_a_distance_waits(source: Source, changes: Json, words: str) -> None:
    sampled = {"origin": quantity(0, "/min"), "dimensions": 1, "data": "80 82 E 84", **changes}
    _pulled(source, Server([patient(), observation("s1", "8867-4", None, valueSampledData=sampled)]))
    assert words in QuarantineEntry.objects.get().detail
    assert not StoredSample.objects.exists()
