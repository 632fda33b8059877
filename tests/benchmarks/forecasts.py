"""One patient's forecasts: what a page, a search and a fresh process wait for."""

from dataclasses import replace

import numpy as np

from tests.benchmarks.clock import best, fresh, shown
from tests.factories.courses import course
from twins.estimation.individualise import individualise
from twins.forecasts.compare import compare
from twins.forecasts.exposures import attainment
from twins.forecasts.limits import Limits
from twins.forecasts.optimise import optimise
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target

GOTI = formulary.model("vancomycin-goti-2018")
VANCOMYCIN = formulary.drug("vancomycin")
PATIENT = course(levels=((11.5, 11.0), (23.5, 14.0)), until=35.0)
FRESH = """
import time
began = time.perf_counter()
from tests.factories.courses import course
from twins.estimation.individualise import individualise
from twins.forecasts.compare import compare
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
model, drug = formulary.model("vancomycin-goti-2018"), formulary.drug("vancomycin")
patient = course(levels=((11.5, 11.0), (23.5, 14.0)), until=35.0)
fit = individualise(model, patient, seed=1)
compare(model, patient, fit, [Plan("now", Regimen(1000.0, 12.0, 1.0, 36.0))], target=drug.target)
print(time.perf_counter() - began)
"""


def _plans(count: int) -> list[Plan]:
    return [
        Plan(f"{amount:g}", Regimen(amount, interval, 1.5, 36.0))
        for amount in (750.0, 1000.0, 1250.0, 1500.0)
        for interval in (8.0, 12.0, 24.0)
    ][:count]


def table() -> list[tuple[str, str, str]]:
    fit = individualise(GOTI, PATIENT, seed=1, draws=1000)
    target = VANCOMYCIN.target
    targets = [
        target,
        *(replace(target, metric=metric, low=10.0, high=20.0) for metric in (Metric.PEAK, Metric.TROUGH)),
        Target("", 0.9, np.inf, "", Metric.TIME_ABOVE, "1", threshold=5.0),
    ]
    four, twelve = _plans(4), _plans(12)
    draws = f"{fit.draws.shape[0]} draws"
    return [
        (
            f"comparison of 4 plans, {draws}, 3 days, with what explains them",
            shown(best(lambda: compare(GOTI, PATIENT, fit, four, target=target), repeats=3)),
            "",
        ),
        (
            f"what if: 12 regimens, {draws}, AUC24",
            shown(best(lambda: attainment(GOTI, PATIENT, fit, twelve, targets=[target]))),
            "",
        ),
        (
            f"what if: 12 regimens, {draws}, AUC24, peak, trough and time above",
            shown(best(lambda: attainment(GOTI, PATIENT, fit, twelve, targets=targets))),
            "",
        ),
        (
            f"regimen search of a drug's whole practice, {draws}",
            shown(
                best(
                    lambda: optimise(GOTI, PATIENT, fit, target=target, limits=Limits.of(VANCOMYCIN.practice)),
                    repeats=2,
                )
            ),
            "",
        ),
        ("a fresh process after manage.py warm, from import to comparison", _fresh(), ""),
    ]


def _fresh() -> str:
    said, whole = fresh(FRESH)
    return f"{shown(said)} ({shown(whole)} with the interpreter)"
