"""The hospital's own limits: set by an administrator, kept as versions, and used for every new comparison."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.test import Client

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from tests.factories import fits, patient_records
from tests.factories import vancomycin_case as case
from twins.forecasts.forecast import ComparisonResult
from twins.jobs.comparison import request_comparison, run
from twins.pharmacology import formulary
from twins.pharmacology.target import Target
from twins.records.house import drug_here
from twins.records.models import HouseVersion
from twins.records.standing import standing
from twins.samples.course import Course

pytestmark = pytest.mark.django_db
PAGE = "/formulary/limits/vancomycin"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def addie(client: Client) -> User:
    user = patient_records.person("addie", Role.ADMINISTRATOR, team=None)
    client.force_login(user)
    return user


def setting(client: Client, after: int = 0, **form: Any) -> Any:
    usual = {"reason": "Agreed in the antibiotic board.", "interval": ["8", "12", "24"], "after": str(after)}
    return client.post(PAGE, {**usual, **form})


def test_what_is_set_holds_for_all_that_is_computed_for_a_patient(client: Client, addie: User) -> None:
    version, _ = patient_records.twin(patient_records.patient().subject, compared=False)
    assert setting(client, low="420", high="550", max_mg="2000").status_code == 302
    here = drug_here("vancomycin")
    assert (here.target.low, here.target.high, here.practice.max_mg) == (420.0, 550.0, 2000.0)
    assert here.practice.intervals_h == (8.0, 12.0, 24.0)
    assert standing(version).drug == here
    assert formulary.drug("vancomycin").target.low == 400.0
    event = AuditEvent.objects.get(activity="house-limits.set")
    assert event.detail == {
        "drug": "vancomycin",
        "before": 0,
        "after": 1,
        "changed": ["low", "high", "max_mg", "intervals_h"],
    }
    assert "antibiotic" not in str(event.__dict__)


def test_a_new_comparison_and_the_form_for_it_use_them(
    client: Client, addie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(_model: object, course: Course, _fit: object, plans: Any, *, target: Target) -> ComparisonResult:
        return replace(case.result(course, plans), target=target)

    monkeypatch.setattr("twins.jobs.ask.compare", quick)
    patient = patient_records.patient()
    course = patient_records.recent_course()
    version, before = patient_records.twin(patient.subject, course=course, fit=fits.individual(course))
    setting(client, low="420", max_mg="1000")
    client.force_login(patient_records.person())
    answer = client.get(f"/patients/{patient.pk}/compare").content.decode()
    assert "Between 500 and 1000 mg a dose" in answer
    job = request_comparison(version, case.plans()[:2], asked_by="system")
    run(str(job.pk))
    job.refresh_from_db()
    made = client.get(f"/comparisons/{job.result['comparison']}").content.decode()
    assert "AUC24 400–600 mg·h/L, here 420–600" in made
    assert "House limits, version 1" in made
    assert "here 420" not in client.get(f"/comparisons/{before.pk}").content.decode()


def test_each_change_is_another_version_and_all_stay_on_the_page(client: Client, addie: User) -> None:
    setting(client, low="420")
    setting(client, after=1, low="450", reason="Tightened again.")
    every = [f"{hour:g}" for hour in formulary.drug("vancomycin").practice.intervals_h]
    setting(client, after=2, interval=every, reason="Back to what is published.")
    assert drug_here("vancomycin") == formulary.drug("vancomycin")
    page = client.get(PAGE).content.decode()
    for shown in ("AUC24 420 to 600", "AUC24 450 to 600", "everything as published", "Tightened again."):
        assert shown in page, shown
    with pytest.raises(DatabaseError), transaction.atomic():
        HouseVersion.objects.update(low=100.0)
    with pytest.raises(DatabaseError), transaction.atomic():
        HouseVersion.objects.all().delete()


def test_the_formulary_page_tells_everybody(client: Client, addie: User) -> None:
    setting(client, high="550")
    client.force_login(patient_records.person())
    for address in ("/formulary", "/formulary/vancomycin-goti-2018"):
        page = client.get(address).content.decode()
        assert "This hospital" in page
        assert "AUC24 400 to 550 mg·h/L" in page
        assert PAGE not in page  # the way to change them is for administrators


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"high": "700"}, "go no higher"),
        ({"max_mg": "a lot"}, "no number"),
        ({"low": "nan"}, "no number"),
        ({"interval": []}, "choose one or more"),
        ({"low": "420", "reason": " "}, "Give a reason"),
        ({"low": "420", "after": "1"}, "Somebody else"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_set(client: Client, addie: User, wrong: Any, said: str) -> None:
    answer = setting(client, **wrong)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not HouseVersion.objects.exists()


def test_limits_that_no_longer_lie_within_the_published_ones_are_not_used_and_that_is_said(
    client: Client, addie: User
) -> None:
    setting(client, low="420")
    fields = HouseVersion.objects.values().get() | {"id": None, "number": 2, "low": 100.0}
    HouseVersion.objects.create(**fields)
    assert drug_here("vancomycin") == formulary.drug("vancomycin")
    for address in ("/formulary", PAGE):
        assert "any more" in client.get(address).content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_set_them(client: Client, role: Role) -> None:
    client.force_login(patient_records.person("other", role))
    assert setting(client, low="420").status_code == 403
    assert not HouseVersion.objects.exists()


def test_nothing_for_a_patient_passes_the_limits_by() -> None:
    """Whatever shows or computes for patients asks `drug_here`; the published drug is for the formulary's own pages."""
    allowed = {
        "clinic/formulary/views.py",
        "clinic/formulary/followed_shown.py",
        "clinic/formulary/house_views.py",
        "clinic/site/warming.py",
        "clinic/site/management/commands/warm.py",
        "twins/records/house.py",
        "twins/records/kept.py",  # says whether a drug has a target at all
    }
    facts = "level_unit|level_channel|high_alert|title|models"  # no house changes these
    reads = re.compile(rf"formulary\.drug\([^)]*\)(?!\.({facts})\b)")
    found = set()
    for folder in ("clinic", "integrations", "twins/jobs", "twins/records"):
        for path in (ROOT / folder).rglob("*.py"):
            if reads.search(path.read_text(encoding="utf-8")):
                found.add(path.relative_to(ROOT).as_posix())
    assert found <= allowed, "use twins.records.house.drug_here there"
