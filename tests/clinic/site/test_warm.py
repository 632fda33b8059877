"""``manage.py warm`` goes through every twin and every system of the formulary, and says how long each took."""

import sys
from io import StringIO

import pytest
from django.core.management import call_command

from clinic.site.management.commands import warm
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError
from twins.solvers import closed
from twins.solvers.system import Equations

LINEAR = ("vancomycin-goti-2018", "vancomycin-thomson-2009", "tacrolimus-andrews-2019")


@pytest.fixture
def few(monkeypatch):
    """A formulary without equations, which take long to compile."""
    monkeypatch.setattr(formulary, "model_ids", lambda: LINEAR)
    kept = []
    monkeypatch.setattr(warm, "keep_byte_code", kept.extend)
    return kept


def test_each_twin_and_each_system_is_named_with_its_time(few):
    out = StringIO()
    call_command("warm", stdout=out)
    said = out.getvalue()
    for model_id in LINEAR[:2]:
        assert f"{model_id}, from fit to comparison: " in said
    assert f"{formulary.model(LINEAR[2]).system.name}: " in said
    assert "All kernels are in the cache, after" in said
    assert sys.modules["numba"] in few


def test_a_model_that_reaches_nobody_is_named_and_left_out(few, monkeypatch):
    def nobody(*_):
        raise CovariateError("nobody")

    monkeypatch.setattr(warm, "rehearse", nobody)
    out = StringIO()
    call_command("warm", stdout=out)
    assert "vancomycin-goti-2018, from fit to comparison: left out; nobody" in out.getvalue()


def test_byte_code_is_kept_even_where_no_process_keeps_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    warm.keep_byte_code([closed, sys])
    assert [path.name.split(".")[0] for path in tmp_path.rglob("*.pyc")] == ["closed"]


def test_a_folder_that_cannot_be_written_is_left_as_it_is(monkeypatch, tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    monkeypatch.setattr(sys, "pycache_prefix", str(taken))
    warm.keep_byte_code([closed])
    assert taken.read_text() == ""


def test_every_system_of_the_formulary_can_be_rehearsed_with_parameters_of_one():
    for model in map(formulary.model, formulary.model_ids()):
        assert model.system.inputs
        if not isinstance(model.system.equations, Equations):
            warm.carry_once(model.system)
