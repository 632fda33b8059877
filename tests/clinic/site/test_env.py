"""Settings from the environment: typed, loud when wrong, readable from a file."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clinic.site import env
from tests.environment import ROOT


def test_a_list_of_objects_is_read_and_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.objects("SOME_OBJECTS") == []
    monkeypatch.setenv("SOME_OBJECTS", ' [{"a": 1}] ')
    assert env.objects("SOME_OBJECTS") == [{"a": 1}]
    for value, words in (
        ("[{", "SOME_OBJECTS is not JSON"),
        ('{"a": 1}', "is no list of objects"),
        ("[1]", "is no list"),
    ):
        monkeypatch.setenv("SOME_OBJECTS", value)
        with pytest.raises(env.SettingError, match=words):
            env.objects("SOME_OBJECTS")


def test_an_address_a_file_and_a_list_of_known_words_are_what_they_say_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (env.web_address("SOME"), env.file("SOME"), env.choices("SOME", ["a", "b"])) == ("", "", [])
    (tmp_path / "list").touch()
    for read, good, bad, words in (
        (env.web_address, "https://login.example", "http://login.example", "begins with https://"),
        (env.web_address, "http://localhost:8080/x", "login.example", "begins with https://"),
        (env.file, str(tmp_path / "list"), str(tmp_path), "which is no file"),
        (lambda name: ",".join(env.choices(name, ["a", "b"])), "b,a", "a,c", "has 'c'; use some of a, b"),
    ):
        monkeypatch.setenv("SOME", good)
        assert read("SOME") == good
        monkeypatch.setenv("SOME", bad)
        with pytest.raises(env.SettingError, match=words):
            read("SOME")


def test_a_provider_is_named_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.provider("LOGIN") == {}
    monkeypatch.setenv("LOGIN_CLIENT_ID", "us")
    with pytest.raises(env.SettingError, match="LOGIN_ISSUER is not set"):
        env.provider("LOGIN")
    monkeypatch.setenv("LOGIN_ISSUER", "https://login.example")
    with pytest.raises(env.SettingError, match="LOGIN_CLIENT_SECRET is not set"):
        env.provider("LOGIN")
    monkeypatch.setenv("LOGIN_CLIENT_SECRET", "secret")
    assert env.provider("LOGIN") == {
        "issuer": "https://login.example",
        "client_id": "us",
        "client_secret": "secret",
        "name": "your hospital login",
    }


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


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    key = env.generated_key("A_KEY", path)
    assert key.startswith("-----BEGIN PRIVATE KEY-----")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert env.generated_key("A_KEY", path) == key
    assert list(tmp_path.iterdir()) == [path]
    path.chmod(0o640)
    with pytest.raises(env.SettingError, match="can be read by others; run chmod 600"):
        env.generated_key("A_KEY", path)


def test_a_key_of_a_process_that_was_first_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("first", encoding="utf-8")
    path.chmod(0o600)
    env._make_key(path, "rsa")
    assert path.read_text(encoding="utf-8") == "first"


def test_origins_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGINS", "https://ehr.example, http://127.0.0.1:9000")
    assert env.origins("ORIGINS") == ["https://ehr.example", "http://127.0.0.1:9000"]
    monkeypatch.delenv("ORIGINS")
    assert env.origins("ORIGINS") == []


@pytest.mark.parametrize(
    "written", ["ehr.example", "https://ehr.example/", "https://*.example", "*", "https://a;b", "'self'"]
)
def test_what_is_no_origin_is_refused(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGINS", written)
    with pytest.raises(env.SettingError, match="ORIGINS has"):
        env.origins("ORIGINS")


EHR = '{"issuer": "https://ehr.example/fhir/", "client_id": "twin", "source": "ward"}'


def test_hospital_systems_are_found_by_their_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHRS", f"[{EHR}]")
    assert env.ehrs("EHRS")["https://ehr.example/fhir"]["source"] == "ward"
    monkeypatch.delenv("EHRS")
    assert env.ehrs("EHRS") == {}


@pytest.mark.parametrize(
    "written",
    [
        *("{", EHR, "[7]", '[{"issuer": "https://ehr.example"}]', '[{"issuer": 7, "client_id": "x", "source": "y"}]'),
        *(f'[{EHR[:-1]}, "secret": "x"}}]', f"[{EHR.replace('https', 'ftp')}]"),
    ],
)
def test_a_hospital_system_that_is_written_wrongly_is_refused(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHRS", written)
    with pytest.raises(env.SettingError, match="EHRS"):
        env.ehrs("EHRS")


@pytest.mark.parametrize(
    ("https", "ancestors", "same_site"),
    [("1", "https://ehr.example", "None"), ("0", "https://ehr.example", "Lax"), ("1", "", "Lax")],
)
def test_cookies_go_into_frames_of_another_site_only_over_tls(
    tmp_path: Path, https: str, ancestors: str, same_site: str
) -> None:
    code = (
        "from django.conf import settings as s;"
        "import sys;"
        "sys.stdout.write(f'{s.SESSION_COOKIE_SAMESITE} {s.CSRF_COOKIE_SAMESITE} {s.SESSION_COOKIE_SECURE}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "VAR_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "clinic.site.settings",
            "HTTPS_ONLY": https,
            "EHR_FRAME_ANCESTORS": ancestors,
        },
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{same_site} {same_site} {https == '1'}"


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
