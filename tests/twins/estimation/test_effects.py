"""Random effects of every kind: links, shapes, occasions, sums; modes of such models against SciPy's."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from tests.factories.courses import course
from twins.estimation.evidence import Evidence
from twins.estimation.individualise import individualise
from twins.estimation.map import find_mode
from twins.pharmacology.formulary import model
from twins.pharmacology.individual import Individual, root
from twins.pharmacology.population import Eta, Link, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, Route
from twins.samples.course import DialysisSession, Level
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]
CL, V, KA, F = "clearance_l_per_h", "central_volume_l", "absorption_rate_per_h", "bioavailability"
TYPICAL = {CL: 4.0, V: 40.0, KA: 0.9, F: 0.6}


def _typical(covariates: object) -> dict[str, Array]:
    weight = covariates["weight_kg"]  # type: ignore[index]
    return {name: value * np.ones_like(weight) for name, value in TYPICAL.items()}


ORAL = replace(
    model("vancomycin-goti-2018"),
    system=compartments(1, oral=True, bioavailability=True),
    typical=_typical,
    etas=(Eta(CL), Eta(V, box_cox=0.7), Eta(KA), Eta(F)),
    omega=np.diag([0.1, 0.08, 0.04, 0.3]),
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, 0.3, 0.1)},
    links={F: Link.LOGIT, KA: Link.IDENTITY},
    covariates=(),
    clinical_inputs=("weight_kg",),
)
BOLUS = replace(
    ORAL,
    system=compartments(1),
    typical=lambda covariates: {name: TYPICAL[name] * np.ones_like(covariates["weight_kg"]) for name in (CL, V)},
    etas=on(CL, V),
    omega=np.array([[0.09, 0.02], [0.02, 0.05]]),
    links={},
    occasions=Occasions(on(CL), np.array([[0.06]]), every_h=24.0),
)


def _chart(chosen: PopulationModel, typical: Array, occasion: list[int]) -> SimpleNamespace:
    epochs = len(occasion)
    return SimpleNamespace(
        times_h=24.0 * np.arange(epochs),
        typical=np.tile(typical, (epochs, 1)),
        occasion=np.array(occasion),
        added=np.zeros((epochs, len(chosen.parameters))),
        carry=CarryRule.FORWARD,
    )


def test_each_link_and_shape_is_its_own_equation() -> None:
    chart = _chart(ORAL, np.array([4.0, 40.0, 0.9, 0.6]), [0])
    eta = np.array([0.2, -0.3, 0.1, 0.5])
    found = Individual.of(ORAL, chart).parameters(eta)[0, 0]  # type: ignore[arg-type]
    logit = np.log(0.6 / 0.4) + 0.5
    expected = [
        4.0 * np.exp(0.2),
        40.0 * np.exp((np.exp(-0.3) ** 0.7 - 1) / 0.7),
        0.9 + 0.1,
        1 / (1 + np.exp(-logit)),
    ]
    assert found == pytest.approx(expected, rel=1e-14)
    assert Individual.of(ORAL, chart).parameters(np.zeros(4))[0, 0].tolist() == [4.0, 40.0, 0.9, 0.6]  # type: ignore[arg-type]


def test_one_eta_moves_several_components_and_a_parameter_sums_its_parts() -> None:
    chosen = replace(
        BOLUS, etas=(Eta("size", on=((CL, 0.75), (V, 1.0))), Eta("renal")), omega=np.eye(2), occasions=None
    )
    chosen = replace(
        chosen, sums={CL: ("renal", "other")}, etas=(Eta("size", on=(("other", 0.75), (V, 1.0))), Eta("renal"))
    )
    chart = _chart(chosen, np.array([3.0, 1.0, 40.0]), [0])
    chart.added[0, 0] = 7.0
    found = Individual.of(chosen, chart).parameters([[0.2, -0.1]])[0, 0]  # type: ignore[arg-type]
    assert found == pytest.approx([3.0 * np.exp(-0.1) + np.exp(0.15) + 7.0, 40.0 * np.exp(0.2)], rel=1e-14)


def test_kappas_act_on_their_own_occasion_and_are_nought_or_drawn_ahead() -> None:
    chart = _chart(BOLUS, np.array([4.0, 40.0]), [0, 1, 2])
    who = Individual.of(BOLUS, chart)  # type: ignore[arg-type]
    assert who.names == (CL, V, f"{CL}, occasion 1", f"{CL}, occasion 2", f"{CL}, occasion 3")
    clearance = who.parameters([0.1, 0.0, 0.2, -0.3, 0.0])[0, :, 0]
    assert clearance == pytest.approx(4.0 * np.exp([0.3, -0.2, 0.1]))
    known = np.array([[0.1, 0.2, 0.3]] * 4000)
    ahead = who.widen(known)
    assert np.array_equal(ahead[:, :3], known)
    assert np.all(ahead[:, 3:] == 0.0)
    drawn = who.widen(known, seed=5)
    assert np.array_equal(drawn[:, :3], known)
    assert np.cov(drawn[:, 3:].T) == pytest.approx(np.diag([0.06, 0.06]), abs=0.006)
    assert np.array_equal(drawn[:7], who.widen(known[:7], seed=5))
    early = Individual.of(BOLUS, chart, until_h=30.0)  # type: ignore[arg-type]
    assert early.size == 4
    assert early.widen(drawn).shape == (4000, 4)
    with pytest.raises(ValueError, match="widen them"):
        who.parameters([0.1, 0.2])


def _bolus(levels: tuple[tuple[float, float], ...]) -> object:
    patient = course(doses=((0.0, 400.0, 0.0), (24.0, 400.0, 0.0), (48.0, 400.0, 0.0)), until=72.0)
    return replace(patient, levels=tuple(Level(t, y) for t, y in levels))


def test_the_mode_with_occasions_is_that_of_scipy_s_optimiser() -> None:
    levels = ((2.0, 9.0), (20.0, 2.9), (26.0, 8.1), (44.0, 1.0), (50.0, 9.9), (68.0, 3.1))
    patient = _bolus(levels)
    evidence = Evidence.of(BOLUS, patient, patient.levels)  # type: ignore[arg-type,attr-defined]
    times, y = np.array(levels).T
    inverse = np.linalg.inv(BOLUS.omega)

    def objective(x: Array) -> float:
        volume = 40.0 * np.exp(x[1])
        rate = 4.0 * np.exp(x[0] + x[2:]) / volume
        gone = lambda t: np.sum(rate * np.clip(t - 24.0 * np.arange(3), 0.0, 24.0))  # noqa: E731
        f = np.array([sum(400.0 * np.exp(gone(d) - gone(t)) for d in (0, 24, 48) if d < t) for t in times]) / volume
        v = 0.3**2 + (0.1 * f) ** 2
        prior = x[:2] @ inverse @ x[:2] + np.sum(x[2:] ** 2) / 0.06
        return float(np.sum(np.log(v) + (y - f) ** 2 / v) + prior)

    best = minimize(objective, np.zeros(5), method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    mode = find_mode(evidence, starts=1)
    assert mode.converged
    assert mode.objective == pytest.approx(best.fun, abs=1e-8)
    assert mode.eta == pytest.approx(best.x, abs=1e-5)
    fit = individualise(BOLUS, patient, seed=1)  # type: ignore[arg-type]
    assert fit.eta_names == evidence.individual.names
    assert fit.draws.shape == (1000, 5)
    assert fit.draws.mean(axis=0) == pytest.approx(fit.eta, abs=0.1)


def test_an_occasion_without_a_level_keeps_kappa_exactly_nought() -> None:
    patient = _bolus(((2.0, 9.0), (70.0, 3.0)))
    later = replace(patient, levels=(Level(2.0, 9.0), Level(20.0, 2.5)))  # type: ignore[type-var]
    assert Evidence.of(BOLUS, later, later.levels).size == 3  # type: ignore[arg-type,attr-defined]
    fit = individualise(BOLUS, later, seed=1)  # type: ignore[arg-type]
    assert fit.eta[2] != 0.0
    # What is ahead of the last level is as the etas say, without a kappa.
    assert fit.parameters[CL] == pytest.approx(4.0 * np.exp(fit.eta[0]))


def test_the_mode_with_logit_and_box_cox_effects_is_that_of_scipy_s_optimiser() -> None:
    levels = ((1.0, 4.0), (4.0, 5.2), (10.0, 2.9), (22.0, 1.1))
    patient = replace(
        course(), doses=(Dose(0.0, 500.0, route=Route.ORAL),), levels=tuple(Level(t, y) for t, y in levels)
    )
    times, y = np.array(levels).T

    def objective(x: Array) -> float:
        clearance = 4.0 * np.exp(x[0])
        volume = 40.0 * np.exp(np.expm1(0.7 * x[1]) / 0.7)
        ka = 0.9 + x[2]
        share = 1 / (1 + np.exp(-np.log(0.6 / 0.4) - x[3]))
        k = clearance / volume
        f = share * 500.0 * ka / (volume * (ka - k)) * (np.exp(-k * times) - np.exp(-ka * times))
        v = 0.3**2 + (0.1 * f) ** 2
        return float(np.sum(np.log(v) + (y - f) ** 2 / v) + np.sum(x**2 / np.diag(ORAL.omega)))

    best = minimize(objective, np.zeros(4), method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    mode = find_mode(Evidence.of(ORAL, patient, patient.levels), starts=1)
    assert mode.converged
    assert mode.objective == pytest.approx(best.fun, abs=1e-8)
    assert mode.eta == pytest.approx(best.x, abs=1e-5)


def test_standard_errors_are_by_the_delta_method() -> None:
    patient = _bolus(((2.0, 9.0), (20.0, 2.9)))
    chosen = replace(BOLUS, occasions=None)
    fit = individualise(chosen, patient, seed=1)  # type: ignore[arg-type]
    for k, name in enumerate((CL, V)):
        assert fit.standard_errors[name] == pytest.approx(fit.parameters[name] * fit.covariance[k][k] ** 0.5, rel=1e-6)


def test_dialysis_adds_to_clearance_while_it_lasts_and_not_to_the_patient_s_own() -> None:
    chosen = replace(BOLUS, occasions=None)
    patient = replace(_bolus(((2.0, 9.0), (20.0, 2.0))), dialysis=(DialysisSession(6.0, 10.0, 8.0),))  # type: ignore[type-var]
    evidence = Evidence.of(chosen, patient, patient.levels)  # type: ignore[arg-type,attr-defined]
    rate = 4.0 / 40.0
    expected = [10.0 * np.exp(-2 * rate), 10.0 * np.exp(-20 * rate - 4 * 8.0 / 40.0)]
    assert evidence.predict(np.zeros(2))[0] == pytest.approx(expected, rel=1e-12)
    assert individualise(chosen, patient, seed=1).typical[CL] == 4.0  # type: ignore[arg-type]


def test_the_root_of_a_covariance_allows_no_variance_and_no_nonsense() -> None:
    for covariance in (np.diag([0.2, 0.0, 0.1]), np.array([[1.0, 0.5, 0], [0.5, 0.25, 0], [0, 0, 0.3]]), BOLUS.omega):
        factor = root(covariance)
        assert factor @ factor.T == pytest.approx(covariance, abs=1e-15)
    with pytest.raises(ValueError, match="negative eigenvalue"):
        root(np.array([[1.0, 2.0], [2.0, 1.0]]))
