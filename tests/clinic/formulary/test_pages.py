"""The formulary's pages: the list, a card, what is not verified, and files of the hospital's own."""

import logging
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from twins.pharmacology import formulary

pytestmark = pytest.mark.django_db
FILES = Path(__file__).parents[2] / "twins" / "pharmacology" / "hospital_files"


@pytest.fixture(autouse=True)
def as_it_ships() -> Iterator[None]:
    yield
    formulary.load("")


@pytest.fixture
def reader(client: Client) -> Client:
    user = User.objects.create_user("cleo")
    user.groups.set([Group.objects.get(name=Role.CLINICIAN)])
    client.force_login(user)
    return client


def text(client: Client, name: str, **kwargs: str) -> str:
    answer = client.get(reverse(name, kwargs=kwargs))
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def test_the_list_shows_every_drug_and_model_with_what_is_not_verified(reader: Client) -> None:
    page = text(reader, "formulary")
    for model_id in formulary.model_ids():
        assert reverse("formulary-model", kwargs={"model_id": model_id}) in page
        assert formulary.model(model_id).title in page
    assert page.count("not verified</span>") == len(formulary.model_ids())
    assert page.count("simulation only</span>") == 7
    assert "high-alert medication" in page
    assert "Target: AUC24 400–600 mg·h/L." in page
    assert "No target could be cited." in page
    assert "piperacillin-chen-2016" in page


def test_every_card_says_everything_of_its_model(reader: Client) -> None:
    for model_id in formulary.model_ids():
        model, page = formulary.model(model_id), text(reader, "formulary-model", model_id=model_id)
        assert f"<h1>{formulary.drug(model.drug).title}: {model.title}</h1>" in page
        for line in (
            model.citation.text,
            model.population,
            model.omega_convention,
            *model.citation.read_in,
            *model.conflicts,
            *model.intended,
            *model.cautioned,
            *(f"Not verified: {line}" for line in model.unverified),
            *(known.meaning for known in model.covariates),
        ):
            assert " ".join(line.split()) in page
        assert (f"doi:{model.citation.doi}" if model.citation.doi else "DOI not verified") in page


def test_a_model_of_nobody_is_not_found_and_it_is_recorded_as_on_other_pages(reader: Client) -> None:
    assert reader.get(reverse("formulary-model", kwargs={"model_id": "vancomycin-goty-2018"})).status_code == 404
    assert [event.activity for event in AuditEvent.objects.all()] == ["page.formulary-model"]


@pytest.mark.parametrize("name", ["formulary", "formulary-model"])
def test_the_pages_are_read_only(reader: Client, name: str) -> None:
    kwargs = {"model_id": "vancomycin-goti-2018"} if name == "formulary-model" else {}
    assert reader.post(reverse(name, kwargs=kwargs)).status_code == 405


def test_the_menu_leads_here_for_those_who_may_and_for_nobody_else(client: Client, reader: Client) -> None:
    assert 'href="/formulary" aria-current="page"' in text(reader, "formulary")
    other = User.objects.create_user("otto")
    other.groups.set([Group.objects.get(name=Role.AUDITOR)])
    stranger = Client()
    stranger.force_login(other)
    assert 'href="/formulary"' not in stranger.get(reverse("audit")).content.decode()
    assert stranger.get(reverse("formulary")).status_code == 403


def test_files_of_the_hospital_are_loaded_at_start_and_mistakes_are_reported(
    reader: Client, settings: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FORMULARY_DIR = str(tmp_path)
    (tmp_path / "ours.toml").write_text((FILES / "new_drug.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "bad.toml").write_text("format = 1\ntitle = 7\n", encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        apps.get_app_config("formulary").ready()
    assert any("bad.toml: title is 7; write a text in quotes" in record.getMessage() for record in caplog.records)
    page = text(reader, "formulary")
    assert "Some of this hospital's own model files could not be used:" in page
    assert "bad.toml: title is 7; write a text in quotes" in page
    assert "added by this hospital" in page
    card = text(reader, "formulary-model", model_id="linezolid-our-ward-2026")
    assert "Not verified: Made up to test the format; not for patients." in card
    assert "Added by this hospital in ours.toml; it did not ship." in card


def test_pages_that_use_a_model_mark_what_is_not_verified(client: Client) -> None:
    """The part that patient and comparison pages show of a model."""
    model = formulary.model("digoxin-jelliffe-2014")
    shown = {"model": model, "version": {"created_at": None, "course_digest": "0" * 64}}
    permitted = {"formulary_view": True}
    for is_open in (True, False):
        page = " ".join(
            render_to_string("twin/model.html", {"card": shown, "may": permitted, "open_conflicts": is_open}).split()
        )
        assert f'<a href="/formulary/{model.id}">{model.title}</a>' in page
        assert f"{len(model.unverified)} not verified" in page
        assert "simulation only" in page
        assert all(f"Not verified: {escape(line)}" in page for line in model.unverified)
    assert 'href="/formulary/' not in render_to_string("twin/model.html", {"card": shown, "may": {}})
    unknown = formulary.model("carboplatin-mapbayr-run901")
    assert "DOI not verified" in render_to_string("twin/model.html", {"card": shown | {"model": unknown}, "may": {}})
