from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from twins.estimation.fit import Fit
from twins.estimation.individualise import individualise
from twins.forecasts.compare import CannotForecastError, compare
from twins.forecasts.limits import Limits
from twins.forecasts.optimise import propose
from twins.pharmacology.formulary import drug, model
from twins.pharmacology.regimen import Plan, Regimen, current_plan
from twins.samples.course import Course, OrderedRegimen

GOTI = model("vancomycin-goti-2018")
VANCOMYCIN = drug("vancomycin")
TARGET, PRACTICE = VANCOMYCIN.target, VANCOMYCIN.practice
CURRENT = Plan("Current", Regimen(1000.0, 12.0, 1.0, 36.0))


def _sharp(fit: Fit) -> Fit:
    """The fit as if its mode were certain."""
    return replace(fit, draws=np.repeat(np.array([fit.eta]), 20, axis=0))


def _propose(patient: Course, fit: Fit, current: Plan | None = CURRENT, count: int = 3) -> tuple[Plan, ...]:
    return propose(GOTI, patient, fit, current=current, target=TARGET, practice=PRACTICE, count=count)


def test_proposals_are_practical() -> None:
    patient = course(levels=((11.5, 8.0), (35.0, 9.0)))
    for plan in _propose(patient, individualise(GOTI, patient, seed=1), count=20):
        if plan.regimen is None:
            continue
        regimen = plan.regimen
        assert regimen.amount_mg % 250 == 0
        assert PRACTICE.min_mg <= regimen.amount_mg <= PRACTICE.max_mg
        assert regimen.interval_h in PRACTICE.intervals_h
        assert regimen.daily_mg <= PRACTICE.max_daily_mg
        assert regimen.amount_mg / regimen.duration_h <= PRACTICE.max_rate_mg_per_h
        assert regimen.start_h == max(36.0, 24.0 + regimen.interval_h)  # the last dose was given at 24 h
        assert plan.label.startswith(f"{regimen.amount_mg:g} mg every {regimen.interval_h:g} h")


def test_the_limits_of_practice_bind_where_the_patient_would_need_more() -> None:
    patient = course(levels=((11.5, 3.0), (35.0, 3.0)), creatinine=((0.0, 0.6),))
    fit = individualise(GOTI, patient, seed=1)
    tight = replace(PRACTICE, max_daily_mg=2000.0, max_mg=1500.0)
    free = propose(GOTI, patient, fit, current=None, target=TARGET, practice=PRACTICE, count=50)
    bound = propose(GOTI, patient, fit, current=None, target=TARGET, practice=tight, count=50)
    assert max(plan.regimen.daily_mg for plan in free if plan.regimen) > 2000.0
    assert bound
    for plan in bound:
        if plan.regimen is not None:
            assert plan.regimen.daily_mg <= 2000.0
            assert plan.regimen.amount_mg <= 1500.0


def test_the_current_plan_is_not_proposed_again() -> None:
    patient = course(levels=((11.5, 9.0), (35.0, 13.0)))
    fit = individualise(GOTI, patient, seed=1)
    best = _propose(patient, fit, count=1)[0]
    again = _propose(patient, fit, current=replace(best, label="Current"), count=50)
    assert best.regimen not in [plan.regimen for plan in again]
    assert all(plan.label != "Current" for plan in again)


def test_proposals_are_distinct_and_no_more_than_asked() -> None:
    patient = course(levels=((11.5, 9.0), (35.0, 13.0)))
    fit = individualise(GOTI, patient, seed=1)
    plans = _propose(patient, fit)
    assert len({plan.label for plan in plans}) == len(plans) == 3
    assert len({plan.regimen.interval_h for plan in plans if plan.regimen}) == 3
    assert _propose(patient, fit) == plans
    assert _propose(patient, fit, count=0) == ()


