import hashlib
import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.factories.courses import course
from tests.factories.fits import certain
from twins.estimation.doubts import contradicting, plain_name
from twins.estimation.evidence import BelowLimit, Evidence
from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import Options, individualise, seed_for
from twins.estimation.map import HESSIAN_KIND, find_mode
from twins.pharmacology.formulary import model
from twins.pharmacology.residual import Residual, ResidualKind
from twins.quantities.dose import Dose, Route
from twins.samples.course import Course, CovariateValue, Level

GOTI = model("vancomycin-goti-2018")
THOMSON = model("vancomycin-thomson-2009")
IDS = (GOTI.id, THOMSON.id)


@pytest.mark.parametrize("model_id", IDS)
def test_no_level_returns_the_prior(model_id: str) -> None:
    chosen = model(model_id)
    fit = individualise(chosen, course(), seed=11, draws=20_000)
    assert fit.outcome is FitOutcome.PRIOR_ONLY
    assert fit.eta == (0.0,) * len(chosen.eta_on)
    assert fit.parameters == fit.typical
    assert np.array(fit.covariance) == pytest.approx(chosen.omega)
    assert fit.shrinkage == (0.0,) * len(chosen.eta_on)
    error = 4 / math.sqrt(20_000)
    assert fit.draws.mean(axis=0) == pytest.approx(0.0, abs=error * math.sqrt(float(chosen.omega.max())))
    assert np.cov(fit.draws.T) == pytest.approx(chosen.omega, abs=2 * error * float(chosen.omega.max()))


def test_a_level_that_says_nothing_leaves_eta_exactly_zero() -> None:
    fit = individualise(GOTI, course(doses=((5.0, 1000.0, 1.0),), levels=((3.0, 0.0),)), seed=1)
    assert fit.outcome is FitOutcome.FITTED
    assert fit.eta == (0.0, 0.0, 0.0)
    assert np.array(fit.covariance) == pytest.approx(GOTI.omega)


def test_a_parameter_that_no_level_depends_on_keeps_eta_exactly_zero() -> None:
    # All levels during a bolus's first instant: only the central volume can be seen.
    patient = course(doses=((0.0, 1000.0, 0.0),), levels=((1e-12, 10.0),))
    fit = individualise(GOTI, patient, seed=1)
    assert fit.eta[0] == pytest.approx(0.0, abs=1e-9)
    assert fit.eta[2] == pytest.approx(0.0, abs=1e-9)
    assert fit.eta[1] > 0.1


def test_the_same_seed_gives_the_same_fit_bit_for_bit() -> None:
    patient = course(levels=((11.5, 12.0), (23.5, 14.0)))
    one, again = (individualise(THOMSON, patient, seed=5) for _ in range(2))
    assert np.array_equal(one.draws, again.draws)
    assert one.to_json() == again.to_json()
    assert not np.array_equal(one.draws, individualise(THOMSON, patient, seed=6).draws)


def test_a_fit_survives_storage() -> None:
    fit = individualise(GOTI, course(levels=((11.5, 12.0), (23.5, 14.0))), seed=5)
    stored = json.loads(json.dumps(fit.to_json(), allow_nan=False))
    assert Fit.from_json(stored, fit.draws).to_json() == fit.to_json()


def test_a_sample_charted_twice_and_one_from_the_future_do_not_count() -> None:
    plain = individualise(GOTI, course(levels=((23.5, 20.0),)), seed=1)
    dirty = individualise(GOTI, course(levels=((23.5, 20.0), (23.5, 20.0), (40.0, 90.0))), seed=1)
    assert dirty.eta == plain.eta
    assert len(dirty.residuals) == 1
    assert dirty.warnings == ("2 levels left out of the fit; see the findings.",)
    only_future = individualise(GOTI, course(levels=((40.0, 90.0),)), seed=1)
    assert only_future.outcome is FitOutcome.PRIOR_ONLY


def test_high_levels_mean_a_lower_clearance_and_low_levels_a_higher() -> None:
    high, low = (individualise(GOTI, course(levels=((23.5, value), (35.5, value))), seed=1) for value in (35.0, 4.0))
    assert high.parameters["clearance_l_per_h"] < high.typical["clearance_l_per_h"]
    assert low.parameters["clearance_l_per_h"] > low.typical["clearance_l_per_h"]


def test_the_order_in_which_ties_are_charted_does_not_matter() -> None:
    one = individualise(GOTI, course(levels=((23.5, 14.0), (23.5, 19.0))), seed=1)
    other = individualise(GOTI, course(levels=((23.5, 19.0), (23.5, 14.0))), seed=1)
    assert one.eta == pytest.approx(other.eta, abs=1e-9)


