"""Concentrations, AUC and the mode against SciPy's integrator and optimiser."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.courses import course
from tests.oracles.reference import integrate, map_by_lbfgsb, superposition
from twins.estimation.evidence import Evidence
from twins.estimation.map import find_mode
from twins.forecasts.simulate import concentrations
from twins.pharmacology.covariates import history
from twins.pharmacology.formulary import model
from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]

GIVEN = [(0.0, 1000.0, 1.0), (11.5, 1250.0, 1.5), (12.0, 500.0, 3.0), (24.25, 750.0, 0.0), (36.0, 1000.0, 2.0)]
TIMES = np.array([0.0, 0.5, 1.0, 2.0, 11.5, 12.25, 13.0, 20.0, 24.25, 25.0, 36.0, 37.0, 48.0, 60.0, 72.0])
ROWS = [(4.2, 55.0, 6.5, 38.4), (0.4, 30.0, 2.28, 60.0), (12.0, 20.0, 30.0, 15.0), (2.0, 50.0, 0.02, 90.0)]


def _run(rows: Array, changes: Array) -> Trajectory:
    """The doses above through two compartments; `rows` is (epochs, 4)."""
    system = compartments(2)
    doses = tabulate(system, [Dose(*given) for given in GIVEN])
    return solve(system, rows[None], Timeline(doses, changes, TIMES), exposure=True)


@pytest.mark.parametrize("row", ROWS)
def test_concentration_and_auc_agree_with_solve_ivp(row: tuple[float, ...]) -> None:
    run = _run(np.array([row]), np.zeros(1))
    concentration, auc = integrate(lambda _: row, GIVEN, TIMES)
    assert run.concentration[0] == pytest.approx(concentration, rel=1e-9, abs=1e-9)
    assert run.auc[0] == pytest.approx(auc, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("row", ROWS)
def test_concentration_agrees_with_superposition_of_single_doses(row: tuple[float, ...]) -> None:
    run = _run(np.array([row]), np.zeros(1))
    assert run.concentration[0] == pytest.approx(superposition(row, GIVEN, TIMES), rel=1e-9, abs=1e-9)


def test_changing_covariates_agree_with_solve_ivp() -> None:
    changes = np.array([0.0, 13.0, 30.0])
    rows = np.array([(4.0, 50.0, 6.0, 40.0), (2.0, 60.0, 6.0, 40.0), (1.0, 40.0, 3.0, 80.0)])

    def at(time: float) -> Array:
        return rows[int(np.searchsorted(changes, time, side="right")) - 1]

    run = _run(rows, changes)
    concentration, auc = integrate(at, GIVEN, TIMES, changes=list(changes))
    assert run.concentration[0] == pytest.approx(concentration, rel=1e-9, abs=1e-9)
    assert run.auc[0] == pytest.approx(auc, rel=1e-9, abs=1e-9)


def test_a_patient_with_worsening_kidneys_agrees_with_solve_ivp() -> None:
    patient = course(doses=GIVEN, creatinine=((0.0, 1.0), (20.0, 2.0), (40.0, 4.0)), until=80.0)
    goti = model("vancomycin-goti-2018")
    eta = np.array([0.3, -0.4, 0.2])

    def at(time: float) -> tuple[float, ...]:
        creatinine = 1.0 if time < 20 else 2.0 if time < 40 else 4.0
        clearance = (140 - 55) * 80 / (72 * creatinine)
        return (
            4.5 * (clearance / 120) ** 0.8 * np.exp(0.3),
            58.4 * 80 / 70 * np.exp(-0.4),
            6.5,
            38.4 * np.exp(0.2),
        )

    expected, _ = integrate(at, GIVEN, TIMES, changes=[20.0, 40.0])
    assert concentrations(goti, patient, eta, None, TIMES)[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("model_id", ["vancomycin-goti-2018", "vancomycin-thomson-2009"])
@pytest.mark.parametrize(
    "levels",
    [
        ((11.0, 9.0),),
        ((2.0, 33.0), (11.0, 14.0)),
        ((11.0, 4.0), (23.5, 6.0), (25.5, 20.0)),
        ((11.0, 22.0), (23.5, 35.0), (35.0, 48.0), (35.5, 47.0)),
        ((11.0, 30.0), (23.5, 5.0)),
    ],
)
def test_the_mode_agrees_with_l_bfgs_b(model_id: str, levels: tuple[tuple[float, float], ...]) -> None:
    chosen = model(model_id)
    given = [(12.0 * k, 1000.0, 1.0) for k in range(3)]
    patient = course(doses=given, levels=levels)
    chart = history(chosen, patient)
    times = np.array([time for time, _ in levels])
    observed = np.array([value for _, value in levels])
    typical = {
        "vancomycin-goti-2018": (4.5 * (85 * 80 / 72 / 120) ** 0.8, 58.4 * 80 / 70, 6.5, 38.4),
        "vancomycin-thomson-2009": (2.99 * (1 + 0.0154 * (85 * 80 / 72 - 66)), 0.675 * 80, 2.28, 0.732 * 80),
    }[model_id]
    on = [0, 1, 3] if "goti" in model_id else [0, 1, 2, 3]

    def predict(eta: Array) -> Array:
        row = np.array(typical)
        row[on] *= np.exp(eta)
        return superposition(list(row), given, times)

    def variance(f: Array) -> Array:
        return (3.4 + 0.227 * f) ** 2 if "goti" in model_id else 1.6**2 + (0.15 * f) ** 2

    starts = [np.zeros(len(on)), np.full(len(on), 0.5), np.full(len(on), -0.5)]
    eta, objective = map_by_lbfgsb(predict, observed, variance, chosen.omega, starts)
    mode = find_mode(Evidence.gather(chosen, chart, patient.doses, times, observed))
    assert mode.converged
    assert mode.objective <= objective + 1e-7
    assert mode.eta == pytest.approx(eta, abs=2e-4)
