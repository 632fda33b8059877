"""Pages show values and levels of drugs in the unit that the site sets; what is stored and computed keeps its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import translation

from clinic.charts.twin_facts import covariate_rows
from clinic.decisions.question import described
from clinic.measures.units import choices, refuse_wrong_units, unit_of, unit_of_levels, wrong_units
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
    assert unit_of(Channel.VANCOMYCIN).said(13.15) == "13.15 mg/L"
    assert unit_of(Channel.TACROLIMUS).said(9.3) == "9.3 µg/L"


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


@pytest.mark.parametrize(
    ("channel", "unit", "stored", "shown"),
    [
        # By hand: 1000 / 1449.265 is 0.69000, 1000 / 780.949 is 1.2805, 1000 / 804.031 is 1.2437 and
        # 1000 / 477.603 is 2.0938.
        (Channel.VANCOMYCIN, "umol/L", 13.1, "9.04 µmol/L"),
        (Channel.VANCOMYCIN, "µmol/L", 112.0, "77.3 µmol/L"),
        (Channel.VANCOMYCIN, "ug/mL", 13.15, "13.15 µg/mL"),
        (Channel.DIGOXIN, "nmol/L", 0.8, "1.02 nmol/L"),
        (Channel.DIGOXIN, "ug/L", 0.8, "0.8 µg/L"),
        (Channel.TACROLIMUS, "ng/mL", 9.35, "9.35 ng/mL"),
        (Channel.TACROLIMUS, "nmol/L", 9.3, "11.6 nmol/L"),
        (Channel.GENTAMICIN, "umol/L", 1.3, "2.72 µmol/L"),
        (Channel.PHENOBARBITAL, "umol/L", 40.0, "172 µmol/L"),
    ],
)
def test_a_level_is_shown_in_the_unit_of_the_site(
    settings: Any, channel: Channel, unit: str, stored: float, shown: str
) -> None:
    settings.SHOWN_UNITS = {str(channel): unit}
    assert unit_of(channel).said(stored) == shown
    assert value(StoredSample(channel=channel, value=stored)) == shown
    assert described(StoredSample(channel=channel, value=stored)) == f"{channel.label} of {shown}"
    with translation.override("de"):
        assert unit_of(channel).said(stored) == shown.replace(".", ",")


@pytest.mark.parametrize("bound", [400.0, 600.0, 0.5, 1.0, 70.0, 5.5])
@pytest.mark.parametrize("drug", ["vancomycin", "digoxin", "gentamicin", "tacrolimus"])
def test_a_bound_that_is_typed_as_it_is_shown_is_the_bound_itself(settings: Any, drug: str, bound: float) -> None:
    own = formulary.drug(drug).level_unit
    settings.SHOWN_UNITS = {drug: "umol/L" if own == "mg/L" else "nmol/L"}
    unit = unit_of_levels(drug, own)
    for digits in (3, 4, 5, 6):
        assert unit.stored(unit.rounded(bound, digits), [3.0, bound]) == bound
    assert unit.stored(unit.value(bound)) == pytest.approx(bound, rel=1e-15)


def test_a_number_that_is_no_known_bound_goes_there_and_back(settings: Any) -> None:
    settings.SHOWN_UNITS = {"vancomycin": "umol/L"}
    unit = unit_of_levels("vancomycin", "mg/L")
    assert unit.stored(310.0, [400.0, 600.0]) == pytest.approx(449.272, abs=0.001)
    assert unit.rounded(unit.stored(310.0), 6) == 310.0


def test_every_drug_that_twins_are_kept_for_can_be_shown_in_mass_and_in_moles(settings: Any) -> None:
    known = choices()
    assert set(known) == {"creatinine", "glucose", *settings.TWIN_MODELS}
    for drug in settings.TWIN_MODELS:
        own, equal, molar = known[drug]
        assert own == formulary.drug(drug).level_unit
        settings.SHOWN_UNITS = {drug: equal}
        assert unit_of_levels(drug, own).value(1.25) == 1.25
        settings.SHOWN_UNITS = {drug: molar}
        assert unit_of_levels(drug, own).value(1.0) > 0.5
    assert wrong_units() == []


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWN_UNITS", "creatinine=µmol/L, vancomycin = umol/L")
    assert env.pairs("SHOWN_UNITS") == {"creatinine": "µmol/L", "vancomycin": "umol/L"}
    for wrong, words in (("creatinine", "write it as creatinine=umol/L"), ("a=b,a=c", "has a twice; keep one")):
        monkeypatch.setenv("SHOWN_UNITS", wrong)
        with pytest.raises(env.SettingError, match=words):
            env.pairs("SHOWN_UNITS")


WRONG = [
    ("creatinine", "mol", "which values in mg/dL cannot be shown in", "Use creatinine=mg/dL or umol/L"),
    ("vancomycin", "mg/kg", "which values in mg/L cannot be shown in", "Use vancomycin=mg/L, ug/mL or umol/L"),
    ("tacrolimus", "umol/L", "which values in ug/L cannot be shown in", "Use tacrolimus=ug/L, ng/mL or nmol/L"),
    ("busulfan", "umol/L", "there is no busulfan", "Use creatinine, glucose, vancomycin"),
]


@pytest.mark.parametrize(("name", "unit", "what", "remedy"), WRONG)
def test_what_cannot_be_converted_is_refused_at_start_by_name_value_and_remedy(
    settings: Any, name: str, unit: str, what: str, remedy: str
) -> None:
    settings.SHOWN_UNITS = {"glucose": "mmol/L", name: unit}
    (error,) = wrong_units()
    assert (error.id, error.level) == ("measures.E001", ERROR)
    assert f"{name}={unit}" in error.msg
    assert what in error.msg
    assert remedy in str(error.hint)
    assert [found for found in run_checks() if found.id == "measures.E001"] == [error]
    with pytest.raises(SystemCheckError, match=f"{name}={unit}"):
        call_command("check")
    with pytest.raises(ImproperlyConfigured, match=what):
        refuse_wrong_units()


def test_a_page_that_was_started_without_the_check_shows_nothing_rather_than_a_wrong_unit(settings: Any) -> None:
    settings.SHOWN_UNITS = {"vancomycin": "mg/kg"}
    with pytest.raises(ImproperlyConfigured, match="vancomycin=mg/kg"):
        unit_of(Channel.VANCOMYCIN)