@pytest.mark.parametrize(
    ("patient", "words"),
    [
        (course(weight=None), "No body weight on the chart"),
        (course(creatinine=()), "No serum creatinine on the chart"),
        (course(male=None), "No sex on the chart"),
        (course(age=None, weight=None), "No age and no body weight on the chart"),
        (course(doses=(), levels=((11.5, 9.0),)), "no dose of vancomycin before it is on record"),
        (
            course(doses=((40.0, 1000.0, 1.0),), levels=((11.5, 9.0),), until=36.0),
            "no dose of vancomycin before it is on record",
        ),
        (course(creatinine=((0.0, 0.0),)), "Serum creatinine is 0"),
        (course(drug="gentamicin"), "The course is of gentamicin"),
    ],
)
def test_what_cannot_be_fitted_is_an_outcome_with_its_reason(patient: object, words: str) -> None:
    fit = individualise(GOTI, patient, seed=1)  # type: ignore[arg-type]
    assert fit.outcome is FitOutcome.CANNOT
    assert words in fit.reason
    assert fit.reason.endswith(".")
    assert fit.draws.shape == (0, 3)
    json.dumps(fit.to_json(), allow_nan=False)


def test_before_the_first_dose_the_population_answers_for_the_patients_covariates() -> None:
    fit = individualise(GOTI, course(doses=(), levels=()), seed=1)
    assert fit.outcome is FitOutcome.PRIOR_ONLY
    assert fit.eta == (0.0, 0.0, 0.0)
    assert fit.parameters == fit.typical
    assert fit.draws.shape == (1000, 3)


@pytest.mark.parametrize("model_id", IDS)
@pytest.mark.parametrize(
    "levels",
    [
        ((11.5, 0.0),),
        ((11.5, 1e5),),
        ((2.0, 1e-3), (11.5, 500.0)),
        tuple((1.0 + k, 20.0) for k in range(30)),
        tuple((1.0 + k, 300.0 * (k % 2)) for k in range(30)),
    ],
)
def test_absurd_levels_never_raise(model_id: str, levels: tuple[tuple[float, float], ...]) -> None:
    fit = individualise(model(model_id), course(levels=levels), seed=2)
    assert fit.outcome in (FitOutcome.FITTED, FitOutcome.NOT_CONVERGED)
    assert fit.draws.shape == (1000, len(fit.eta))
    assert np.all(np.isfinite(fit.draws))
    json.dumps(fit.to_json(), allow_nan=False)


def test_a_level_that_the_model_cannot_follow_is_named() -> None:
    fit = individualise(THOMSON, course(levels=((11.5, 14.0), (23.5, 1.0))), seed=2)
    assert any("1 mg/L at 23.5 h" in warning and "below the fit" in warning for warning in fit.warnings)


def test_a_patient_outside_the_population_is_named() -> None:
    fit = individualise(GOTI, course(weight=270.0, age=16.0), seed=1)
    assert any("Body weight of 270 kg is above" in warning for warning in fit.warnings)
    assert any("Age of 16 a is below" in warning for warning in fit.warnings)


def test_a_patient_within_the_population_has_no_warning() -> None:
    assert individualise(GOTI, course(levels=((11.5, 13.0),)), seed=1).warnings == ()


def test_the_cap_and_the_floor_are_said_where_they_changed_a_value() -> None:
    capped = individualise(GOTI, course(age=30.0, creatinine=((0.0, 0.5),)), seed=1)
    assert any("used as 150, the model's cap" in warning for warning in capped.warnings)
    floored = individualise(GOTI, course(age=80.0, creatinine=((0.0, 0.6),)), seed=1)
    assert any("0.6 mg/dL is used as 1" in warning for warning in floored.warnings)


@pytest.mark.parametrize(
    ("creatinine", "warned"),
    [
        (((0.0, 1.0), (30.0, 1.35)), True),
        (((0.0, 1.0), (30.0, 1.25)), False),
        (((-60.0, 1.0), (30.0, 1.35)), False),
        (((-60.0, 0.6), (30.0, 0.9)), True),
        (((-200.0, 0.6), (30.0, 0.9)), False),
        (((0.0, 2.0), (30.0, 1.0)), False),
        (((0.0, 1.0),), False),
    ],
)
def test_a_rise_of_creatinine_that_the_estimate_cannot_follow_is_named(
    creatinine: tuple[tuple[float, float], ...], warned: bool
) -> None:
    fit = individualise(GOTI, course(creatinine=creatinine), seed=1)
    assert any("Serum creatinine rose from" in warning for warning in fit.warnings) is warned


