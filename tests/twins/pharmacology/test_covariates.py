import numpy as np
import pytest

from tests.factories.courses import course
from twins.pharmacology.covariates import (
    CLEARANCE,
    CovariateError,
    cockcroft_gault,
    history,
    missing_inputs,
    renal_clearance,
)
from twins.pharmacology.formulary import model
from twins.pharmacology.population import RenalRule

GOTI = model("vancomycin-goti-2018")
THOMSON = model("vancomycin-thomson-2009")


def test_women_have_85_percent_of_the_clearance_of_men() -> None:
    men, women = cockcroft_gault(50, 70, 1.1, [1.0, 0.0])
    assert women == pytest.approx(0.85 * men)


@pytest.mark.parametrize(("weight", "creatinine", "age"), [(0, 1, 50), (-3, 1, 50), (70, 0, 50), (70, 1, -1)])
def test_impossible_values_are_named(weight: float, creatinine: float, age: float) -> None:
    with pytest.raises(CovariateError, match=r"is -?[0-9]"):
        cockcroft_gault(age, weight, creatinine, 1)


@pytest.mark.parametrize(
    ("age", "creatinine", "used"),
    [(66, 0.5, 1.0), (65, 0.5, 0.5), (66, 1.2, 1.2), (40, 0.9, 0.9)],
)
def test_goti_sets_low_creatinine_to_1_above_65_years(age: float, creatinine: float, used: float) -> None:
    found = float(renal_clearance(GOTI.renal, age, 50.0, creatinine, 1.0))
    assert found == pytest.approx(min((140 - age) * 50.0 / (72.0 * used), 150.0))


def test_goti_caps_the_clearance_at_150_and_thomson_does_not() -> None:
    assert float(renal_clearance(GOTI.renal, 25, 90, 0.5, 1)) == 150.0
    assert float(renal_clearance(THOMSON.renal, 25, 90, 0.5, 1)) == pytest.approx(115 * 90 / 36)


def test_a_rule_without_limits_is_plain_cockcroft_gault() -> None:
    assert float(renal_clearance(RenalRule(), 70, 60, 0.4, 0)) == float(cockcroft_gault(70, 60, 0.4, 0))


def test_values_are_carried_forward_from_their_own_time_and_the_first_backward() -> None:
    chart = history(GOTI, course(creatinine=((5.0, 1.0), (20.0, 2.0))))
    assert chart.times_h.tolist() == [0.0, 5.0, 20.0]
    whole, half = 85 * 80 / 72, 85 * 80 / 144
    assert chart.values[CLEARANCE] == pytest.approx([whole, whole, half])
    assert chart.estimated.all()


def test_a_given_clearance_is_used_as_it_is_and_needs_no_creatinine() -> None:
    patient = course(clearance=34.0, weight=62.0)
    assert missing_inputs(GOTI, patient) == ()
    chart = history(GOTI, patient)
    assert chart.values[CLEARANCE].tolist() == [34.0]
    assert not chart.estimated.any()


def test_without_a_record_there_is_no_dialysis() -> None:
    assert history(GOTI, course()).values["haemodialysis"].tolist() == [0.0]


def test_a_missing_weight_is_named() -> None:
    with pytest.raises(CovariateError, match="no body weight on the chart; Goti 2018 needs it"):
        history(GOTI, course(weight=None))


def test_a_value_that_cannot_be_is_named_with_its_time() -> None:
    with pytest.raises(CovariateError, match="serum creatinine is 0 at 7 h"):
        history(GOTI, course(creatinine=((0.0, 1.0), (7.0, 0.0))))


def test_thomson_refuses_a_clearance_its_line_cannot_take() -> None:
    with pytest.raises(CovariateError, match="its equations do not reach this patient"):
        history(THOMSON, course(clearance=0.5))


def test_covariates_that_the_model_does_not_read_make_no_epoch() -> None:
    patient = course()
    assert np.array_equal(history(GOTI, patient).times_h, [0.0])
