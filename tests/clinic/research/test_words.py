"""Studies speak the reader's language; what a study is and its files do not depend on it."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from clinic.access.roles import Role
from tests.factories.patient_records import person
from tests.twins.cohorts.studies import small
from twins.cohorts.study import StudySpec
from twins.jobs.cohort import do_here, request_study
from twins.jobs.publish import study_folder
from twins.records.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path


def researcher(language: str) -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(f"rae {language}", Role.RESEARCHER, team=None))
    return client


def test_the_list_speaks_german_where_asked_and_english_otherwise() -> None:
    assert "Studien mit virtuellen Patienten" in researcher("de").get(reverse("studies")).content.decode()
    assert "Studies of virtual patients" in researcher("en").get(reverse("studies")).content.decode()


def test_a_finished_study_is_shown_in_german_with_a_decimal_comma_and_its_file_stays_english() -> None:
    with translation.override("de"):
        job = request_study(small(), asked_by="system", chunk=100)
        do_here(job)
    job.refresh_from_db()
    text = researcher("de").get(reverse("study", args=[job.pk])).content.decode()
    assert "Exposition und Zielerreichung nach Nierenfunktion" in text
    assert "30 bis unter 60 mL/min" in text
    assert "im Ziel" in text
    drawn = (study_folder(job) / "figure.svg").read_text(encoding="utf-8")
    assert "in target" in drawn
    assert "im Ziel" not in drawn


def test_a_decimal_comma_typed_on_a_german_page_is_the_number_that_is_stored() -> None:
    form = {
        "title": "Komma",
        "model": "vancomycin-goti-2018",
        "patients": "100",
        "days": "1",
        "seed": "7",
        "regimen-1-amount_mg": "1000",
        "regimen-1-interval_h": "12",
        "regimen-1-duration_h": "1,5",
        "regimen-2-amount_mg": "750",
        "regimen-2-interval_h": "12",
        "regimen-2-duration_h": "1",
        "covariates": researcher("en").get(reverse("study-new")).context["form"].covariates,
    }
    answer = researcher("de").post(reverse("study-new"), form)
    assert answer.status_code == 302
    first, second = StudySpec.from_json(Job.objects.get().parameters["spec"]).regimens
    assert (first.regimen.duration_h, second.regimen.duration_h) == (1.5, 1.0)
