"""Signed checkpoints: taken when due, kept in the database and outside it, believed by their signature alone."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from clinic.audit import tasks
from clinic.audit.checkpoint import CheckpointRefusedError, is_due, take
from clinic.audit.export import ExportError, append_missing, read
from clinic.audit.models import AuditEvent, ChainHead, Checkpoint, VerifiedUntil
from clinic.audit.signing import SigningKeyError, signer
from clinic.audit.statement import CheckpointLineError, SignedCheckpoint
from clinic.audit.verify import verify, verify_onwards
from clinic.site import env
from tests.clinic.audit.tampering import TABLE, rewritten, some_events, unguarded

pytestmark = pytest.mark.django_db


def taken() -> SignedCheckpoint:
    found = take()
    assert found is not None
    return found[0]


def pem_of(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def said(command: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = env.generated_key("AUDIT_SIGNING_KEY", path, "ed25519")
    assert path.stat().st_mode & 0o777 == 0o600
    assert env.generated_key("AUDIT_SIGNING_KEY", path, "ed25519") == made
    path.chmod(0o640)
    with pytest.raises(env.SettingError, match="chmod 600"):
        env.generated_key("AUDIT_SIGNING_KEY", path, "ed25519")


@pytest.mark.parametrize("pem", ["", "no key", pem_of(generate_private_key(65537, 2048))])
def test_a_key_of_another_kind_is_refused_with_the_remedy(settings: Any, pem: str) -> None:
    settings.AUDIT_SIGNING_KEY = pem
    with pytest.raises(SigningKeyError, match="openssl genpkey -algorithm ed25519"):
        signer()


def test_a_checkpoint_states_where_the_chain_stands_and_what_came_before_it() -> None:
    assert take() is None, "there is nothing to sign yet"
    last = some_events(3)[-1]
    first = taken()
    assert (first.number, first.sequence, first.head, first.key) == (1, 3, last.hash, signer().key_id)
    assert taken() == first, "nothing came since"
    some_events(1)
    second = taken()
    assert (second.number, second.sequence, second.previous) == (2, 4, first.hash)
    assert verify().checkpoints == 2


def test_a_checkpoint_is_due_after_so_many_events_or_so_many_minutes_with_one(settings: Any) -> None:
    settings.AUDIT_CHECKPOINT_EVENTS, settings.AUDIT_CHECKPOINT_MINUTES = 3, 10
    assert not is_due()
    some_events(1)
    assert is_due(), "the first event waits for nothing"
    taken()
    later = timezone.now() + timedelta(minutes=11)
    assert not is_due(now=later), "no event came"
    some_events(2)
    assert not is_due()
    assert is_due(now=later)
    some_events(1)
    assert is_due()


def test_nothing_is_signed_over_a_broken_piece() -> None:
    some_events(2)
    taken()
    some_events(3)
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 4")  # noqa: S608
    with pytest.raises(CheckpointRefusedError, match="event 4 was edited"):
        take()
    assert Checkpoint.objects.count() == 1


def test_checkpoints_cannot_be_changed_or_removed() -> None:
    some_events(1)
    taken()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Checkpoint.objects.update(sequence=9)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Checkpoint.objects.all().delete()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE audit_checkpoint SET sequence = 1 WHERE number = 1", "its hash is not its own"),
        ("UPDATE audit_checkpoint SET signature = 'AAAA' WHERE number = 1", "signature does not fit"),
        ("UPDATE audit_checkpoint SET signature = '?' WHERE number = 1", "signature does not fit"),
        ("UPDATE audit_checkpoint SET key = '0000000000000000' WHERE number = 2", "its hash is not its own"),
        ("DELETE FROM audit_checkpoint WHERE number = 1", "checkpoint 1 is missing"),
    ],
)
def test_a_changed_checkpoint_is_found(statement: str, reason: str) -> None:
    for _ in range(2):
        some_events(2)
        taken()
    with unguarded("audit_checkpoint") as cursor:
        cursor.execute(statement)
    for found in (verify(), verify_onwards()):
        assert not found.ok
        assert reason in found.reason


def test_a_retired_key_is_believed_where_it_is_named(settings: Any) -> None:
    some_events(1)
    taken()
    old = signer().public_pem()
    settings.AUDIT_SIGNING_KEY = pem_of(Ed25519PrivateKey.generate())
    some_events(1)
    taken()
    assert "not among those given" in verify().reason
    settings.AUDIT_RETIRED_KEYS = old
    assert verify().ok


def test_the_exported_file_grows_by_what_is_missing_and_is_never_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / "checkpoints.jsonl"
    for _ in range(2):
        some_events(1)
        taken()
    assert append_missing(path) == 2
    begun = path.read_text()
    assert append_missing(path) == 0
    some_events(1)
    third = taken()
    assert append_missing(path) == 1
    assert path.read_text().startswith(begun)
    assert read(path)[-1] == third
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(begun.replace('"sequence":2', '"sequence":1'))
    with pytest.raises(ExportError, match="is not the database's"):
        append_missing(path)


@pytest.mark.parametrize("line", ["", "{", "[]", '{"kind": "else"}', '{"kind": "patient twin: audit checkpoint"}'])
def test_a_line_that_is_no_checkpoint_is_named(line: str) -> None:
    with pytest.raises(CheckpointLineError):
        SignedCheckpoint.from_line(line)


def test_a_line_reads_back_as_it_was_written_and_odd_values_are_refused() -> None:
    some_events(1)
    checkpoint = taken()
    assert SignedCheckpoint.from_line(checkpoint.line()) == checkpoint
    for change in ({"number": True}, {"sequence": 0}, {"head": "x"}, {"time": 5}, {"more": 1}):
        with pytest.raises(CheckpointLineError):
            SignedCheckpoint.from_line(json.dumps({**json.loads(checkpoint.line()), **change}))


def test_a_wholly_rewritten_chain_is_found_by_the_database_and_by_the_file(tmp_path: Path, settings: Any) -> None:
    path, key = tmp_path / "checkpoints.jsonl", tmp_path / "public.pem"
    some_events(4)
    taken()
    append_missing(path)
    key.write_text(said("audit_key"))
    assert "1 exported ones agree" in said("verify_audit", checkpoints=str(path), public_key=str(key))
    rewritten({2: {"actor": "nobody"}})
    assert "written anew" in verify().reason, "the stored checkpoint still says otherwise"
    with unguarded("audit_checkpoint") as cursor:
        cursor.execute("DELETE FROM audit_checkpoint")
    taken()  # who holds the database and the key signs anew
    assert verify().ok
    with pytest.raises(CommandError, match="another than was exported: the chain was written anew"):
        call_command("verify_audit", checkpoints=str(path), public_key=str(key))
    settings.AUDIT_CHECKPOINT_FILE = str(path)
    with pytest.raises(CommandError, match="written anew"):
        call_command("verify_audit")


def test_a_cut_tail_is_found_although_the_head_was_set_back() -> None:
    some_events(4)
    exported = [taken()]
    with unguarded(TABLE, "audit_checkpoint") as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE sequence > 2")  # noqa: S608
        cursor.execute("DELETE FROM audit_checkpoint")
    second = AuditEvent.objects.get(pk=2)
    ChainHead.objects.update(sequence=2, hash=second.hash)
    assert verify().ok, "by itself the shorter chain is whole"
    found = verify(exported=exported)
    assert not found.ok
    assert "cut off" in found.reason


def test_a_key_kept_elsewhere_does_not_believe_one_put_in_its_place(tmp_path: Path, settings: Any) -> None:
    key = tmp_path / "public.pem"
    key.write_text(said("audit_key"))
    settings.AUDIT_SIGNING_KEY = pem_of(Ed25519PrivateKey.generate())
    some_events(1)
    taken()
    assert verify().ok
    with pytest.raises(CommandError, match="not among those given"):
        call_command("verify_audit", public_key=str(key))


def test_an_incremental_run_goes_on_from_the_last_verified_checkpoint() -> None:
    some_events(5)
    taken()
    assert "5 events checked from the start" in said("verify_audit", incremental=True)
    some_events(2)
    assert "2 events checked from checkpoint 1" in said("verify_audit", incremental=True)
    assert "7 events checked from the start" in said("verify_audit")
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 2")  # noqa: S608
    assert verify_onwards().ok, "an earlier event is the full run's matter"
    assert verify().first_broken == 2
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 6")  # noqa: S608
    assert verify_onwards().first_broken == 6


@pytest.mark.parametrize("change", [{"number": 1}, {"sequence": 2}, {"signature": "AAAA"}, {"key": "0" * 16}])
def test_a_forged_note_is_not_believed_and_the_run_starts_from_the_start(change: dict[str, Any]) -> None:
    for _ in range(2):
        some_events(2)
        taken()
    said("verify_audit")
    VerifiedUntil.objects.update(**change)
    found = verify_onwards()
    assert (found.ok, found.checked) == (True, 4)


def test_the_clock_takes_exports_and_verifies(tmp_path: Path, settings: Any, caplog: Any) -> None:
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    settings.AUDIT_CHECKPOINT_EVENTS = 2
    tasks.checkpoint()
    tasks.verify_onwards()
    assert not Checkpoint.objects.exists()
    some_events(2)
    tasks.checkpoint()
    tasks.verify_onwards()
    assert [item.sequence for item in read(tmp_path / "checkpoints.jsonl")] == [2]
    assert VerifiedUntil.objects.get().number == 1
    some_events(1)
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x' WHERE sequence = 3")  # noqa: S608
    tasks.verify_onwards()
    assert "broken at event 3" in caplog.text


def test_the_commands_end_with_a_code_of_their_own(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(CommandError, match="no event yet") as nothing:
        call_command("audit_checkpoint")
    some_events(1)
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    assert SignedCheckpoint.from_line(said("audit_checkpoint")) == read(tmp_path / "checkpoints.jsonl")[0]
    with pytest.raises(CommandError, match="cannot be read") as unread:
        call_command("verify_audit", checkpoints=str(tmp_path / "nowhere"))
    (tmp_path / "no.pem").write_text("no key")
    with pytest.raises(CommandError, match="holds no public key") as keyless:
        call_command("verify_audit", public_key=str(tmp_path / "no.pem"))
    assert {error.value.returncode for error in (nothing, unread, keyless)} == {2}
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'x'")  # noqa: S608
    with pytest.raises(CommandError, match="broken at event 1") as broken:
        call_command("verify_audit")
    assert broken.value.returncode == 1
