"""Views and listeners by name: nothing is imported before somebody asks."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.dispatch import Signal
from django.urls import URLPattern, path

from clinic.access import deferred
from clinic.access.deferred import Deferred, named
from clinic.access.gate import RuleError, public, rule_of

NAME = "written_for_a_test"


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module that nobody has imported."""
    (tmp_path / f"{NAME}.py").write_text(
        textwrap.dedent(
            """
            from django.http import HttpResponse
            from django.views import View

            def page(request):
                return HttpResponse("here")

            page.csrf_exempt = True

            class Listed(View):
                def get(self, request):
                    return HttpResponse("listed")

            def heard(sender, *, words, **_):
                words.append("heard")
            """
        ),
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(deferred, "_named", [])
    yield
    sys.modules.pop(NAME, None)


def is_imported() -> bool:
    return NAME in sys.modules


def test_an_address_names_its_view_without_importing_it() -> None:
    pattern = path("somewhere", named(NAME).page, name="somewhere")
    assert isinstance(pattern, URLPattern)
    assert pattern.check() == []
    assert not is_imported()


def test_a_request_gets_the_view_itself_with_whatever_is_said_of_it(rf) -> None:
    match = path("somewhere", named(NAME).page, name="somewhere").resolve("somewhere")
    assert match.func.csrf_exempt
    assert match._func_path == f"{NAME}.page"
    assert match.func(rf.get("/somewhere")).content == b"here"


def test_a_class_becomes_a_view_only_once_it_is_asked(rf) -> None:
    view = named(NAME).Listed.as_view()
    assert not is_imported()
    assert view(rf.get("/")).content == b"listed"
    assert view.view_class.__name__ == "Listed"


def test_the_rule_of_the_gate_waits_for_the_view_and_stays_the_only_one() -> None:
    anybody = public("for a test")
    view = anybody(named(NAME).page)
    assert not is_imported()
    assert rule_of(view).reason == "for a test"
    twice = anybody(view)
    with pytest.raises(RuleError, match="already has the rule"):
        rule_of(twice)


def test_a_signal_is_heard_by_a_listener_that_was_only_named() -> None:
    signal, words = Signal(), []
    signal.connect(named(NAME).heard, dispatch_uid="heard")
    assert not is_imported()
    signal.send(None, words=words)
    assert words == ["heard"]


def test_all_of_it_is_imported_before_anybody_waits_for_it() -> None:
    known = named(NAME)
    assert [known.page, known.page, known.heard] == [known.page, known.page, known.heard]
    assert deferred.load_all() == 2
    assert is_imported()


def test_a_name_that_is_not_there_is_said_where_it_is_asked() -> None:
    with pytest.raises(AttributeError, match="nowhere"):
        named(NAME).nowhere()


def test_what_is_found_is_found_once() -> None:
    found: list[object] = []
    once = Deferred(lambda: found.append(1) or len)
    assert once("abc") == 3
    assert once("ab") == 2
    assert found == [1]