def test_dialysis_is_a_warning_in_both_models() -> None:
    known = individualise(GOTI, course(dialysis=1.0), seed=1)
    unknown = individualise(THOMSON, course(dialysis=1.0), seed=1)
    assert any("does not follow single sessions" in warning for warning in known.warnings)
    assert any("which Thomson 2009 does not know of" in warning for warning in unknown.warnings)
    assert known.typical["clearance_l_per_h"] == pytest.approx(
        0.7 * individualise(GOTI, course(), seed=1).typical["clearance_l_per_h"]
    )


def test_parameters_are_those_of_the_course_s_end() -> None:
    worse = individualise(GOTI, course(creatinine=((0.0, 1.0), (30.0, 3.0))), seed=1)
    assert worse.typical["clearance_l_per_h"] == pytest.approx(4.5 * (85 * 80 / 216 / 120) ** 0.8)


def test_residuals_are_in_standard_deviations_of_the_model() -> None:
    fit = individualise(GOTI, course(levels=((11.5, 12.0), (23.5, 19.0))), seed=1)
    for residual in fit.residuals:
        sd = 3.4 + 0.227 * residual.individual
        expected = (residual.observed - residual.individual) / sd
        assert residual.weighted_residual == pytest.approx(expected)
        assert residual.source.startswith("Observation/level-")


def test_more_levels_leave_less_of_the_prior() -> None:
    few = individualise(GOTI, course(levels=((11.5, 13.0),)), seed=1)
    many = individualise(GOTI, course(levels=tuple((3.0 + 3 * k, 13.0) for k in range(11))), seed=1)
    assert all(0 <= a < b < 1 for a, b in zip(few.shrinkage, many.shrinkage, strict=True))


def test_seeds_are_63_bits_of_the_digest_and_the_model() -> None:
    digest = course().digest()
    seed = seed_for(digest, GOTI.id)
    text = f"{digest}:{GOTI.id}".encode()
    assert seed == int(hashlib.sha256(text).hexdigest()[:16], 16) // 2
    assert 0 <= seed < 2**63
    assert seed != seed_for(digest, THOMSON.id)


def test_fewer_than_one_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="draws is 0"):
        individualise(GOTI, course(), seed=1, draws=0)


def test_a_model_without_residual_error_is_the_prior_and_says_so() -> None:
    without = replace(GOTI, residuals={})
    fit = individualise(without, course(levels=((11.5, 12.0),)), seed=1)
    assert fit.outcome is FitOutcome.PRIOR_ONLY
    assert fit.eta == (0.0, 0.0, 0.0)
    assert any("states no residual error of concentration" in warning for warning in fit.warnings)


def test_a_level_where_only_nought_can_be_is_named() -> None:
    proportional = replace(GOTI, residuals={"concentration": Residual(ResidualKind.SD_SUM, 0.0, 0.2)})
    patient = course(doses=((5.0, 1000.0, 1.0),), levels=((5.0, 8.0),))
    fit = individualise(proportional, patient, seed=1)
    assert fit.outcome is FitOutcome.CANNOT
    assert "At 5.0 h Goti 2018 predicts 0" in fit.reason


def test_options_are_taken_and_said() -> None:
    patient = course(levels=((11.5, 18.0), (23.5, 2.0)))
    low = replace(patient, levels=(patient.levels[0], replace(patient.levels[1], below_limit=True)))
    plain = individualise(GOTI, low, seed=1)
    assert plain.assumptions == ("Levels below quantification: M3: that it is below the limit.",)
    assert plain.residuals[1].below_limit
    left_out = individualise(GOTI, low, seed=1, options=Options(below=BelowLimit.M1))
    assert left_out.eta == individualise(GOTI, course(levels=((11.5, 18.0),)), seed=1).eta
    flat = individualise(GOTI, patient, seed=1, options=Options(flatten=4.0, half_life_h=24.0, hessian=True))
    assert flat.covariance_kind == HESSIAN_KIND
    assert "multiplied by 4" in flat.assumptions[0]
    assert "every 24 h of its age" in flat.assumptions[1]
    with pytest.raises(ValueError, match="half_life_h is -1"):
        Options(half_life_h=-1.0)


