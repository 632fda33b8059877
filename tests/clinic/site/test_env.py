"""Settings from the environment: typed, loud when wrong, readable from a file."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clinic.site import env
from tests.environment import ROOT


def test_a_setting_is_read_from_the_file_that_its_name_with_file_points_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgresql://db/twin\n", encoding="utf-8")
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "url"))
    assert env.text("A_SETTING") == "postgresql://db/twin"


def test_a_setting_and_its_file_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SETTING", "x")
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "url"))
    with pytest.raises(env.SettingError, match="A_SETTING and A_SETTING_FILE are both set"):
        env.text("A_SETTING")


def test_a_missing_setting_names_itself_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_SETTING", raising=False)
    with pytest.raises(env.SettingError, match="A_SETTING is not set; set it, or A_SETTING_FILE"):
        env.text("A_SETTING")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "none"))
    with pytest.raises(env.SettingError, match=r"A_SETTING_FILE is .*none.*cannot be read"):
        env.text("A_SETTING")


@pytest.mark.parametrize(("written", "meant"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_a_flag_is_read_in_the_usual_spellings(written: str, meant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_FLAG", written)
    assert env.flag("A_FLAG", not meant) is meant


def test_a_flag_that_is_neither_is_refused_not_taken_as_false(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_FLAG", "maybe")
    with pytest.raises(env.SettingError, match="A_FLAG is 'maybe'; use one of"):
        env.flag("A_FLAG", False)


@pytest.mark.parametrize("written", ["0", "11", "3.5", "ten", ""])
def test_a_number_out_of_its_range_is_refused_with_the_range(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_NUMBER", written)
    with pytest.raises(env.SettingError, match="use a whole number from 1 to 10"):
        env.integer("A_NUMBER", 5, low=1, high=10)


def test_a_list_is_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_LIST", "a, b,,c ")
    assert env.words("A_LIST", "") == ["a", "b", "c"]


def test_a_group_reads_its_names_and_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("secret\n")
    monkeypatch.setenv("EHR_LAB_URL", "https://lab.test/fhir")
    monkeypatch.setenv("EHR_LAB_CLIENT_KEY_FILE", str(tmp_path / "key"))
    found = env.group("EHR_LAB", ("URL", "CLIENT_KEY", "SCOPE"))
    assert found == {"url": "https://lab.test/fhir", "client_key": "secret", "scope": ""}


def test_a_directory_that_is_not_there_is_refused_and_none_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMULARY_DIR", str(tmp_path))
    assert env.folder("FORMULARY_DIR") == str(tmp_path)
    monkeypatch.setenv("FORMULARY_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(env.SettingError, match=r"FORMULARY_DIR is .*nowhere', which is no directory; make it"):
        env.folder("FORMULARY_DIR")
    monkeypatch.delenv("FORMULARY_DIR")
    assert env.folder("FORMULARY_DIR") == ""


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_SECRET", raising=False)
    path = tmp_path / "deep" / "secret"
    first = env.generated_secret("A_SECRET", path)
    assert len(first) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert env.generated_secret("A_SECRET", path) == first


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_SECRET", raising=False)
    path = tmp_path / "secret"
    env.generated_secret("A_SECRET", path)
    path.chmod(0o644)
    with pytest.raises(env.SettingError, match="can be read by others; run chmod 600"):
        env.generated_secret("A_SECRET", path)


def test_a_secret_that_is_too_short_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "short")
    with pytest.raises(env.SettingError, match="A_SECRET is shorter than 32 characters"):
        env.generated_secret("A_SECRET", tmp_path / "secret")


def test_what_the_site_writes_is_for_its_own_account_only(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    code = "import django; django.setup(); from django.core.management import call_command; call_command('migrate')"
    subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    made = [folder, *folder.rglob("*")]
    assert folder / "clinic.sqlite3" in made
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_safe_defaults_hold_when_nothing_is_set() -> None:
    from django.conf import settings

    assert "DEBUG" not in os.environ
    assert settings.DEBUG is False
    assert "*" not in settings.ALLOWED_HOSTS
    assert settings.SESSION_COOKIE_HTTPONLY is True
    assert settings.X_FRAME_OPTIONS == "DENY"
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["script-src"] == ["'self'"]
