"""Import by $export: over a real socket, through every fault, killed in the middle, and nothing twice."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.ehr.access import TokenFile
from integrations.ehr.address import AddressError
from integrations.ehr.bulk import BulkError, BulkReport, Wanted, bulk_import
from integrations.ehr.bulk_file import kept_digest
from integrations.ehr.client import Client, FetchError
from integrations.ehr.lease import SourceBusyError, hold
from integrations.ehr.manifest import ManifestError, read_manifest
from integrations.ehr.models import BulkChunk, BulkFile, BulkImport, BulkState
from integrations.readings.models import QuarantineEntry, QuarantineReason, Reading, Resource, Source
from tests import migrated
from tests.integrations.ehr.hospital import Hospital, serving
from tests.integrations.ehr.server import QUICK
from tests.integrations.resources import condition, observation, patient
from twins.records.models import RecordState, StoredSample

ROOT = Path(__file__).resolve().parents[3]
Json = dict[str, Any]
CHUNK = 2000
"""Bytes: some four resources."""


def _levels(count: int, *, of: str = "p1") -> list[Json]:
    return [
        observation(f"{of}-o{n}", value=10 + n % 90, of=of, at=f"2026-03-02T06:{n % 60:02}:00Z") for n in range(count)
    ]


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    with serving() as server:
        server.export({"Observation": _levels(40), "Patient": [patient()]})
        yield server


@pytest.fixture
def source(db: None, hospital: Hospital) -> Source:
    return Source.objects.create(slug="ehr", address=hospital.base)


def _import(source: Source, hospital: Hospital, wanted: Wanted | None = None, **options: Any) -> BulkReport:
    with Client(hospital.base, patience=QUICK, token=hospital.token) as client:
        return bulk_import(source, client, wanted or Wanted(), chunk_bytes=CHUNK, **options)


def _whole() -> None:
    assert StoredSample.objects.filter(state=RecordState.ACTIVE).count() == 40
    assert Resource.objects.count() == 41
    assert not QuarantineEntry.objects.exists(), "patients come before what refers to them"


def test_an_export_is_asked_for_waited_for_fetched_and_deleted(source: Source, hospital: Hospital) -> None:
    hospital.polls = 2
    waited: list[str] = []
    report = _import(source, hospital, on_wait=waited.append)
    assert report.ok
    assert waited == ["half done", "half done"]
    _whole()
    method, path, headers, _ = hospital.requests[0]
    assert (method, headers["Prefer"]) == ("GET", "respond-async")
    assert path.startswith("/fhir/Patient/$export?_type=Patient%2CDevice%2C")
    assert "_since" not in path
    assert hospital.deleted == ["/fhir/status/1"]
    file = BulkFile.objects.get(resource_type="Observation")
    assert (file.done, file.lines, file.offset, file.url) == (True, 40, len(hospital.files["/files/Observation"]), "")
    assert file.chunks.count() > 5, "in pieces of reasonable size"
    assert AuditEvent.objects.filter(activity="bulk.import").get().detail["accepted"] == 41


def test_what_is_kept_is_the_file_byte_for_byte(source: Source, hospital: Hospital) -> None:
    _import(source, hospital)
    chunks = BulkChunk.objects.filter(file__resource_type="Observation").order_by("start")
    kept = b"".join(bytes(chunk.reading.content) for chunk in chunks)
    assert kept == hospital.files["/files/Observation"]


def test_the_next_import_asks_from_the_servers_own_time(source: Source, hospital: Hospital) -> None:
    _import(source, hospital)
    hospital.export({"Observation": _levels(41)[40:]}, transactionTime="2026-03-04T12:00:00Z")
    _import(source, hospital)
    asked = [path for method, path, *_ in hospital.requests if "$export" in path]
    assert asked[1].endswith("_since=2026-03-03T12%3A00%3A00.000Z")
    assert StoredSample.objects.count() == 41
    _import(source, hospital, Wanted(everything=True))
    assert "_since" not in [path for method, path, *_ in hospital.requests if "$export" in path][2]


@pytest.mark.parametrize(
    ("level", "path"), [("system", "/fhir/$export"), ("Group/g1", "/fhir/Group/g1/$export")], ids=["system", "group"]
)
def test_groups_and_systems_are_exported_too(source: Source, hospital: Hospital, level: str, path: str) -> None:
    assert _import(source, hospital, Wanted(level=level)).ok
    assert hospital.asked[f"GET {path}"] == 1


@pytest.mark.parametrize("fault", ["ranges", "no ranges", "no etags", "gzip"])
def test_a_file_that_breaks_off_goes_on_where_it_was(source: Source, hospital: Hospital, fault: str) -> None:
    hospital.ranges, hospital.etags, hospital.gzip = fault != "no ranges", fault != "no etags", fault == "gzip"
    hospital.cuts["/files/Observation"] = [300] if fault == "gzip" else [5000, 4500, 9000, 100]
    hospital.failures["/files/Observation"] = [503, 500]
    assert _import(source, hospital).ok
    _whole()
    ranges = [headers.get("Range") for _, path, headers, _ in hospital.requests if path == "/files/Observation"]
    assert (any(ranges), len(ranges) > 3) == (fault != "gzip", True)
    if fault == "ranges":
        assert StoredSample.objects.count() == 40, "nothing was taken in twice"
        assert Reading.objects.count() == BulkChunk.objects.count()


def test_a_run_that_fails_is_gone_on_with_at_the_same_byte(source: Source, hospital: Hospital) -> None:
    def break_off(_: Any) -> None:
        if StoredSample.objects.count() >= 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _import(source, hospital, on_progress=break_off)
    offset = BulkFile.objects.get(resource_type="Observation").offset
    assert 0 < offset < len(hospital.files["/files/Observation"])
    hospital.requests.clear()
    report = _import(source, hospital)
    assert (report.ok, report.resumed) == (True, True)
    assert not any("$export" in path for _, path, *_ in hospital.requests), "no second export"
    assert [headers["Range"] for *_, headers, _ in hospital.requests if "Range" in headers] == [f"bytes={offset}-"]
    _whole()


@pytest.mark.parametrize("etags", [True, False])
def test_a_file_that_changed_meanwhile_is_begun_anew(source: Source, hospital: Hospital, etags: bool) -> None:
    hospital.etags, hospital.ranges = etags, etags

    def break_off(_: Any) -> None:
        if StoredSample.objects.count() >= 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _import(source, hospital, on_progress=break_off)
    lines = hospital.files["/files/Observation"].splitlines(keepends=True)
    hospital.files["/files/Observation"] = b"".join(reversed(lines))
    assert _import(source, hospital).ok
    _whole()
    file = BulkFile.objects.get(resource_type="Observation")
    assert (file.lines, file.chunks.order_by("start").first().start) == (40, 0)


def test_a_digest_that_does_not_fit_is_not_taken_for_whole(source: Source, hospital: Hospital) -> None:
    hospital.digests = hospital.wrong_digest = True
    with pytest.raises(FetchError, match="another digest"):
        _import(source, hospital)
    file = BulkFile.objects.get(resource_type="Observation")
    assert (file.offset, file.done) == (0, False), "the next run fetches it from its beginning"
    hospital.wrong_digest = False
    assert _import(source, hospital).ok
    file.refresh_from_db()
    assert file.sha256 == kept_digest(file) != ""
    _whole()


def test_a_file_with_fewer_resources_than_announced_is_not_taken_for_whole(source: Source, hospital: Hospital) -> None:
    hospital.manifest["output"][0]["count"] = 41
    with pytest.raises(FetchError, match="40 resources came, the manifest says 41"):
        _import(source, hospital)
    assert BulkImport.objects.get().state == BulkState.LOADING
    hospital.files["/files/Observation"] += json.dumps(observation("late")).encode()
    assert _import(source, hospital).ok
    assert StoredSample.objects.count() == 41


def test_deletions_withdraw_what_was_read(source: Source, hospital: Hospital) -> None:
    hospital.export(
        {"Patient": [patient(), patient("p2")], "Observation": _levels(3), "Condition": [condition()]},
    )
    _import(source, hospital)
    assert Patient.objects.get(source_key="ehr/Patient/p1").subject.haemodialysis_since is not None
    gone = [
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": name}}]}
        for name in ("Observation/p1-o1", "Condition/c0", "Condition/c1", "Patient/p2")
    ]
    hospital.export({"deleted": [*gone, {"resourceType": "Patient", "id": "x"}]})
    assert _import(source, hospital).ok
    states = dict(StoredSample.objects.values_list("source_key", "state"))
    assert states.pop("ehr/Observation/p1-o1") == RecordState.WITHDRAWN
    assert set(states.values()) == {RecordState.ACTIVE}
    assert Patient.objects.get(source_key="ehr/Patient/p1").subject.haemodialysis_since is None
    assert Patient.objects.get(source_key="ehr/Patient/p2").active is False
    assert not Resource.objects.filter(source_key="ehr/Observation/p1-o1", is_current=True).exists()
    assert "names none" in QuarantineEntry.objects.get().detail
    assert AuditEvent.objects.get(activity="bulk.deleted").detail["deleted"] == 4
    hospital.export({"Observation": [observation("p1-o1", value=77, version=2)]})
    _import(source, hospital)
    row = StoredSample.objects.get(source_key="ehr/Observation/p1-o1", state=RecordState.ACTIVE)
    assert row.value == 77.0, "a version after the deletion counts again"


def test_a_nul_among_deletions_is_refused_by_its_line(source: Source, hospital: Hospital) -> None:
    """Of a name, in it and escaped, and of a complaint: for PostgreSQL none of them is text."""

    def deleting(name: str) -> dict[str, Any]:
        return {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": name}}]}

    hospital.export({"Observation": [observation("p1-o1")], "Patient": [patient()]})
    _import(source, hospital)
    complaint = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "a\x00b"}]}
    hospital.export({"deleted": [deleting("Observation/o\x00"), deleting("Observation/p1-o1")], "error": [complaint]})
    assert _import(source, hospital).ok
    held = QuarantineEntry.objects.order_by("pk")
    assert ["names none" in one.detail for one in held] == [True, False]
    assert not any("\x00" in one.detail + one.text for one in held)
    assert StoredSample.objects.get(source_key="ehr/Observation/p1-o1").state == RecordState.WITHDRAWN


def test_what_could_not_be_exported_waits_in_the_servers_words(source: Source, hospital: Hospital) -> None:
    bad = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "processing", "diagnostics": "Observation/9 is locked"}],
    }
    chat = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
    hospital.export({"Patient": [patient()], "error": [bad, chat]})
    assert _import(source, hospital).ok
    entry = QuarantineEntry.objects.get()
    assert "Observation/9 is locked" in entry.detail
    assert Reading.objects.filter(state="received").count() == 0


def test_unknown_types_and_bad_lines_wait_and_hold_up_nothing(source: Source, hospital: Hospital) -> None:
    strange = [{"resourceType": "Basic", "id": "d"}]
    hospital.export({"Patient": [patient()], "Observation": _levels(2), "Basic": strange})
    hospital.files["/files/Observation"] += b'{"resourceType": "Obser\n'
    assert _import(source, hospital).ok
    assert StoredSample.objects.count() == 2
    reasons = set(QuarantineEntry.objects.values_list("reason", flat=True))
    assert QuarantineReason.NOT_JSON in reasons
    assert len(reasons) == 2


def test_an_export_that_the_server_gave_up_ends_and_the_next_run_asks_anew(source: Source, hospital: Hospital) -> None:
    hospital.failures["/fhir/status/1"] = [500] * 5
    with pytest.raises(BulkError, match="came to nothing"):
        _import(source, hospital)
    assert BulkImport.objects.get().state == BulkState.FAILED
    report = _import(source, hospital)
    assert (report.ok, report.resumed) == (True, False)


def test_a_busy_status_leaves_the_export_open(source: Source, hospital: Hospital) -> None:
    hospital.failures["/fhir/status/1"] = [503] * 5
    with pytest.raises(FetchError, match="503"):
        _import(source, hospital)
    assert BulkImport.objects.get().state == BulkState.WAITING
    assert _import(source, hospital).resumed
    _whole()


def test_files_that_expired_end_the_export(source: Source, hospital: Hospital) -> None:
    del hospital.files["/files/Observation"]
    with pytest.raises(BulkError, match="expired"):
        _import(source, hospital)
    assert BulkImport.objects.get().state == BulkState.FAILED
    hospital.export({"Observation": _levels(40), "Patient": [patient()]})
    assert _import(source, hospital).ok
    _whole()


def test_the_token_is_shown_for_files_that_need_it(source: Source, hospital: Hospital) -> None:
    hospital.token = "secret"
    assert _import(source, hospital).ok
    shown = {headers.get("Authorization") for _, path, headers, _ in hospital.requests if path.startswith("/files")}
    assert shown == {"Bearer secret"}
    hospital.export({"Patient": [patient()]}, requiresAccessToken=False)
    with pytest.raises(FetchError, match="401"):
        _import(source, hospital)
    assert "Authorization" not in hospital.requests[-1][2], "and not where the manifest says that it is not"


def test_a_token_that_dies_between_two_pieces_is_replaced(source: Source, hospital: Hospital, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    hospital.token = "old"
    hospital.cuts["/files/Observation"] = [9000]

    def die(_: Any) -> None:
        hospital.token = "new"
        file.write_text("new")

    with Client(hospital.base, patience=QUICK, access=TokenFile(file)) as client:
        report = bulk_import(source, client, Wanted(), chunk_bytes=CHUNK, on_progress=die)
    assert report.ok
    _whole()
    shown = [headers["Authorization"] for _, path, headers, _ in hospital.requests if path == "/files/Observation"]
    assert shown == ["Bearer old", "Bearer new", "Bearer new"]


BASE = "https://ehr.test/fhir"


def _manifest(url: str, **changes: Any) -> bytes:
    return json.dumps(
        {"transactionTime": "2026-03-03T12:00:00Z", "requiresAccessToken": False, "output": [{"type": "P", "url": url}]}
        | changes
    ).encode()


def test_files_on_a_named_host_are_fetched_without_the_token_and_on_no_other() -> None:
    there = _manifest("https://store.test/a?signature=x")
    assert read_manifest(there, f"{BASE}/s", BASE, ["store.test"]).files[0].url.startswith("https://store.test")
    for hosts, content in (
        ([], there),
        (["store.test"], _manifest("http://store.test/a")),
        (["store.test"], _manifest("https://store.test/a", requiresAccessToken=True)),
        (["store.test"], _manifest("https://store.test@thief.test/a")),
        (["store.test"], _manifest("file:///etc/passwd")),
    ):
        with pytest.raises(AddressError):
            read_manifest(content, f"{BASE}/s", BASE, hosts)
    assert read_manifest(_manifest("files/1"), f"{BASE}/s", BASE, []).files[0].url == f"{BASE}/files/1"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", _manifest("x", transactionTime="yesterday"), _manifest("x", output=3)]
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestError):
        read_manifest(content, f"{BASE}/s", BASE, [])


def test_an_import_gives_way_to_a_pull(source: Source, hospital: Hospital) -> None:
    with hold(source), pytest.raises(SourceBusyError):
        _import(source, hospital)


def test_a_stop_leaves_it_to_the_next_run(source: Source, hospital: Hospital) -> None:
    stop = threading.Event()
    with Client(hospital.base, patience=QUICK, stop=stop) as client:
        report = bulk_import(source, client, Wanted(), chunk_bytes=CHUNK, on_progress=lambda _: stop.set())
    assert (report.stopped, report.ok) == (True, False)
    assert _import(source, hospital).ok
    _whole()


# --- SIGKILL -----------------------------------------------------------------------------------------------------


def _manage(var: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _rows(var: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(var / "clinic.sqlite3")) as database:
        return database.execute(question).fetchall()


def test_an_import_killed_in_the_middle_goes_on_at_its_byte(tmp_path: Path) -> None:
    with serving() as hospital:
        people = [patient(f"p{n}") for n in range(3)]
        levels = [level for n in range(3) for level in _levels(1500, of=f"p{n}")]
        hospital.export({"Patient": people, "Observation": levels})
        migrated.into(tmp_path)
        arguments = ("bulk_import", hospital.base, "--source", "ehr")
        process = _manage(tmp_path, *arguments)
        deadline = time.monotonic() + 180
        half = "select 1 from ehr_bulkfile where resource_type = 'Observation' and offset > 0"
        while time.monotonic() < deadline and not _rows(tmp_path, half):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        ((offset,),) = _rows(tmp_path, "select offset from ehr_bulkfile where resource_type = 'Observation'")
        again = _manage(tmp_path, *arguments)
        output, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors.decode()
    assert b"Went on with the export" in output
    assert 0 < offset < len(hospital.files["/files/Observation"]), "it was killed in the middle of the file"
    assert hospital.asked["GET /fhir/Patient/$export"] == 1
    assert _rows(tmp_path, "select count(*), count(distinct source_key) from records_storedsample") == [(4500, 4500)]
    assert _rows(tmp_path, "select count(*) from readings_reading where state != 'opened'") == [(0,)]
    ranges = [headers.get("Range") for _, path, headers, _ in hospital.requests if path == "/files/Observation"]
    assert ranges[1] is not None
