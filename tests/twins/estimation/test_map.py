"""The mode against SciPy's optimiser and against what the objective itself says."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from tests.factories.courses import course
from twins.estimation.evidence import BelowLimit, Evidence, EvidenceError
from twins.estimation.map import find_mode, fit_many
from twins.pharmacology.covariates import CovariateError
from twins.pharmacology.formulary import model
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import Residual, ResidualKind
from twins.samples.course import Level
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]
GOTI = model("vancomycin-goti-2018")
THOMSON = model("vancomycin-thomson-2009")
IDS = (GOTI.id, THOMSON.id)
THREE = ((2.0, 30.0), (11.5, 16.0), (23.5, 12.0))


def _evidence(chosen: PopulationModel, levels: tuple[tuple[float, float], ...] = THREE, **options: object) -> Evidence:
    patient = course(
        levels=levels, creatinine=((0.0, 1.0), (14.0, 1.1)) if options.pop("changing", False) else ((0.0, 1.0),)
    )
    return Evidence.of(chosen, patient, patient.levels, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("changing", [False, True])
@pytest.mark.parametrize("model_id", IDS)
def test_the_gradient_vanishes_at_the_mode_and_is_that_of_the_objective(model_id: str, changing: bool) -> None:
    # With covariates that change the predictor's own slopes are differences, without they are exact.
    evidence = _evidence(model(model_id), changing=changing)
    point = np.linspace(-0.4, 0.5, evidence.size)
    gradient, _ = evidence.slope(point)
    step = 1e-5 * np.eye(evidence.size)
    numerical = (evidence.objective(point + step) - evidence.objective(point - step)) / 2e-5
    assert gradient == pytest.approx(numerical, rel=1e-6, abs=1e-7)
    mode = find_mode(evidence)
    assert mode.converged
    assert mode.gradient < 1e-5
    assert evidence.slope(mode.eta)[0] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("model_id", IDS)
def test_the_mode_is_that_of_scipy_s_optimiser(model_id: str) -> None:
    evidence = _evidence(model(model_id), changing=True)
    precision = np.linalg.inv(evidence.model.omega)

    def objective(eta: Array) -> float:
        # The likelihood written out again; the predictions are the solver's, which has references of its own.
        f = evidence.predict(eta)[0]
        v = evidence.model.residual.variance(f)
        return float(np.sum(np.log(v) + (evidence.observed - f) ** 2 / v) + eta @ precision @ eta)

    best = minimize(objective, np.zeros(evidence.size), method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    mode = find_mode(evidence, starts=1)
    assert mode.objective == pytest.approx(best.fun, abs=1e-8)
    assert mode.eta == pytest.approx(best.x, abs=1e-5)


def test_the_covariance_is_the_inverse_of_the_expected_information() -> None:
    evidence = _evidence(GOTI, ((2.0, 30.0), (11.5, 16.0)))
    mode = find_mode(evidence)
    information = np.linalg.inv(GOTI.omega)
    steps = 1e-6 * np.eye(3)
    f = evidence.predict(mode.eta[None, :])[0]
    sensitivity = ((evidence.predict(mode.eta + steps) - evidence.predict(mode.eta - steps)) / 2e-6).T
    for j, prediction in enumerate(f):
        sd = 3.4 + 0.227 * prediction
        # A normal level informs through its mean (1/sd²) and through its variance (2 (dsd/df / sd)²).
        information += np.outer(sensitivity[j], sensitivity[j]) * (1 / sd**2 + 2 * (0.227 / sd) ** 2)
    assert mode.covariance == pytest.approx(np.linalg.inv(information), rel=1e-6)


def test_the_covariance_by_the_hessian_is_another_one() -> None:
    evidence = _evidence(GOTI)
    mode = find_mode(evidence, hessian=True)
    steps = 1e-4 * np.eye(3)
    slopes = np.array([evidence.slope(mode.eta + one)[0] - evidence.slope(mode.eta - one)[0] for one in steps])
    assert mode.hessian_covariance == pytest.approx(np.linalg.inv(0.5 * slopes / 2e-4), rel=1e-4)
    assert evidence.hessian(mode.eta) == pytest.approx(slopes / 2e-4, rel=1e-4, abs=1e-4)
    assert np.abs(mode.hessian_covariance / mode.covariance - 1.0).max() > 0.1


@pytest.mark.parametrize(
    "levels", [((9.0, 17.0), (17.0, 11.0)), ((7.0, 21.0), (31.0, 22.0)), ((6.0, 57.0), (32.0, 5.0))]
)
def test_the_lower_of_two_modes_is_found(levels: tuple[tuple[float, float], ...]) -> None:
    # Thomson's peripheral volume varies so much that a small one explains these levels as well as a slow exchange.
    evidence = _evidence(THOMSON, levels)
    from_typical = find_mode(evidence, starts=1)
    found = find_mode(evidence)
    assert from_typical.converged
    assert found.converged
    assert found.minima == 2
    assert found.objective < from_typical.objective - 0.1
    small_volume = minimize(
        lambda eta: float(evidence.objective(eta)[0]), np.array([0.0, 0.0, 0.0, -2.0]), method="L-BFGS-B"
    )
    assert found.objective == pytest.approx(small_volume.fun, abs=1e-4)


def test_no_level_returns_the_prior_and_silence_leaves_zero_exactly() -> None:
    without = find_mode(_evidence(GOTI, ()), hessian=True)
    assert without.eta.tolist() == [0.0, 0.0, 0.0]
    assert without.covariance == pytest.approx(GOTI.omega, rel=1e-14, abs=1e-16)
    assert without.hessian_covariance == pytest.approx(GOTI.omega, rel=1e-8, abs=1e-9)
    early = course(doses=((5.0, 1000.0, 1.0),), levels=((3.0, 0.5),))
    silent = find_mode(Evidence.of(GOTI, early, early.levels))
    assert silent.converged
    assert silent.eta.tolist() == [0.0, 0.0, 0.0]


def test_the_digits_of_a_patient_depend_on_neither_neighbours_nor_threads() -> None:
    source = np.random.default_rng(4)
    times = (2.0, 11.5, 20.0, 26.0)
    evidences = []
    for k, chosen in enumerate((GOTI, THOMSON) * 8):
        levels = tuple((t, float(source.uniform(5, 30))) for t in times[: 1 + k % 4])
        evidences.append(_evidence(chosen, levels, changing=k % 3 == 0))
    alone = [find_mode(evidence, hessian=True) for evidence in evidences]
    for threads in (1, 2):
        together = fit_many(evidences, threads=threads, hessian=True)
        for one, other in zip(alone, together, strict=True):
            assert one.objective == other.objective
            assert np.array_equal(one.eta, other.eta)
            assert np.array_equal(one.expected, other.expected)
            assert np.array_equal(one.full, other.full)


def test_two_residual_kinds_are_two_objectives() -> None:
    def with_kind(kind: ResidualKind) -> Evidence:
        return _evidence(replace(GOTI, residuals={"concentration": Residual(kind, 1.2, 0.15, 0.8)}))

    eta = np.array([0.1, -0.2, 0.3])
    f = with_kind(ResidualKind.SD_SUM).predict(eta)[0]
    y = np.array([30.0, 16.0, 12.0])
    prior = float(eta @ np.linalg.inv(GOTI.omega) @ eta)
    for kind, v in (
        (ResidualKind.SD_SUM, (1.2 + 0.15 * f) ** 2),
        (ResidualKind.VARIANCE_SUM, 1.2**2 + (0.15 * f) ** 2),
        (ResidualKind.POWER, (1.2 + 0.15 * f**0.8) ** 2),
    ):
        expected = prior + float(np.sum(np.log(v) + (y - f) ** 2 / v))
        assert with_kind(kind).objective(eta)[0] == pytest.approx(expected, rel=1e-12)
    logged = prior + float(np.sum(np.log(1.44) + np.log(y / f) ** 2 / 1.44 + 2 * np.log(y)))
    assert with_kind(ResidualKind.LOG).objective(eta)[0] == pytest.approx(logged, rel=1e-12)


def test_a_flattened_prior_and_a_weighted_level_count_as_stated() -> None:
    patient = course(levels=THREE, until=36.0)
    eta = np.array([0.1, -0.2, 0.3])
    flat = Evidence.of(GOTI, patient, patient.levels, flatten=4.0)
    plain = Evidence.of(GOTI, patient, patient.levels)
    prior = float(eta @ np.linalg.inv(GOTI.omega) @ eta)
    assert plain.objective(eta)[0] - flat.objective(eta)[0] == pytest.approx(0.75 * prior, rel=1e-10)
    aged = Evidence.of(GOTI, patient, patient.levels, half_life_h=12.0)
    f = plain.predict(eta)[0]
    v = (3.4 + 0.227 * f) ** 2 * 2.0 ** ((36.0 - np.array([2.0, 11.5, 23.5])) / 12.0)
    expected = prior + float(np.sum(np.log(v) + (np.array([30.0, 16.0, 12.0]) - f) ** 2 / v))
    assert aged.objective(eta)[0] == pytest.approx(expected, rel=1e-12)
    assert np.linalg.norm(find_mode(flat).eta) > np.linalg.norm(find_mode(plain).eta)


def test_what_cannot_be_fitted_is_refused_by_name() -> None:
    patient = course(levels=THREE)
    nothing = replace(GOTI, residuals={})
    with pytest.raises(EvidenceError, match="states no residual error of concentration"):
        Evidence.of(nothing, patient, patient.levels)
    with pytest.raises(EvidenceError, match="a level is of 'inr'"):
        Evidence.of(GOTI, patient, (Level(3.0, 2.0, output="inr"),))
    logged = replace(GOTI, residuals={"concentration": Residual(ResidualKind.LOG, 0.2, 0.0)})
    with pytest.raises(EvidenceError, match="of its logarithm"):
        Evidence.of(logged, patient, (Level(3.0, 0.0),))
    between = replace(patient, carry=CarryRule.INTERPOLATED)
    with pytest.raises(EvidenceError, match="covariates are interpolated"):
        Evidence.of(GOTI, between, patient.levels)
    with pytest.raises(EvidenceError, match="flatten is 0"):
        Evidence.of(GOTI, patient, patient.levels, flatten=0.0)


def test_a_model_that_fails_says_so() -> None:
    # Without an additive part the error is 0 where nothing has been given yet: no density anywhere.
    early = course(doses=((5.0, 1000.0, 1.0),), levels=((3.0, 0.5),))
    proportional = replace(GOTI, residuals={"concentration": Residual(ResidualKind.SD_SUM, 0.0, 0.2)})
    mode = find_mode(Evidence.of(proportional, early, early.levels))
    assert mode.failed
    assert not mode.converged


def test_a_level_left_out_by_m1_says_nothing() -> None:
    patient = course(levels=THREE)
    low = replace(patient.levels[2], below_limit=True)
    with_it = find_mode(Evidence.of(GOTI, patient, (*patient.levels[:2], low), below=BelowLimit.M1))
    without = find_mode(Evidence.of(GOTI, patient, patient.levels[:2]))
    assert with_it.objective == pytest.approx(without.objective, abs=1e-12)
    assert with_it.eta == pytest.approx(without.eta, abs=1e-10)


@pytest.mark.parametrize("model_id", IDS)
def test_the_evidence_of_many_courses_is_that_of_each(model_id: str) -> None:
    chosen = model(model_id)
    patients = [
        course(levels=THREE[:count], creatinine=creatinine)
        for count in (0, 1, 3)
        for creatinine in (((0.0, 1.0),), ((0.0, 1.3), (14.0, 1.1)))
    ]
    together = Evidence.of_many(chosen, patients)
    for patient, evidence in zip(patients, together, strict=True):
        alone = Evidence.of(chosen, patient, patient.levels)
        assert np.array_equal(evidence.numbers, alone.numbers)
        assert np.array_equal(evidence.wholes, alone.wholes)
        assert np.array_equal(evidence.drafts, alone.drafts)
    assert Evidence.of_many(chosen, []) == []


def test_of_many_courses_the_first_that_cannot_be_fitted_is_refused_as_it_is_alone() -> None:
    fine = course(levels=THREE)
    without = replace(fine, covariates=fine.covariates[:1])
    with pytest.raises(CovariateError) as alone:
        Evidence.of(GOTI, without, without.levels)
    with pytest.raises(CovariateError) as together:
        Evidence.of_many(GOTI, [fine, without, fine])
    assert str(together.value) == str(alone.value)
