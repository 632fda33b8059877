"""Two languages, whole: each sentence has its German, each catalogue is compiled, no page says an unmarked word."""

import gettext
import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from tests.environment import ROOT
from tests.words import catalogues, portable
from tests.words.walk import walk

CATALOGUES = sorted(
    path for top in ("clinic", "integrations", "twins") for path in (ROOT / top).rglob("locale/de/LC_MESSAGES/*.po")
)
APPS = sorted(catalogues.ours().items())
_PLACES = re.compile(r"%\([^)]*\)[a-z]|%%|\{[^{}]*\}|</?[a-z][^>]*>")


def app_of(po: Path) -> str:
    return str(po.relative_to(ROOT).parents[3])


@pytest.mark.parametrize("po", CATALOGUES, ids=app_of)
def test_every_sentence_has_its_german_with_the_same_places(po: Path) -> None:
    for entry in portable.read(po)[1:]:
        assert not entry.fuzzy, f"a guess is no translation: {entry.key}"
        assert len(entry.texts) == (2 if entry.plural else 1), entry.key
        assert all(entry.texts), f"no German yet: {entry.key}"
        wanted = sorted(_PLACES.findall(entry.plural or entry.singular))
        for text in entry.texts[-1:]:
            assert sorted(_PLACES.findall(text)) == wanted, entry.key
        for text in entry.texts[:-1]:  # of one thing its number may go unsaid
            assert set(_PLACES.findall(text)) <= set(wanted), entry.key


@pytest.mark.parametrize("po", CATALOGUES, ids=app_of)
def test_what_is_compiled_is_what_is_written(po: Path) -> None:
    with po.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    written: dict[str | tuple[str, int], str] = {}
    for entry in portable.read(po)[1:]:
        if entry.plural:
            written |= {(entry.key, number): text for number, text in enumerate(entry.texts)}
        else:
            written[entry.key] = entry.texts[0]
    assert {key: text for key, text in compiled.items() if key != ""} == written


def test_the_same_english_is_the_same_german_on_every_page() -> None:
    """Catalogues of all apps are one at run time: of two German texts for one English the first app's would win."""
    found: dict[str, dict[tuple[str, ...], str]] = defaultdict(dict)
    for po in CATALOGUES:
        for entry in portable.read(po)[1:]:
            found[entry.key].setdefault(tuple(entry.texts), app_of(po))
    assert {english: german for english, german in found.items() if len(german) > 1} == {}


@pytest.mark.skipif(bool(catalogues.missing_tools()), reason="no gettext: its xgettext is not installed")
@pytest.mark.parametrize("app", [name for name, _ in APPS])
def test_every_marked_sentence_is_in_its_catalogue(app: str, tmp_path: Path) -> None:
    folders = dict(APPS)
    copy = tmp_path / folders[app].name
    shutil.copytree(folders[app], copy, ignore=shutil.ignore_patterns("static", "__pycache__", "migrations"))
    here = folders[app]
    inside = [copy / other.relative_to(here) for other in folders.values() if other.is_relative_to(here)]
    before = _keys(catalogues.catalogue(folders[app]))
    catalogues.extract(copy, inside)
    assert _keys(catalogues.catalogue(copy)) == before, f"run python -m tests.words.catalogues {app}"


def _keys(po: Path) -> set[tuple[str, str]]:
    return {(entry.key, entry.plural) for entry in portable.read(po)} if po.exists() else set()


@pytest.mark.django_db
@pytest.mark.timeout(1800)
def test_no_page_says_a_word_that_was_not_marked_for_translation() -> None:
    """Walked in a language that puts brackets around each translated text; `tests/words/kept.py` says what has none."""
    assert [f"{left.where}: {left.what}" for left in walk()] == []


def test_what_the_page_calls_logging_in_is_called_so_everywhere() -> None:
    other_word = re.compile(r"\bsign(?:s|ed|ing)?\s+in\b", re.IGNORECASE)
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        assert not other_word.findall(page.read_text(encoding="utf-8")), page.name
    for po in CATALOGUES:
        assert not [entry.key for entry in portable.read(po) if other_word.search(entry.singular)], app_of(po)
