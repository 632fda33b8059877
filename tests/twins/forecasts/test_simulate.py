import numpy as np
import pytest

from tests.factories.courses import course
from tests.oracles.reference import superposition
from twins.forecasts.simulate import Present, concentrations, doses_of
from twins.pharmacology.covariates import CovariateError
from twins.pharmacology.formulary import model
from twins.pharmacology.regimen import Plan, Regimen

GOTI = model("vancomycin-goti-2018")
TYPICAL = (4.5 * (85 * 80 / 72 / 120) ** 0.8, 58.4 * 80 / 70, 6.5, 38.4)
GIVEN = [(0.0, 1000.0, 1.0), (12.0, 1000.0, 1.0), (24.0, 1000.0, 1.0)]
PLAN = Plan("new", Regimen(750.0, 8.0, 1.0, 36.0))


def test_the_course_s_doses_come_first_and_the_plan_s_follow() -> None:
    times = np.array([6.0, 35.9, 36.0, 37.0, 50.0, 60.0])
    planned = [(36.0 + 8 * k, 750.0, 1.0) for k in range(4)]
    expected = superposition(TYPICAL, GIVEN + planned, times)
    assert concentrations(GOTI, course(), np.zeros(3), PLAN, times)[0] == pytest.approx(expected, rel=1e-10)


def test_without_a_plan_nothing_more_is_given() -> None:
    times = np.array([37.0, 90.0])
    expected = superposition(TYPICAL, GIVEN, times)
    for nothing in (None, Plan("stop", None)):
        assert concentrations(GOTI, course(), np.zeros(3), nothing, times)[0] == pytest.approx(expected, rel=1e-10)


def test_a_plan_that_began_earlier_gives_only_its_doses_from_the_course_s_end_on() -> None:
    plan = Plan("running", Regimen(1000.0, 12.0, 1.0, 0.0))
    assert [dose.start_h for dose in doses_of(course(), plan, 61.0)] == [0.0, 12.0, 24.0, 36.0, 48.0, 60.0]


def test_a_dose_given_at_the_course_s_very_end_counts_as_given() -> None:
    patient = course(until=24.0)
    times = np.array([24.0, 25.0, 30.0])
    expected = superposition(TYPICAL, GIVEN, times)
    assert concentrations(GOTI, patient, np.zeros(3), None, times)[0] == pytest.approx(expected, rel=1e-10)


def test_a_dose_charted_after_the_course_s_end_is_not_given_yet() -> None:
    assert len(doses_of(course(until=20.0), None, 100.0)) == 2


def test_times_may_be_in_any_order_and_repeat() -> None:
    shuffled = concentrations(GOTI, course(), np.zeros((2, 3)), PLAN, [50.0, 6.0, 50.0])
    ordered = concentrations(GOTI, course(), np.zeros((2, 3)), PLAN, [6.0, 50.0])
    assert np.array_equal(shuffled, ordered[:, [1, 0, 1]])
    assert concentrations(GOTI, course(), np.zeros((2, 3)), PLAN, []).shape == (2, 0)


def test_draws_are_the_same_bit_for_bit_one_by_one() -> None:
    etas = np.random.default_rng(4).normal(0, 0.5, (17, 3))
    times = np.linspace(0.0, 80.0, 101)
    whole = concentrations(GOTI, course(), etas, PLAN, times)
    for k, eta in enumerate(etas):
        assert np.array_equal(concentrations(GOTI, course(), eta, PLAN, times)[0], whole[k])


def test_the_past_carried_to_the_present_is_where_the_plan_starts() -> None:
    etas = np.random.default_rng(4).normal(0, 0.5, (5, 3))
    for until in (24.5, 36.0):  # while an infusion runs, and between infusions
        patient = course(until=until)
        times = until + np.array([0.0, 0.25, 3.0, 30.0])
        followed = Present.reach(GOTI, patient, etas).follow(PLAN, times)
        assert followed.concentration == pytest.approx(concentrations(GOTI, patient, etas, PLAN, times), rel=1e-10)


def test_a_missing_chart_value_is_named() -> None:
    with pytest.raises(CovariateError, match="no serum creatinine"):
        concentrations(GOTI, course(creatinine=()), np.zeros(3), None, [1.0])
