"""Pulling: pages, increments, faults, and going on where a run broke off."""

import random
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from clinic.audit.models import AuditEvent
from integrations.ehr.capability import CapabilityError
from integrations.ehr.client import FetchError
from integrations.ehr.models import PullCursor
from integrations.ehr.progress import TypeProgress
from integrations.ehr.pull import pull
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, QuarantineReason, QuarantineState, Reading, Resource, Source
from tests.integrations.ehr.final_state import final_state
from tests.integrations.ehr.server import BASE, Server, first
from tests.integrations.resources import as_bytes, bundle, observation, patient, strip
from twins.records.models import GivenDose, StoredSample

Hospital = list[dict[str, Any]]


def _everything(source: Source, server: Server) -> None:
    """Pull until nothing is left over, as a schedule would."""
    for _ in range(20):
        with server.client() as client:
            if pull(source, client).ok:
                return
    raise AssertionError("twenty pulls did not finish")


@pytest.fixture
def undisturbed(source: Source, hospital: Hospital, django_db_blocker: Any) -> dict[str, Any]:
    """What a pull without faults ends with; its database rows are undone again."""
    from django.db import transaction

    with transaction.atomic():
        _everything(source, Server(hospital))
        state = final_state()
        transaction.set_rollback(True)
    assert not Resource.objects.exists()
    return state


def test_all_pages_of_all_types_come_in(source: Source, hospital: Hospital) -> None:
    lines: list[TypeProgress] = []
    with Server(hospital).client() as client:
        report = pull(source, client, on_progress=lines.append)
    assert report.ok
    assert sum(t.accepted for t in report.types.values()) == len(hospital) == Resource.objects.count()
    assert report.types["Observation"].pages == 7
    assert report.types["Observation"].summary() == ("Observation: 20 received, 20 new, 0 already known, 0 quarantined")
    assert "Observation: 7 pages, 20 resources" in [line.line() for line in lines][-1] or lines
    assert StoredSample.objects.count() == 4 * 4 + 4 * 4
    assert GivenDose.objects.count() == 16
    assert not QuarantineEntry.objects.exists()


