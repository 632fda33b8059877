"""Old events go to a file and leave a signed stub; nothing goes uncovered, and nobody else removes any."""

import gzip
import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clinic.audit import archive, retention
from clinic.audit.chain import FIELDS
from clinic.audit.checkpoint import take
from clinic.audit.event import SYSTEM
from clinic.audit.models import AuditEvent, Checkpoint, Stub
from clinic.audit.retention import PruneRefusedError, prune
from clinic.audit.statement import SignedCheckpoint
from clinic.audit.verify import verify, verify_onwards
from tests.clinic.audit.tampering import TABLE, some_events, unguarded

pytestmark = pytest.mark.django_db

AFTER_SIX_YEARS = timedelta(days=2193)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Six years after three checkpoints were taken, at the events 3, 6 and 9; the moment is given to `prune`."""
    for _ in range(3):
        some_events(3)
        take()
    return timezone.now() + AFTER_SIX_YEARS


def exported() -> list[SignedCheckpoint]:
    return [SignedCheckpoint.of(row) for row in Checkpoint.objects.order_by("number")]


def test_old_events_go_to_a_file_and_the_chain_verifies_from_the_stub(old: datetime, tmp_path: Path) -> None:
    before = list(AuditEvent.objects.values(*FIELDS, "hash"))
    outside = exported()
    (piece,) = prune(by=SYSTEM, folder=tmp_path, now=old)
    assert (piece.first, piece.last) == (1, 9)
    assert piece.path.stat().st_mode & 0o077 == 0
    with gzip.open(piece.path, "rt") as file:
        kept = [json.loads(text) for text in file]
    assert [row["hash"] for row in kept] == [row["hash"] for row in before]
    stub = Stub.objects.get()
    assert (stub.first, stub.sequence, stub.counts, stub.checkpoint) == (1, 9, {"R": 9}, 3)
    assert stub.archive_sha256 == archive.digest(piece.path) == piece.sha256
    event = AuditEvent.objects.get()
    assert (event.sequence, event.activity, event.entity_id) == (10, "audit.prune", "1-9")
    assert event.entity_version == piece.sha256
    some_events(2)
    found = verify(exported=outside)
    assert (found.ok, found.checked, found.began.sequence) == (True, 3, 9)
    take()
    assert verify_onwards(exported=exported()).ok


def test_a_second_prune_goes_on_behind_the_first(old: datetime, tmp_path: Path) -> None:
    prune(by=SYSTEM, folder=tmp_path, now=old)
    assert prune(by=SYSTEM, folder=tmp_path, now=timezone.now()) == []
    some_events(2)
    take()
    (piece,) = prune(by=SYSTEM, folder=tmp_path, now=old)
    assert (piece.first, piece.last) == (10, 12)
    assert verify().ok
    with unguarded("audit_stub") as cursor:
        cursor.execute("DELETE FROM audit_stub WHERE first = 1")
    assert "one is missing" in verify().reason


def test_many_events_go_in_pieces(old: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 6)
    pieces = prune(by=SYSTEM, folder=tmp_path, now=old)
    assert [(piece.first, piece.last) for piece in pieces] == [(1, 6), (7, 9)]
    assert verify().ok


def test_young_events_stay(old: datetime, tmp_path: Path, settings: Any) -> None:
    assert prune(by=SYSTEM, folder=tmp_path, now=old - timedelta(days=2)) == []
    settings.AUDIT_RETENTION_DAYS = 1
    assert len(prune(by=SYSTEM, folder=tmp_path, now=timezone.now() + timedelta(days=2))) == 1


def test_without_a_covering_checkpoint_nothing_goes(tmp_path: Path) -> None:
    some_events(3)
    with pytest.raises(PruneRefusedError, match="no signed checkpoint covers"):
        prune(by=SYSTEM, folder=tmp_path, now=timezone.now() + AFTER_SIX_YEARS)
    assert AuditEvent.objects.count() == 3
    assert list(tmp_path.iterdir()) == []


def test_a_broken_chain_is_kept_as_it_is(old: datetime, tmp_path: Path) -> None:
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 2")  # noqa: S608
    with pytest.raises(PruneRefusedError, match=r"event 2 was edited: .*; find out why first"):
        prune(by=SYSTEM, folder=tmp_path, now=old)
    assert AuditEvent.objects.count() == 9


def test_a_file_that_is_there_is_never_written_over(old: datetime, tmp_path: Path) -> None:
    (tmp_path / "audit-1-9.jsonl.gz").write_text("something else")
    with pytest.raises(archive.ArchiveError, match="cannot be written"):
        prune(by=SYSTEM, folder=tmp_path, now=old)
    assert AuditEvent.objects.count() == 9


def test_if_the_event_cannot_be_written_nothing_goes(
    old: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(retention, "record", refuse)
    with pytest.raises(PruneRefusedError, match="nothing was removed: the disk is full"):
        prune(by=SYSTEM, folder=tmp_path, now=old)
    assert (AuditEvent.objects.count(), Stub.objects.count()) == (9, 0)
    assert list(tmp_path.iterdir()) == []


def test_what_no_stub_covers_cannot_be_removed_before_or_after(old: datetime, tmp_path: Path) -> None:
    def refused() -> None:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608

    refused()
    prune(by=SYSTEM, folder=tmp_path, now=old)
    some_events(1)
    refused()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Stub.objects.update(sequence=11)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Stub.objects.all().delete()


def test_a_stub_that_nobody_signed_lets_events_go_and_is_found(old: datetime, tmp_path: Path) -> None:
    prune(by=SYSTEM, folder=tmp_path, now=old)
    some_events(4)
    lawful = Stub.objects.get()
    Stub.objects.create(
        **{
            **{field.attname: getattr(lawful, field.attname) for field in Stub._meta.concrete_fields},
            "first": 10,
            "sequence": 12,
            "head": AuditEvent.objects.get(pk=12).hash,
            "previous": lawful.hash,
            "hash": "f" * 64,
        }
    )
    AuditEvent.objects.filter(sequence__lte=12)._raw_delete("default")
    found = verify()
    assert (found.ok, found.first_broken) == (False, 10)
    assert "cannot be believed" in found.reason


@pytest.mark.parametrize("change", ["sequence = 8", "head = hash", "counts = '{}'", "archive_sha256 = hash"])
def test_a_changed_stub_is_found(old: datetime, tmp_path: Path, change: str) -> None:
    prune(by=SYSTEM, folder=tmp_path, now=old)
    with unguarded("audit_stub") as cursor:
        cursor.execute(f"UPDATE audit_stub SET {change}")  # noqa: S608
    assert "cannot be believed" in verify().reason


def test_an_event_put_back_before_the_stub_is_found(old: datetime, tmp_path: Path) -> None:
    row = AuditEvent.objects.filter(pk=4).values(*FIELDS, "hash").get()
    prune(by=SYSTEM, folder=tmp_path, now=old)
    AuditEvent(**row).save(force_insert=True)
    found = verify()
    assert (found.ok, found.first_broken) == (False, 4)
    assert "inserted" in found.reason


def test_the_command_says_what_went_where(old: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    call_command("audit_prune", str(tmp_path), stdout=out)
    assert "no event is older than 2192 days" in out.getvalue()
    monkeypatch.setattr(retention.timezone, "now", lambda: old)
    call_command("audit_prune", str(tmp_path), stdout=out)
    assert "events 1 to 9 removed" in out.getvalue()
    some_events(1)
    monkeypatch.setattr(retention.timezone, "now", lambda: old + 2 * AFTER_SIX_YEARS)
    with pytest.raises(CommandError, match="no signed checkpoint covers"):
        call_command("audit_prune", str(tmp_path), stdout=out)


def test_a_temporary_table_of_that_name_is_no_stub(old: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE audit_stub (sequence bigint)")
        try:
            cursor.execute("INSERT INTO audit_stub VALUES (9)")
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(f"DELETE FROM {TABLE} WHERE sequence = 1")  # noqa: S608
        finally:
            cursor.execute("DROP TABLE audit_stub")
    assert AuditEvent.objects.count() == 9
