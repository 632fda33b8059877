"""Pages show creatinine and glucose in the unit that the site sets; what is stored and computed keeps its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from clinic.charts.twin_facts import covariate_rows
from clinic.decisions.question import described
from clinic.measures.units import CHOICES, unit_of
from clinic.site import env
from clinic.worklist.attention import renal
from clinic.worklist.kidneys import kidneys
from clinic.worklist.records import value
from clinic.worklist.timeline import Mark
from tests.factories import vancomycin_case as case
from twins.pharmacology import formulary
from twins.records.models import StoredSample, Subject
from twins.samples.channel import Channel

# By hand: creatinine 113.12 g/mol, so 1 mg/dL is 88.40 µmol/L; glucose 180.156 g/mol, 1 mg/dL is 0.055507 mmol/L.
SI = {"creatinine": "umol/L", "glucose": "mmol/L"}


@pytest.fixture
def si(settings: Any) -> None:
    settings.SHOWN_UNITS = SI


@pytest.mark.parametrize(
    ("channel", "stored", "shown"),
    [
        (Channel.CREATININE, 1.0, "88 µmol/L"),
        (Channel.CREATININE, 0.6, "53 µmol/L"),
        (Channel.CREATININE, 4.0, "354 µmol/L"),
        (Channel.GLUCOSE, 100.0, "5.6 mmol/L"),
        (Channel.SENSOR_GLUCOSE, 180.0, "10.0 mmol/L"),
        (Channel.GLUCOSE, 54.0, "3.0 mmol/L"),
        (Channel.VANCOMYCIN, 13.1, "13.1 mg/L"),
        (Channel.SYSTOLIC_PRESSURE, 120.0, "120 mmHg"),
    ],
)
def test_a_value_is_shown_in_the_unit_of_the_site(si: None, channel: Channel, stored: float, shown: str) -> None:
    assert unit_of(channel).said(stored) == shown
    assert value(StoredSample(channel=channel, value=stored)) == shown
    with translation.override("de"):
        assert unit_of(channel).said(stored) == shown.replace(".", ",")


def test_without_a_setting_values_are_shown_as_they_are_stored() -> None:
    assert unit_of(Channel.CREATININE).said(1.12) == "1.12 mg/dL"
    assert unit_of(Channel.GLUCOSE).said(101.0) == "101 mg/dL"
    assert unit_of(Channel.GLUCOSE).value(101.0) == 101.0


def test_the_rise_of_creatinine_is_told_and_staged_alike_in_either_unit(settings: Any) -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    values = [(at, 0.9), (at + timedelta(hours=24), 1.9)]
    (stored,) = renal(values)
    settings.SHOWN_UNITS = SI
    (shown,) = renal(values)
    assert "from 0.9 to 1.9 mg/dL" in stored.sentence
    assert "from 80 to 168 µmol/L" in shown.sentence
    assert (stored.urgency, stored.weight) == (shown.urgency, shown.weight)
    assert "stage 2" in stored.sentence
    assert "stage 2" in shown.sentence


def test_the_axis_of_creatinine_is_in_its_unit_and_the_stages_are_those_of_the_stored_values(si: None) -> None:
    marks = [Mark(0.0, 0.9, True, "", "first"), Mark(24.0, 1.9, True, "", "second")]
    subject = Subject(sex="male", age_years=67)
    found = kidneys(subject, marks, marks, until_h=30.0, model=None, course=None)
    panel = found.panels[0]
    assert panel.title == "Serum creatinine, µmol/L"
    assert [mark.value for mark in panel.marks] == [80, 168]
    assert any("stage 2" in fact for fact in found.facts)


def test_a_covariate_and_its_range_are_in_the_unit_of_the_site(si: None) -> None:
    course = case.course()
    model = formulary.model("vancomycin-goti-2018")
    (row,) = [row for row in covariate_rows(course, model) if "µmol/L" in row.value]
    charted = course.covariate_at("creatinine_mg_per_dl", course.until_h).value
    assert row.value == f"{charted * 88.4017:.0f} µmol/L"


def test_a_question_names_the_value_in_the_unit_of_the_site(si: None) -> None:
    assert described(StoredSample(channel=Channel.CREATININE, value=1.5)) == "Serum creatinine of 133 µmol/L"


def test_a_setting_that_names_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWN_UNITS", "creatinine=µmol/L, glucose = mmol/L")
    assert env.pairs("SHOWN_UNITS", CHOICES) == SI
    for wrong, words in (
        ("creatinine=mol", "use creatinine=mg/dL or umol/L"),
        ("vancomycin=umol/L", "there are creatinine, glucose"),
        ("creatinine", "use creatinine=mg/dL or umol/L"),
    ):
        monkeypatch.setenv("SHOWN_UNITS", wrong)
        with pytest.raises(env.SettingError, match=words):
            env.pairs("SHOWN_UNITS", CHOICES)
