"""Pulling from a folder of Bundles and ndjson, and the command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.ehr.folder import FolderError, pull_folder
from integrations.ehr.source import SourceError, source_for
from integrations.readings.models import Resource, Source
from tests.integrations.resources import as_bytes, bundle, observation
from twins.records.models import StoredSample


@pytest.fixture
def folder(tmp_path: Path, hospital: list[dict[str, Any]]) -> Path:
    """The hospital: observations as ndjson, the rest as Bundles, one of them in a folder below."""
    lines = [json.dumps(r) for r in hospital if r["resourceType"] == "Observation"]
    (tmp_path / "Observation.ndjson").write_text("\n".join(lines), encoding="utf-8")
    rest = [r for r in hospital if r["resourceType"] != "Observation"]
    (tmp_path / "a.json").write_bytes(as_bytes(bundle(*rest[5:], kind="collection")))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "z.json").write_bytes(as_bytes(bundle(*rest[:5], kind="collection")))
    (tmp_path / "notes.txt").write_text("not ours", encoding="utf-8")
    return tmp_path


def test_a_folder_is_read_whole_whatever_the_order_of_its_files(
    source: Source, folder: Path, hospital: list[dict[str, Any]]
) -> None:
    report = pull_folder(source, folder)
    assert report.ok
    assert Resource.objects.count() == len(hospital)
    assert report.released > 0
    again = pull_folder(source, folder)
    assert sum(t.accepted for t in again.types.values()) == 0
    assert sum(t.known for t in again.types.values()) == len(hospital)


def test_a_broken_file_is_named_and_the_others_are_read(source: Source, folder: Path) -> None:
    (folder / "broken.json").write_text('{"resourceType":', encoding="utf-8")
    report = pull_folder(source, folder)
    assert not report.ok
    assert "not finished" in report.types["broken.json"].summary()
    assert StoredSample.objects.exists()


def test_an_empty_folder_and_no_folder_are_refused(source: Source, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="holds no"):
        pull_folder(source, tmp_path)
    with pytest.raises(FolderError, match="not a folder"):
        pull_folder(source, tmp_path / "none")


def test_the_command_reads_a_folder_and_sums_up(db: None, folder: Path) -> None:
    out, err = StringIO(), StringIO()
    call_command("pull", str(folder), "--source", "export", stdout=out, stderr=err)
    assert "Observation.ndjson: 20 received" in out.getvalue()
    assert "came out of quarantine" in out.getvalue()
    assert "/s" in err.getvalue()
    assert Source.objects.get().slug == "export"


@pytest.mark.parametrize(
    "origin", ["file:///etc/passwd", "ftp://x.test/fhir", "http://user:secret@x.test/fhir", "/no/such"]
)
def test_the_command_refuses_what_is_neither_web_nor_folder(db: None, origin: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("pull", origin)
    assert "secret" not in str(caught.value)


def test_the_command_refuses_a_token_file_that_is_not_there_and_an_odd_rhythm(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="token-file"):
        call_command("pull", "http://x.test/fhir", "--token-file", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="above 0"):
        call_command("pull", "http://x.test/fhir", "--every", "0")


def test_a_source_has_a_name_from_its_address_or_as_given(db: None) -> None:
    assert source_for("", "https://ehr.test:8443/fhir/R4").slug == "ehr-test-8443-fhir-r4"
    assert source_for("ward", "http://127.0.0.1:1/fhir").slug == "ward"
    assert source_for("ward", "http://127.0.0.1:2/fhir").address == "http://127.0.0.1:2/fhir"
    assert Source.objects.count() == 2
    with pytest.raises(SourceError):
        source_for("Not A Name", "http://x.test/fhir")


def test_two_addresses_that_shorten_to_one_name_are_told_apart(db: None) -> None:
    source_for("", "http://x.test/a-b")
    with pytest.raises(SourceError, match="another name"):
        source_for("", "http://x.test/a_b")


def test_an_observation_alone_in_a_file_is_read(source: Source, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(as_bytes(observation()))
    report = pull_folder(source, tmp_path)
    assert report.types["one.json"].quarantined == 1
