"""Plans of slow drugs are judged where they have settled, too; those of fast drugs as before."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from tests.factories.fits import certain
from twins.forecasts.exposure import Window
from twins.forecasts.limits import Limits
from twins.forecasts.metrics import measured
from twins.forecasts.optimise import optimise
from twins.forecasts.proposal import Proposal, Proposals
from twins.forecasts.settling import settled_by, window_by
from twins.forecasts.simulate import Present
from twins.pharmacology.formulary import drug, model
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Route
from twins.samples.course import Course

GOTI = model("vancomycin-goti-2018")
GRASELA = model("phenobarbital-grasela-1985")
HAMBERG = model("warfarin-hamberg-2007")
VANCOMYCIN, PHENOBARBITAL, WARFARIN = drug("vancomycin"), drug("phenobarbital"), drug("warfarin")
ADULT = course(doses=(), until=0.0)
NEWBORN = Course.from_data(
    drug="phenobarbital",
    doses=[(0.0, 25.0, 0.5), *((12.0 * k, 3.5, 0.5) for k in range(1, 5))],
    covariates={"weight_kg": 1.4, "apgar_5min": 7, "apgar_below_5": 0},
    until=60.0,
)
ANTICOAGULATED = Course.from_data(
    drug="warfarin",
    doses=[{"time_h": 24.0 * k, "amount_mg": 5.0, "route": "oral"} for k in range(7)],
    covariates={"age_y": 65, "weight_kg": 80, "cyp2c9_2_alleles": 0, "cyp2c9_3_alleles": 0, "vkorc1_g_alleles": 1},
    until=168.0,
)
FEW = np.random.default_rng(1)
NEWBORNS = certain(GRASELA, draws=FEW.normal(0.0, 0.05, (40, 2)))
PATIENTS = certain(HAMBERG, draws=FEW.normal(0.0, 0.05, (6, 6)))
BY_MOUTH = replace(Limits.of(WARFARIN.practice, route=Route.ORAL), amounts_mg=(2.5, 5.0, 7.5, 15.0))


def _newborns(**options: float) -> Proposals:
    limits = Limits.of(PHENOBARBITAL.practice)
    return optimise(
        GRASELA, NEWBORN, NEWBORNS, target=PHENOBARBITAL.target, limits=limits, count=300, **options  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_fast_drug_is_judged_in_its_first_two_windows_alone() -> None:
    limits = Limits.of(VANCOMYCIN.practice)
    fit = certain(GOTI)
    assert settled_by(GOTI, ADULT, fit, target=VANCOMYCIN.target, limits=limits, starts_h=0.0) is None
    (best,) = optimise(GOTI, ADULT, fit, target=VANCOMYCIN.target, limits=limits, count=1)
    assert best.settled_to_h == 72.0
    assert optimise(GOTI, ADULT, fit, target=VANCOMYCIN.target, limits=limits, count=1, horizon_h=60.0)[0] == best


def test_the_settled_window_of_one_compartment_lies_where_its_half_life_puts_it() -> None:
    limits = Limits.of(PHENOBARBITAL.practice)
    by = settled_by(GRASELA, NEWBORN, certain(GRASELA), target=PHENOBARBITAL.target, limits=limits, starts_h=60.0)
    assert by is not None
    parameters = Present.reach(GRASELA, NEWBORN, [(0.0, 0.0)]).parameters[0, 0]
    names = GRASELA.parameters
    rate = parameters[names.index("clearance_l_per_h")] / parameters[names.index("central_volume_l")]
    # 95 % are reached after 4.3 half-lives; a day is judged by its average, and windows are whole days.
    assert by - 24.0 == pytest.approx(np.log(20.0) / rate, abs=48.0)


def test_no_further_doses_do_not_win_by_what_lingers() -> None:
    found = _newborns()
    best = found[0]
    assert best.plan.regimen is not None
    assert best.settled_p_in_target > 0.8
    assert best.settled_p_above < 0.05
    assert all(item.plan.regimen is not None for item in found)
    early = _newborns(horizon_h=72.0)
    stopped = next(item for item in early if item.plan.regimen is None)
    assert stopped.p_in_target > 0.9
    assert stopped.score > 0.9


def test_what_was_judged_is_shown() -> None:
    found = _newborns(horizon_h=480.0)
    frame = found.to_frame()
    assert set(frame["judged_until_h"]) == {480.0}
    assert frame["settled_p_in_target"][0] == found[0].settled_p_in_target
    assert found[0].judged.startswith("Judged until 20 days from now")
    plan = found[0].plan
    present = Present.reach(GRASELA, NEWBORN, NEWBORNS.draws, ahead_h=480.0)
    values = measured(present, plan, PHENOBARBITAL.target, [(60.0 + 456.0, 60.0 + 480.0)]).each[:, 0]
    inside = np.mean((values >= PHENOBARBITAL.target.low) & (values <= PHENOBARBITAL.target.high))
    assert found[0].settled_p_in_target == pytest.approx(float(inside))
    with pytest.raises(ValueError, match="horizon_h"):
        _newborns(horizon_h=-1.0)


@pytest.mark.parametrize(("high", "above"), [(600.0, " and above it with 3 %"), (np.inf, "")])
def test_a_chance_above_is_said_only_where_the_target_has_a_limit(high: float, above: str) -> None:
    target = Target("a target", 400.0, high, "a guideline")
    found = Proposal(
        Plan("No further doses", None), target, 0.9, 0.9, 0.03, 0.07,
        settled_from_h=24.0, settled_to_h=48.0, settled_p_in_target=0.9, settled_p_above=0.03, settled_p_below=0.07,
    )  # fmt: skip
    said = f"Judged until 2 days from now: in the target with a chance of 90 %{above} from 24 to 48 h; not beyond."
    assert found.judged == said


def test_a_dose_of_warfarin_that_overshoots_weeks_later_is_not_proposed() -> None:
    found = optimise(HAMBERG, ANTICOAGULATED, PATIENTS, target=WARFARIN.target, limits=BY_MOUTH, count=4)
    best = found[0]
    assert best.plan.regimen is not None
    assert best.plan.regimen.amount_mg <= 7.5
    assert best.settled_to_h > 240.0
    present = Present.reach(HAMBERG, ANTICOAGULATED, [PATIENTS.eta], ahead_h=28.0 * 24.0)
    last = (168.0 + 27.0 * 24.0, 168.0 + 28.0 * 24.0)
    inr = measured(present, best.plan, WARFARIN.target, [last]).each[0, 0]
    assert WARFARIN.target.low <= inr <= WARFARIN.target.high
    most = Plan("", Regimen(15.0, 24.0, 0.0, 168.0, route=Route.ORAL))
    assert measured(present, most, WARFARIN.target, [last]).each[0, 0] > WARFARIN.target.high
    assert all(item.plan.regimen is None or item.plan.regimen.amount_mg < 15.0 for item in found)


def test_a_target_with_a_time_of_its_own_is_judged_at_that_time() -> None:
    second = Window(0.0, 48.0)
    assert window_by(600.0, second, Target("AUC", 1.0, 2.0, "x", Metric.AUC, window_h=48.0)) == second
    assert window_by(600.0, second, Target("induction", 40.0, 60.0, "x", Metric.EFFECT, window_h=1.0)) == second
    assert window_by(600.0, second, Target("trough", 1.0, 2.0, "x", Metric.TROUGH)) == Window(576.0, 624.0)
    assert window_by(None, second, Target("trough", 1.0, 2.0, "x", Metric.TROUGH)) == second