def test_two_outputs_of_equations_are_fitted_at_once() -> None:
    # Warfarin by mouth and INR, log-normal errors, by numerical integration; both are measured at 96 h.
    chosen = model("warfarin-hamberg-2007")
    covariates = {"age_y": 60.0, "cyp2c9_2_alleles": 0.0, "cyp2c9_3_alleles": 0.0, "vkorc1_g_alleles": 1.0}
    patient = Course(
        drug="warfarin",
        start=datetime(2026, 1, 5, tzinfo=UTC),
        until_h=150.0,
        doses=tuple(Dose(24.0 * k, 5.0, route=Route.ORAL) for k in range(6)),
        levels=(Level(96.0, 0.5), Level(96.0, 1.9, output="inr"), Level(144.0, 2.3, output="inr")),
        covariates=tuple(CovariateValue(name, 0.0, value) for name, value in covariates.items()),
    )
    evidence = Evidence.of(chosen, patient, patient.levels)
    mode = find_mode(evidence)
    assert mode.converged
    assert mode.gradient < 1e-4
    best = minimize(lambda x: float(evidence.objective(x)[0]), mode.eta, method="L-BFGS-B")
    assert best.fun == pytest.approx(mode.objective, abs=1e-6)
    f = evidence.predict(mode.eta)[0]
    sds = np.array([chosen.residuals[name].additive for name in ("concentration", "inr", "inr")])
    y = np.array([0.5, 1.9, 2.3])
    expected = np.sum(np.log(sds**2) + np.log(y / f) ** 2 / sds**2 + 2 * np.log(y))
    expected += mode.eta @ np.linalg.inv(chosen.omega) @ mode.eta
    assert mode.objective == pytest.approx(float(expected), rel=1e-9)
    fit = individualise(chosen, patient, seed=1, draws=100)
    assert [residual.unit for residual in fit.residuals] == ["mg/L", "{INR}", "{INR}"]


def test_names_lose_their_units_on_the_page() -> None:
    assert plain_name("clearance_l_per_h") == "clearance"
    assert plain_name("maximum_elimination_mg_per_h") == "maximum elimination"
    assert plain_name("absorption_rate_per_h, occasion 2") == "absorption rate, occasion 2"
    assert plain_name("bioavailability") == "bioavailability"


def test_a_rise_of_three_tenths_is_one_whatever_its_last_binary_digit() -> None:
    fit = individualise(GOTI, course(creatinine=((0.0, 0.9), (30.0, 1.2))), seed=1)
    assert any("rose from 0.9 to 1.2 mg/dL" in warning for warning in fit.warnings)


def test_doses_into_a_vein_of_a_drug_taken_by_mouth_are_pointed_out():
    caffeine = model("caffeine-lee-2015")
    weight = (CovariateValue("weight_kg", 0.0, 1.2),)
    said = []
    for route in (Route.INTRAVENOUS, Route.ORAL):
        doses = (Dose(0.0, 20.0, route=route), Dose(24.0, 5.0, route=route, interval_h=24.0, additional=1))
        fit = individualise(
            caffeine,
            Course("caffeine", datetime(2026, 3, 2, tzinfo=UTC), 60.0, doses=doses, covariates=weight),
            seed=1,
            draws=10,
        )
        said.append([words for words in fit.warnings if "vein" in words])
    assert said == [["3 doses are taken as given into a vein; if by mouth, state the route."], []]


@pytest.mark.parametrize(("level", "contradicts"), [(0.4, False), (60.0, True)])
def test_a_single_level_that_no_such_patient_could_have_contradicts_the_model(level: float, contradicts: bool) -> None:
    digoxin = model("digoxin-yukawa-2001")
    patient = Course.from_data(
        drug="digoxin",
        doses=[{"time_h": 24.0 * k, "amount_mg": 0.125, "route": "oral"} for k in range(10)],
        levels=[(239.0, level)],
        covariates={"age_y": 60, "weight_kg": 60, "male": 1, "creatinine_mg_per_dl": 1.0, "height_cm": 165},
        until=240.0,
    )
    fit = individualise(digoxin, patient, seed=1, draws=100)
    assert fit.outcome is FitOutcome.FITTED
    found = contradicting(digoxin, fit)
    assert bool(found) is contradicts
    assert set(found) <= set(fit.warnings), "what contradicts is warned of"


def test_a_patient_so_unusual_that_the_level_fits_after_all_contradicts_the_model_too() -> None:
    sd = float(np.sqrt(GOTI.omega[0, 0]))
    for distance, contradicts in ((2.9, False), (3.1, True), (-3.1, True)):
        fit = replace(certain(GOTI), eta=(distance * sd, *certain(GOTI).eta[1:]))
        assert bool(contradicting(GOTI, fit)) is contradicts, distance