def test_a_second_pull_asks_only_for_what_is_new(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    _everything(source, server)
    server.requests.clear()
    server.resources.append(observation("new") | {"meta": {"versionId": "1", "lastUpdated": "2026-03-03T11:58:00Z"}})
    server.resources[-1]["subject"] = {"reference": "Patient/p0"}
    with server.client() as client:
        report = pull(source, client)
    assert report.types["Observation"].accepted == 1
    # Everything known bears 1 March 08:00, which is earlier than the server's time: five minutes before it.
    assert server.asked("Observation")[0] == "_count=200&_lastUpdated=ge2026-03-01T07%3A55%3A00.000Z"


def test_the_cursor_never_runs_ahead_of_the_servers_own_time(source: Source) -> None:
    late = patient() | {"meta": {"versionId": "1", "lastUpdated": "2026-03-03T11:59:59Z"}}
    server = Server([late])
    _everything(source, server)
    assert PullCursor.objects.get(resource_type="Patient").updated_until == datetime(2026, 3, 3, 11, 59, 59, tzinfo=UTC)
    server.now = datetime(2026, 3, 3, 11, 50, tzinfo=UTC)
    PullCursor.objects.all().delete()
    _everything(source, server)
    assert PullCursor.objects.get(resource_type="Patient").updated_until == datetime(2026, 3, 3, 11, 50, tzinfo=UTC)


def test_a_cursor_moves_only_after_every_page_was_accepted(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    server.faults.append(first(99, lambda _: httpx.Response(500), of="/Observation?page=6"))
    with server.client() as client:
        report = pull(source, client)
    assert not report.ok
    assert "Observation?page=6" in report.types["Observation"].error
    cursor = PullCursor.objects.get(resource_type="Observation")
    assert (cursor.updated_until, cursor.next_url) == (None, f"{BASE}/Observation?page=6")
    assert PullCursor.objects.get(resource_type="Patient").updated_until is not None
    server.faults.clear()
    server.requests.clear()
    _everything(source, server)
    assert server.asked("Observation")[0] == "page=6"
    assert Resource.objects.count() == len(hospital)
    assert PullCursor.objects.get(resource_type="Observation").next_url == ""


@pytest.mark.parametrize("status", [404, 410])
def test_a_link_that_expired_is_left_for_the_cursor(source: Source, hospital: Hospital, status: int) -> None:
    server = Server(hospital)
    PullCursor.objects.create(source=source, resource_type="Observation", next_url=f"{BASE}/Observation?page=6&gone=1")
    server.faults.append(first(99, lambda _: httpx.Response(status), of="gone=1"))
    _everything(source, server)
    assert server.asked("Observation")[:2] == ["page=6&gone=1", "_count=200"]
    assert Resource.objects.count() == len(hospital)


def test_a_server_that_moved_is_begun_again_at_the_cursor(source: Source, hospital: Hospital) -> None:
    PullCursor.objects.create(
        source=source, resource_type="Observation", next_url="http://old.test/fhir/Observation?page=3"
    )
    _everything(source, Server(hospital))
    assert Resource.objects.count() == len(hospital)


def test_relative_next_links_are_followed(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    server.links = lambda url: url.replace(f"{BASE}/", "")
    _everything(source, server)
    assert Resource.objects.count() == len(hospital)


def test_a_next_link_to_another_server_is_refused(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    server.links = lambda url: url.replace("ehr.test", "thief.test")
    with server.client(token="secret") as client:
        report = pull(source, client)
    assert "another server" in report.types["Observation"].error
    assert {request.url.host for request in server.requests} == {"ehr.test"}
    assert PullCursor.objects.get(resource_type="Observation").updated_until is None


def test_a_circle_of_next_links_ends(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    server.links = lambda url: url.split("?")[0] + "?page=3"
    with server.client() as client:
        report = pull(source, client)
    assert "leads back" in report.types["Observation"].error


def test_types_that_the_server_lacks_are_named_and_not_asked_for(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    server.types = ("Patient", "Observation")
    with server.client() as client:
        report = pull(source, client)
    assert report.missing == ("Device", "Encounter", "Condition", "MedicationRequest", "MedicationAdministration")
    assert server.asked("Device") == []


@pytest.mark.parametrize(
    ("version", "types"), [("5.0.0", ("Patient",)), ("3.0.2", ("Patient",)), ("4.0.1", ("Basic",))]
)
def test_a_server_that_cannot_be_pulled_from_says_why(source: Source, version: str, types: tuple[str, ...]) -> None:
    server = Server([])
    server.fhir_version, server.types = version, types
    with server.client() as client, pytest.raises(CapabilityError):
        pull(source, client)


def test_an_unreachable_server_says_so(source: Source) -> None:
    server = Server([])
    server.faults.append(first(99, lambda _: httpx.Response(500)))
    with server.client() as client, pytest.raises(FetchError, match="metadata"):
        pull(source, client)


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_page_cut_short_is_kept_held_and_fetched_again(
    source: Source, hospital: Hospital, undisturbed: dict[str, Any], cut: int
) -> None:
    server = Server(hospital)
    plain = Server(hospital)

    def shorten(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=plain(request).content[:cut])

    server.faults.append(first(2, shorten, of="/Observation"))
    _everything(source, server)
    assert final_state() == undisturbed
    held = QuarantineEntry.objects.filter(reason=QuarantineReason.NOT_JSON)
    assert held.exists()
    assert {entry.state for entry in held} == {QuarantineState.RELEASED}
    assert all("came again whole" in entry.detail for entry in held)
    assert bytes(held[0].reading.content) == plain(httpx.Request("GET", held[0].reading.origin)).content[:cut]


def test_a_page_that_stays_broken_ends_the_type_and_waits_until_a_run_finds_it_whole(
    source: Source, hospital: Hospital
) -> None:
    server = Server(hospital)
    server.faults.append(first(99, lambda _: httpx.Response(200, content=b'{"resourceType":"Bun'), of="/Condition"))
    with server.client() as client:
        report = pull(source, client)
    assert "broken 5 times" in report.types["Condition"].error
    assert QuarantineEntry.objects.get().state == QuarantineState.WAITING
    server.faults.clear()
    _everything(source, server)
    assert Resource.objects.count() == len(hospital)
    entry = QuarantineEntry.objects.get()
    assert entry.state == QuarantineState.RELEASED
    assert entry.detail.endswith("Every page came again whole in a later run.")


@pytest.mark.parametrize("seed", range(6))
def test_a_storm_of_faults_changes_nothing_of_the_end(
    source: Source, hospital: Hospital, undisturbed: dict[str, Any], seed: int
) -> None:
    rng = random.Random(seed)
    server = Server(hospital)
    calm = Server(hospital)
    bad_left = 60

    def storm(request: httpx.Request) -> httpx.Response | None:
        nonlocal bad_left
        if bad_left <= 0 or rng.random() < 0.5:
            return None
        bad_left -= 1
        kind = rng.choice(["500", "429", "time-out", "cut", "break", "html", "twice"])
        if kind == "500":
            return httpx.Response(500)
        if kind == "429":
            return httpx.Response(429, headers={"retry-after": "0"})
        if kind == "time-out":
            raise httpx.ReadTimeout("slow", request=request)
        if kind == "break":
            raise httpx.RemoteProtocolError("peer closed connection", request=request)
        if kind == "html":
            return httpx.Response(200, text="<html>maintenance</html>") if "metadata" not in str(request.url) else None
        whole = calm(request).content
        if kind == "cut":
            return (
                None
                if "metadata" in str(request.url)
                else httpx.Response(200, content=whole[: rng.randrange(len(whole))])
            )
        return httpx.Response(200, content=whole)

    server.faults.append(storm)
    for _ in range(30):
        try:
            with server.client() as client:
                if pull(source, client).ok:
                    break
        except FetchError:
            continue
    assert final_state() == undisturbed
    assert StoredSample.objects.count() == len(undisturbed["samples"])


@pytest.mark.parametrize("seed", range(3))
def test_resources_in_any_order_and_often_end_the_same(
    source: Source, hospital: Hospital, undisturbed: dict[str, Any], seed: int
) -> None:
    shuffled = [*hospital, *hospital[::2]]
    random.Random(seed).shuffle(shuffled)
    _everything(source, Server(shuffled))
    assert final_state() == undisturbed


def test_a_bad_entry_waits_and_the_rest_is_taken(source: Source, hospital: Hospital) -> None:
    bad = {**observation("bad", of="p0"), "status": "?"}
    _everything(source, Server([*hospital, bad]))
    assert Resource.objects.count() == len(hospital)
    assert QuarantineEntry.objects.get().source_key == "ehr/Observation/bad"


def test_a_server_that_says_no_time_is_pulled_by_its_stamps(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    server.says_time = False
    _everything(source, server)
    assert PullCursor.objects.get(resource_type="Observation").updated_until == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_reading_that_a_killed_run_left_unopened_is_opened_first(source: Source) -> None:
    receive(source, as_bytes(bundle(patient("px"))), content_type="application/fhir+json", origin="x")
    with Server([]).client() as client:
        report = pull(source, client)
    assert report.opened_before == 1
    assert Resource.objects.get().source_key == "ehr/Patient/px"


def test_a_stop_ends_the_run_and_the_next_goes_on(source: Source, hospital: Hospital) -> None:
    server = Server(hospital)
    with server.client() as client:
        report = pull(
            source,
            client,
            on_progress=lambda progress: client.stop.set() if progress.resource_type == "Observation" else None,
        )
    assert report.stopped
    assert Resource.objects.count() < len(hospital)
    _everything(source, server)
    assert Resource.objects.count() == len(hospital)


def test_each_run_is_in_the_audit_trail_by_counts(source: Source, hospital: Hospital) -> None:
    _everything(source, Server(hospital))
    event = AuditEvent.objects.get(activity="pull.run")
    assert (event.entity_id, event.actor) == ("ehr", "system")
    assert event.detail["types"]["Patient"] == {"received": 4, "accepted": 4, "known": 0, "quarantined": 0}


def test_a_large_strip_comes_in_whole(source: Source) -> None:
    server = Server([patient(), strip(data=" ".join(str(60 + i % 40) for i in range(5000)), period=1000)])
    _everything(source, server)
    assert StoredSample.objects.count() == 5000
    assert Reading.objects.count() == 7
