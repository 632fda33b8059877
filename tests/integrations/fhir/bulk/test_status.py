"""How an export goes: progress, files, expiry, cancelling, workers that die, and what is written meanwhile."""

import gzip
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from psycopg import connect

from integrations.fhir.bulk import files, lines, plan, tasks, views
from integrations.fhir.bulk.models import Export, ExportPart, ExportState
from integrations.fhir.bulk.work import claim, write
from integrations.readings.models import Resource
from tests.api.ward_data import T0, level, patient, source
from tests.integrations.fhir.bulk.conftest import Client_of, begin, done, fetched, ids, place, work

pytestmark = pytest.mark.django_db
SINCE_ALWAYS = "2000-01-01T00:00:00Z"


@pytest.fixture
def ward(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two patients with ten levels, in parts of three rows."""
    monkeypatch.setattr(plan, "ROWS", 3)
    people = [patient(1), patient(2)]
    for number in range(10):
        level(people[number % 2], number)
    return people


def patiently(caller: Client, where: str) -> Any:
    """Ask as one who waited."""
    Export.objects.update(polled_at=None)
    return caller.get(where)


def test_until_it_is_done_it_says_how_far_it_is_and_when_to_ask_again(caller: Client, ward: Any) -> None:
    where = place(begin(caller))
    first = caller.get(where)
    assert (first.status_code, first["X-Progress"]) == (202, "queued")
    assert int(first["Retry-After"]) > 0
    export = Export.objects.get()
    assert plan.plan(export.pk)
    part = claim(Export.objects.get())
    assert part is not None
    assert write(export, part)
    second = patiently(caller, where)
    assert (second.status_code, second["X-Progress"]) == (202, f"1 of {export.parts.count()} parts written")
    work()
    assert patiently(caller, where).status_code == 200


def test_one_who_asks_too_often_is_told_to_wait(caller: Client, ward: Any) -> None:
    where = place(begin(caller))
    assert caller.get(where).status_code == 202
    hasty = caller.get(where)
    assert (hasty.status_code, hasty["Retry-After"]) == (429, str(views.RETRY_AFTER_S))
    assert hasty.json()["issue"][0]["code"] == "throttled"
    work()
    assert caller.get(where).status_code == caller.get(where).status_code == 200


def test_the_parts_hold_every_resource_once(caller: Client, ward: Any) -> None:
    manifest = done(caller, begin(caller))
    assert len([item for item in manifest["output"] if item["type"] == "Observation"]) == 4
    assert len(ids(caller, manifest)) == 12


def test_a_file_is_split_where_it_has_grown_large(caller: Client, ward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1)
    monkeypatch.setattr("integrations.fhir.bulk.rows.FIRST_BATCH", 1)
    monkeypatch.setattr("integrations.fhir.bulk.rows.MOST_IN_BATCH", 1)
    manifest = done(caller, begin(caller))
    assert len(ids(caller, manifest)) == len(manifest["output"]) == 12


def test_files_are_for_this_account_only(caller: Client, ward: Any) -> None:
    done(caller, begin(caller))
    folder = Path(settings.VAR_DIR) / "exports" / str(Export.objects.get().pk)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = list(folder.iterdir())
    assert len(names) == 5
    assert {stat.S_IMODE(name.stat().st_mode) for name in names} == {0o600}


def test_a_file_is_compressed_for_one_who_takes_gzip(caller: Client, ward: Any) -> None:
    address = done(caller, begin(caller, query={"_type": "Patient"}))["output"][0]["url"]
    packed = caller.get(address, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed["Content-Encoding"] == "gzip"
    plain = caller.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in plain
    assert gzip.decompress(b"".join(packed.streaming_content)) == b"".join(plain.streaming_content)


@pytest.mark.parametrize("name", ["Observation.99.ndjson", "..%2f..%2fsecret_key", ".Patient.1.ndjson.plan", "x"])
def test_no_other_file_is_served(caller: Client, ward: Any, name: str) -> None:
    begun = begin(caller)
    done(caller, begun)
    assert caller.get(f"{place(begun)}/{name}").status_code == 404


def test_files_are_not_there_before_the_export_is_done(caller: Client, ward: Any) -> None:
    where = place(begin(caller))
    export = Export.objects.get()
    plan.plan(export.pk)
    part = claim(export)
    assert part is not None
    write(export, part)
    name = ExportPart.objects.get(pk=part.pk).files[0]["name"]
    assert caller.get(f"{where}/{name}").status_code == 404


def test_an_export_expires_with_its_files(caller: Client, ward: Any) -> None:
    begun = begin(caller)
    file = done(caller, begun)["output"][0]["url"]
    assert "Expires" in caller.get(place(begun))
    export = Export.objects.get()
    assert export.expires_at == export.finished_at + timedelta(hours=settings.EXPORT_HOURS)
    assert tasks.forget_expired() == 0
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert caller.get(place(begun)).status_code == caller.get(file).status_code == 404
    assert tasks.forget_expired() == 1
    assert not files.folder(export.pk).exists()


@pytest.mark.parametrize("when", ["queued", "running", "done"])
def test_a_deleted_export_is_gone_with_its_files(
    caller: Client, ward: Any, when: str, django_capture_on_commit_callbacks: Any
) -> None:
    begun = begin(caller)
    where, export = place(begun), Export.objects.get()
    if when == "running":
        plan.plan(export.pk)
        part = claim(export)
        assert part is not None
        write(export, part)
    elif when == "done":
        done(caller, begun)
    with django_capture_on_commit_callbacks(execute=True):
        assert caller.delete(where).status_code == 202
    for answer in (caller.get(where), caller.delete(where)):
        assert answer.status_code == 404
        assert answer.json()["resourceType"] == "OperationOutcome"
    assert not files.folder(export.pk).exists()
    tasks.run(str(export.pk))
    assert Export.objects.get().state == ExportState.CANCELLED
    assert not files.folder(export.pk).exists()


def test_a_worker_in_the_middle_of_a_cancelled_part_leaves_nothing(caller: Client, ward: Any) -> None:
    place(begin(caller))
    export = Export.objects.get()
    plan.plan(export.pk)
    part = claim(export)
    assert part is not None
    Export.objects.update(state=ExportState.CANCELLED)
    assert not write(export, part)
    assert not files.folder(export.pk).exists()


def test_what_a_killed_worker_held_is_written_by_another(caller: Client, ward: Any, sent: list[str]) -> None:
    begun = begin(caller)
    export = Export.objects.get()
    plan.plan(export.pk)
    dead = claim(export)  # and then its worker is killed
    assert dead is not None
    tasks.run(str(export.pk))
    assert Export.objects.get().state == ExportState.RUNNING, "the part of the dead is not taken while its lease holds"
    assert tasks.sweep() == 0
    Export.objects.update(moved_at=timezone.now() - timedelta(hours=1))
    assert tasks.sweep() == 0, "a worker may still be at it"
    ExportPart.objects.filter(pk=dead.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert tasks.sweep() == 1
    assert sent[-1] == str(export.pk)
    assert len(ids(caller, done(caller, begun))) == 12
    before = list(ExportPart.objects.values_list("files", flat=True))
    assert not write(export, dead), "one that was thought dead and is not publishes nothing"
    assert list(ExportPart.objects.values_list("files", flat=True)) == before


def test_a_lost_message_is_sent_again(caller: Client, ward: Any, sent: list[str]) -> None:
    place(begin(caller))
    assert sent == []
    Export.objects.update(moved_at=timezone.now() - timedelta(hours=1))
    assert tasks.sweep() == 1
    assert tasks.sweep() == 0


def test_a_part_that_always_fails_ends_the_export(caller: Client, ward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place(begin(caller))
    monkeypatch.setattr(lines, "in_one_line", lambda _body: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tasks.run(str(Export.objects.get().pk))
    export = Export.objects.get()
    assert export.state == ExportState.FAILED
    answer = caller.get(where)
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.content.decode()
    assert not files.folder(export.pk).exists()


def test_a_part_that_kills_every_worker_ends_the_export(caller: Client, ward: Any) -> None:
    place(begin(caller))
    export = Export.objects.get()
    plan.plan(export.pk)
    for _ in range(5):
        assert claim(export) is not None
        ExportPart.objects.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(export) is None
    assert Export.objects.get().state == ExportState.FAILED


def changed(number: int, whose: Any, *, value: str) -> None:
    """A new version of a level, as the inbox stores it: the older one is no longer in force."""
    Resource.objects.filter(resource_id=f"o{number}").update(is_current=False)
    level(whose, number, value=value, version=2)


def test_what_is_written_after_the_kick_off_is_not_in_and_what_it_replaced_is(caller: Client, ward: Any) -> None:
    begun = begin(caller, query={"_type": "Observation"})
    export = Export.objects.get()
    changed(0, ward[0], value="99.9")
    level(ward[0], 77)
    plan.plan(export.pk)
    changed(1, ward[1], value="99.9")
    part = claim(export)
    assert part is not None
    write(export, part)
    changed(2, ward[0], value="99.9")
    changed(9, ward[1], value="99.9")
    manifest = done(caller, begun)
    assert ids(caller, manifest) == {f"Observation/ward.o{number}" for number in range(10)}
    assert "99.9" not in "".join(fetched(caller, manifest["output"]))


def test_since_an_earlier_export_only_what_came_after_it_is_exported(caller: Client, ward: Any) -> None:
    earlier = done(caller, begin(caller))
    changed(3, ward[1], value="99.9")
    late = level(ward[0], 50)
    assert late.last_updated < timezone.now() - timedelta(days=1), "its source changed it long ago; it came in now"
    manifest = done(caller, begin(caller, query={"_since": earlier["transactionTime"]}))
    assert ids(caller, manifest) == {"Observation/ward.o3", "Observation/ward.o50"}
    assert manifest["deleted"] == []


def test_since_a_time_what_changed_or_came_in_then_is_exported(caller: Client, ward: Any) -> None:
    everything = done(caller, begin(caller, query={"_since": SINCE_ALWAYS}))
    assert len(ids(caller, everything)) == 12
    later = T0 + timedelta(hours=1, seconds=30)
    assert done(caller, begin(caller, query={"_since": (later + timedelta(days=1)).isoformat()}))["output"] == []
    changed(4, ward[0], value="1.5")
    since = (later + timedelta(minutes=1)).isoformat()
    assert ids(caller, done(caller, begin(caller, query={"_since": since}))) == {"Observation/ward.o4"}


def deleted(resource_id: str) -> None:
    gone = Resource.objects.filter(resource_id=resource_id).get()
    gone.is_current = False
    gone.save()
    Resource.objects.create(
        source_key=gone.source_key, resource_type="Observation", resource_id=resource_id, version="2", text="",
        last_updated=timezone.now(), sha256="", reading=gone.reading, subject=gone.subject, deleted=True,
        method="DELETE", status="deleted",
    )  # fmt: skip


def test_what_was_deleted_since_is_listed_as_transactions_of_deletions(caller: Client, ward: Any) -> None:
    earlier = done(caller, begin(caller))
    deleted("o5")
    manifest = done(caller, begin(caller, query={"_since": earlier["transactionTime"]}))
    assert manifest["output"] == []
    (line,) = fetched(caller, manifest["deleted"])
    assert line == (
        '{"resourceType":"Bundle","type":"transaction",'
        '"entry":[{"request":{"method":"DELETE","url":"Observation/ward.o5"}}]}'
    )
    whole = done(caller, begin(caller))
    assert "Observation/ward.o5" not in ids(caller, whole)
    assert "deleted" not in whole


def test_a_narrowed_scope_does_not_hear_what_was_deleted(client_of: Client_of, ward: Any) -> None:
    narrow = client_of("narrow", "system/Observation.rs?category=vital-signs")
    since = done(narrow, begin(narrow))["transactionTime"]
    deleted("o5")
    manifest = done(narrow, begin(narrow, query={"_since": since}))
    assert (manifest["output"], manifest["deleted"]) == ([], [])


@pytest.mark.postgresql
def test_it_waits_for_those_who_were_writing_when_it_was_asked_for(
    caller: Client, ward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row with a low number may appear late: its writer got the number first and has not ended."""
    monkeypatch.setattr(plan, "WAIT_SECONDS", 0.2)
    place(begin(caller))
    export = Export.objects.get()
    known = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    with connect(**{name: known[key] for name, key in names.items() if known[key]}) as other:
        other.execute("UPDATE readings_resource SET is_current = is_current WHERE id = -1")
        assert not plan.plan(export.pk)
        assert Export.objects.get().state == ExportState.QUEUED
        other.rollback()
        assert plan.plan(export.pk)


def test_what_two_sources_call_alike_is_exported_under_two_names(caller: Client, ward: Any) -> None:
    source("home", "http://home.test/fhir")
    level(patient(1, slug="home"), 1)
    found = ids(caller, done(caller, begin(caller, query={"_type": "Observation"})))
    assert {"Observation/ward.o1", "Observation/home.o1"} <= found


def test_it_is_declared(client: Client) -> None:
    statement = client.get("/fhir/metadata").json()
    assert "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data" in statement["instantiates"]
    rest = statement["rest"][0]
    defined = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
    assert {"name": "export", "definition": f"{defined}export"} in rest["operation"]
    by_type = {one["type"]: one.get("operation", []) for one in rest["resource"]}
    assert {"name": "export", "definition": f"{defined}patient-export"} in by_type["Patient"]
    assert {"name": "export", "definition": f"{defined}group-export"} in by_type["Group"]