def test_the_first_proposal_beats_a_poor_current_plan() -> None:
    patient = course(levels=((11.5, 30.0), (23.5, 42.0), (35.0, 50.0)))
    fit = individualise(GOTI, patient, seed=1)
    proposed = _propose(patient, fit)
    current, best, *_ = compare(GOTI, patient, fit, [CURRENT, *proposed], target=TARGET).forecasts
    assert best.days[1].p_in_target - best.days[1].p_above > current.days[1].p_in_target - current.days[1].p_above


def test_accumulation_above_the_target_calls_for_waiting_or_stopping() -> None:
    patient = course(levels=((23.5, 42.0), (35.0, 55.0)), creatinine=((0.0, 1.0), (20.0, 3.5)))
    plans = _propose(patient, individualise(GOTI, patient, seed=1))
    assert plans
    for plan in plans:
        waits = plan.regimen is None or plan.regimen.start_h >= 36.0 + 12.0
        assert waits or (plan.regimen is not None and plan.regimen.daily_mg < 1000.0)
        if plan.label.startswith("Hold"):
            assert plan.regimen is not None
            hours = float(plan.label.split()[1])
            assert plan.regimen.start_h == patient.until_h + hours


@pytest.mark.parametrize("clearance", [40.0, 80.0, 120.0])
def test_a_certain_patient_is_brought_to_the_middle_of_the_target(clearance: float) -> None:
    patient = course(doses=((0.0, 1000.0, 1.0),), clearance=clearance, until=12.0)
    certain = _sharp(individualise(GOTI, patient, seed=1))
    best = _propose(patient, certain, current=None)[0]
    (forecast,) = compare(GOTI, patient, certain, [best], target=TARGET).forecasts
    assert forecast.days[1].p_in_target == 1.0
    assert TARGET.low <= forecast.days[2].auc24.q50 <= TARGET.high


def test_a_larger_first_dose_is_proposed_when_the_first_day_would_be_too_low() -> None:
    patient = course(doses=((0.0, 500.0, 1.0),), until=12.0)
    fit = individualise(GOTI, patient, seed=1)
    best = _propose(patient, fit, current=None)[0]
    assert best.regimen is not None
    assert best.regimen.loading_mg is not None
    assert best.regimen.amount_mg < best.regimen.loading_mg <= PRACTICE.max_mg
    assert best.label.endswith(f"first {best.regimen.loading_mg:g} mg")
    plain = Plan("plain", replace(best.regimen, loading_mg=None))
    loaded, without = compare(GOTI, patient, fit, [best, plain], target=TARGET).forecasts
    assert loaded.days[0].p_in_target > without.days[0].p_in_target


def test_without_a_current_plan_the_next_dose_keeps_its_distance_from_the_last() -> None:
    patient = course(until=26.0)
    for plan in _propose(patient, individualise(GOTI, patient, seed=1), current=None, count=10):
        if plan.regimen is not None:
            assert plan.regimen.start_h == max(26.0, 24.0 + plan.regimen.interval_h)


@pytest.mark.parametrize(
    ("amount", "hours"), [(250.0, 1.0), (1000.0, 1.0), (1250.0, 1.5), (1500.0, 1.5), (3000.0, 3.0)]
)
def test_infusions_last_half_hours_and_keep_the_rate(amount: float, hours: float) -> None:
    assert Limits.of(PRACTICE).shortest(amount) == hours


def test_a_twin_that_cannot_be_made_proposes_nothing() -> None:
    nothing = course(weight=None)
    with pytest.raises(CannotForecastError):
        _propose(nothing, individualise(GOTI, nothing, seed=1))


def test_before_the_first_dose_a_starting_regimen_is_proposed_from_the_population() -> None:
    order = OrderedRegimen(start_h=0.0, amount_mg=1000.0, interval_h=12.0, duration_h=1.0)
    patient = course(doses=(), until=0.0, orders=(order,))
    fit = individualise(GOTI, patient, seed=1)
    current = current_plan(patient)
    assert current is not None
    plans = _propose(patient, fit, current)
    compared = compare(GOTI, patient, fit, [current, *plans], target=TARGET)
    assert compared.forecasts[1].days[1].p_in_target > compared.forecasts[0].days[1].p_in_target
    assert compared.past.quantiles[4] == (0.0,)
