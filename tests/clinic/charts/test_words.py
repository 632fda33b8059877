"""Numbers and times in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.charts import words
from twins.forecasts.wording import label as named
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Route

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.0, "<1 %"), (0.004, "<1 %"), (0.0099, "<1 %"), (0.784, "78 %"), (0.995, ">99 %"), (1.0, ">99 %")],
)
def test_probabilities_are_whole_percent_and_never_round_to_certainty(probability, shown):
    assert words.percent(probability) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.08237, "0.0824"), (5.1249, "5.12"), (23.66, "23.7"), (1486.0, "1490")])
def test_parameters_have_three_digits(value, shown):
    assert words.significant(value) == shown


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=75), "75 min ago"),
        (timedelta(hours=30), "30 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(minutes=-10), "in 10 min"),
    ],
)
def test_recency_is_said_in_the_unit_that_matters(passed, shown):
    assert words.ago(NOON - passed, NOON) == shown


def test_a_time_is_shown_on_the_wards_clock_and_names_it():
    assert words.clock_with_zone(NOON, ZoneInfo("Europe/Zurich")) == "22 Nov 2026 13:00 CET"


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("Current", "Current: 1000 mg over 1 h every 12 h"),
        ("1000 mg every 12 h", "1000 mg over 1 h every 12 h"),
        ("Hold 6 h, then 1000 mg every 12 h", "Hold 6 h, then 1000 mg over 1 h every 12 h"),
    ],
)
def test_a_plan_says_its_regimen_once(label, title):
    assert words.plan_title(Plan(label, Regimen(1000.0, 12.0, 1.0, 0.0))) == title


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("Current", "Current: 0.0625 mg by mouth every 24 h"),
        ("0.0625 mg by mouth every 24 h", "0.0625 mg by mouth every 24 h"),
        ("Hold 24 h, then 0.0625 mg by mouth every 24 h", "Hold 24 h, then 0.0625 mg by mouth every 24 h"),
    ],
)
def test_a_plan_by_mouth_says_its_regimen_once(label, title):
    assert words.plan_title(Plan(label, Regimen(0.0625, 24.0, 0.0, 0.0, route=Route.ORAL))) == title


def test_a_proposal_with_another_first_dose_by_mouth_says_it_once():
    loaded = Regimen(0.125, 24.0, 0.0, 0.0, loading_mg=0.5, route=Route.ORAL)
    assert words.plan_title(Plan(named(loaded), loaded)) == "0.125 mg by mouth every 24 h, first 0.5 mg"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ((1000.0, 1.5, Route.INTRAVENOUS), "1000 mg over 1.5 h"),
        ((1000.0, 0.0, ""), "1000 mg as a bolus"),
        ((1000.0, None, "intravenous"), "1000 mg (end not recorded)"),
        ((0.0625, 0.0, "oral"), "0.0625 mg by mouth"),
        ((4.0, None, Route.ORAL), "4 mg by mouth"),
    ],
)
def test_a_dose_is_said_as_it_was_given(given, shown):
    assert words.dose(*given) == shown


def test_stopping_is_a_plan_too():
    assert words.plan_title(Plan("No further doses", None)) == "No further doses"
    assert words.plan_title(Plan("Stop", None), "24 Nov 08:00") == "No further doses"


def test_a_plan_named_for_decision_says_when_it_starts_and_not_that_it_was_asked_for():
    regimen = Regimen(500.0, 24.0, 1.0, 48.0)
    assert words.plan_title(Plan("Asked 1", regimen), "24 Nov 08:00") == (
        "500 mg over 1 h every 24 h, first dose 24 Nov 08:00"
    )
    assert words.plan_title(Plan("Hold 48 h, then 500 mg every 24 h", regimen), "24 Nov 08:00") == (
        "Hold 48 h, then 500 mg over 1 h every 24 h, first dose 24 Nov 08:00"
    )
    assert words.first_dose(Plan("Asked 1", regimen), NOON) == NOON + timedelta(hours=48)
