"""MAP estimation and comparison against SciPy on the same numbers."""

import math
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tests.benchmarks.clock import best, shown
from twins.estimation.individualise import individualise
from twins.forecasts.compare import compare
from twins.forecasts.simulate import concentrations
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose
from twins.samples.course import Course, CovariateValue, Level

Array = NDArray[np.float64]


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
            f"one patient, four levels: MAP and {math.prod(fit.draws.shape[:1]):,} posterior draws",
            shown(ours),
            f"MAP alone by SciPy L-BFGS-B on our predictions {shown(scipy)}",
        ),
        ("what-if: four plans, 72 h at half hours, 1,000 draws, all metrics and influences", shown(what_if), ""),
    ]
