"""Solver, MAP estimation and comparison against NumPy and SciPy on the same numbers."""

import math
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from tests.benchmarks.clock import best, shown
from twins.estimation.individualise import individualise
from twins.forecasts.compare import compare
from twins.forecasts.simulate import concentrations
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose
from twins.samples.course import Course, CovariateValue, Level
from twins.solvers import batch, schedule

Array = NDArray[np.float64]
SUBJECTS = 10_000
GIVEN = [Dose(12.0 * k, 1000.0, 1.0) for k in range(14)]
HOURLY = np.arange(1.0, 169.0)


def _parameters() -> Array:
    random = np.random.default_rng(1)
    typical = np.array([4.0, 50.0, 6.0, 40.0])
    return typical * np.exp(random.normal(0.0, 0.3, (SUBJECTS, 4)))


def _superposition(parameters: Array) -> Array:
    """Two exponentials a dose, summed over doses, in NumPy: the same closed form without a compiled kernel."""
    clearance, central, between, peripheral = (parameters[:, [k]] for k in range(4))
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    gap = np.sqrt(total**2 - 4 * k10 * k21)
    fast = 0.5 * (total + gap)
    slow = k10 * k21 / fast
    out = np.zeros((parameters.shape[0], HOURLY.size))
    for rate, weight in ((fast, (fast - k21) / gap), (slow, (k21 - slow) / gap)):
        for dose in GIVEN:
            since = np.maximum(HOURLY - dose.start_h, 0.0)
            after = np.maximum(since - dose.duration_h, 0.0)
            out += dose.rate_mg_per_h * weight / (rate * central) * (np.exp(-rate * after) - np.exp(-rate * since))
    return out


def _one_by_solve_ivp(row: Array) -> Array:
    clearance, central, between, peripheral = row

    def slope(time: float, amounts: Array) -> list[float]:
        rate = sum(dose.rate_mg_per_h for dose in GIVEN if dose.start_h <= time < dose.end_h)
        exchange = between * (amounts[0] / central - amounts[1] / peripheral)
        return [rate - clearance * amounts[0] / central - exchange, exchange]

    solved = solve_ivp(slope, (0.0, 168.0), [0.0, 0.0], t_eval=HOURLY, rtol=1e-8, atol=1e-8, max_step=0.5)
    return np.asarray(solved.y[0]) / central


def _course() -> Course:
    return Course(
        drug="vancomycin",
        start=datetime(2026, 1, 5, tzinfo=UTC),
        until_h=48.0,
        doses=tuple(Dose(12.0 * k, 1250.0, 1.5) for k in range(4)),
        levels=(Level(11.5, 9.8), Level(14.5, 27.1), Level(35.5, 14.9), Level(47.5, 16.2)),
        covariates=(
            CovariateValue("age_y", 0.0, 60.0),
            CovariateValue("male", 0.0, 1.0),
            CovariateValue("weight_kg", 0.0, 80.0),
            CovariateValue("height_cm", 0.0, 178.0),
            CovariateValue("creatinine_mg_per_dl", 0.0, 1.1),
            CovariateValue("haemodialysis", 0.0, 0.0),
        ),
    )


def table() -> list[tuple[str, str, str]]:
    parameters = _parameters()
    events = schedule.build(GIVEN, np.array([0.0]), HOURLY)
    stacked = parameters[:, None, :]
    kernel = best(lambda: batch.run(stacked, events))
    numpy = best(lambda: _superposition(parameters), repeats=3)
    ivp = best(lambda: _one_by_solve_ivp(parameters[0]), repeats=2) * SUBJECTS
    difference = np.max(np.abs(batch.run(stacked, events).concentration / _superposition(parameters) - 1))

    model, course = formulary.model("vancomycin-goti-2018"), _course()
    target = formulary.drug("vancomycin").target
    fit = individualise(model, course, seed=1)
    inverse = np.linalg.inv(model.omega)
    observed = np.array([level.value for level in course.levels])
    times = np.array([level.time_h for level in course.levels])

    def objective(eta: Array) -> float:
        predicted = concentrations(model, course, eta, None, times)[0]
        variance = model.residual.variance(predicted)
        return float(eta @ inverse @ eta + np.sum(np.log(variance) + (observed - predicted) ** 2 / variance))

    ours = best(lambda: individualise(model, course, seed=1))
    scipy = best(lambda: minimize(objective, np.zeros(len(model.eta_on)), method="L-BFGS-B"), repeats=3)
    plans = [Plan(f"{dose:g} mg", Regimen(dose, 12.0, 1.5, 48.0)) for dose in (750.0, 1000.0, 1250.0, 1500.0)]
    what_if = best(lambda: compare(model, course, fit, plans, target=target))
    return [
        (
            f"{SUBJECTS:,} subjects, two compartments, infusion every 12 h, 7 days hourly",
            shown(kernel),
            f"NumPy superposition {shown(numpy)}, SciPy solve_ivp {shown(ivp)} (one subject × {SUBJECTS:,})",
        ),
        ("  largest relative difference from NumPy", f"{difference:.1e}", ""),
        (
            f"one patient, four levels: MAP and {math.prod(fit.draws.shape[:1]):,} posterior draws",
            shown(ours),
            f"MAP alone by SciPy L-BFGS-B on our predictions {shown(scipy)}",
        ),
        ("what-if: four plans, 72 h at half hours, 1,000 draws, all metrics and influences", shown(what_if), ""),
    ]
