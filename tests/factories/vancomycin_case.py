"""A vancomycin patient as plain values, from a one-compartment simulation that needs no kernel: for pages and charts.

The numbers are those of a plausible course; they come from no published model, and nothing is tested against them.
"""

import functools
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from twins.estimation.fit import Fit, FitOutcome, LevelResidual
from twins.forecasts.forecast import (
    QUANTILES,
    Band,
    ComparisonResult,
    DayExposure,
    Influence,
    PastFit,
    PlanForecast,
    Target,
)
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose
from twins.samples.course import Course, CovariateValue, Finding, FindingCode, Level, OrderedRegimen

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CLEARANCE_L_PER_H = 3.2
VOLUME_L = 48.0
TARGET = Target("AUC24 400–600 mg·h/L", 400.0, 600.0, "Rybak 2020, doi:10.1093/ajhp/zxaa036")
MODEL_ID = "vancomycin-goti-2018"


def concentrations(
    clearance: NDArray[np.float64], volume: NDArray[np.float64], doses: Sequence[Dose], times_h: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Superposition of infusions in one compartment, shape (draws, times), mg/L."""
    rate = (clearance / volume)[:, None]
    total = np.zeros((len(clearance), len(times_h)))
    for dose in doses:
        infused = np.clip(times_h - dose.start_h, 0.0, dose.duration_h)
        since = np.maximum(times_h - dose.start_h - dose.duration_h, 0.0)
        plateau = dose.amount_mg / dose.duration_h / clearance[:, None]
        total += plateau * (1.0 - np.exp(-rate * infused)) * np.exp(-rate * since)
    return total


def draws(count: int = 300, *, spread: float = 0.22) -> NDArray[np.float64]:
    return np.random.default_rng(20261120).normal(0.0, (spread, spread * 0.8), (count, 2))


def course(
    *,
    levels: int = 2,
    findings: tuple[Finding, ...] = (),
    creatinine: Sequence[tuple[float, float]] = ((-2.0, 0.9), (24.0, 1.1), (46.0, 1.3)),
    start: datetime = START,
    doses: int = 5,
) -> Course:
    given = tuple(Dose(12.0 * k, 1000.0, 1.0, source=f"MedicationAdministration/given-{k}") for k in range(doses))
    measured = ((23.5, 13.1), (47.0, 17.8), (35.0, 15.0))
    return Course(
        drug="vancomycin",
        start=start,
        until_h=50.0,
        doses=given,
        levels=tuple(
            sorted(
                (Level(t, v, f"Observation/level-{k}") for k, (t, v) in enumerate(measured[:levels])),
                key=lambda level: level.time_h,
            )
        ),
        covariates=(
            *(
                CovariateValue("creatinine_mg_per_dl", t, v, f"Observation/creatinine-{k}")
                for k, (t, v) in enumerate(creatinine)
            ),
            CovariateValue("weight_kg", -2.0, 81.0, "Observation/weight-0"),
            CovariateValue("height_cm", -2.0, 176.0, "Observation/height-0"),
            CovariateValue("age_y", -2.0, 67.0, "Patient"),
            CovariateValue("male", -2.0, 1.0, "Patient"),
            CovariateValue("haemodialysis", -2.0, 0.0, ""),
        ),
        orders=(OrderedRegimen(0.0, 1000.0, 12.0, 1.0, source="MedicationRequest/order-0"),),
        findings=findings,
    )


def fit(*, levels: int = 2, outcome: FitOutcome | None = None, reason: str = "", warnings: tuple[str, ...] = ()) -> Fit:
    ended = outcome or (FitOutcome.FITTED if levels else FitOutcome.PRIOR_ONLY)
    cannot = ended is FitOutcome.CANNOT
    residuals = (
        LevelResidual(23.5, 13.1, 15.2, 13.6, -0.31, "Observation/level-0"),
        LevelResidual(47.0, 17.8, 19.9, 17.1, 0.36, "Observation/level-1"),
    )
    return Fit(
        model_id=MODEL_ID,
        model_version="1",
        seed=7,
        outcome=ended,
        reason=reason or ended.value,
        eta_names=("clearance_l_per_h", "central_volume_l"),
        eta=(-0.12, 0.05),
        covariance=((0.02, 0.0), (0.0, 0.03)),
        covariance_kind="expected information",
        parameters={} if cannot else {"clearance_l_per_h": CLEARANCE_L_PER_H, "central_volume_l": VOLUME_L},
        typical={} if cannot else {"clearance_l_per_h": 3.6, "central_volume_l": 45.7},
        objective=12.3,
        iterations=6,
        draws=np.empty((0, 2)) if cannot else draws(),
        effective_sample_size=0.0 if cannot else 861.0,
        proposals=0 if cannot else 1000,
        shrinkage=(0.55, 0.2),
        residuals=residuals[:levels],
        warnings=warnings,
    )


def plans(until_h: float = 50.0) -> tuple[Plan, ...]:
    return (
        Plan("Current", Regimen(1000.0, 12.0, 1.0, 60.0)),
        Plan("Proposal 1", Regimen(1250.0, 12.0, 1.5, 60.0)),
        Plan("Proposal 2", Regimen(1500.0, 12.0, 1.5, 60.0)),
        Plan("Proposal 3", Regimen(750.0, 8.0, 1.0, 60.0)),
    )


def _band(values: NDArray[np.float64]) -> Band:
    return Band(*(float(q) for q in np.quantile(values, QUANTILES)))


def _quantiles(values: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(v) for v in row) for row in np.quantile(values, QUANTILES, axis=0))


def _individuals() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Clearance (L/h) and volume (L) of each draw."""
    etas = draws()
    return CLEARANCE_L_PER_H * np.exp(etas[:, 0]), VOLUME_L * np.exp(etas[:, 1])


@functools.cache
def _forecast(given: tuple[Dose, ...], until: float, plan: Plan) -> PlanForecast:
    """Once in a process, as the past: hundreds of tests show the same few."""
    clearance, volume = _individuals()
    horizon = 72.0
    ahead = plan.regimen.doses(until + horizon) if plan.regimen else ()
    doses = (*given, *ahead)
    times = np.arange(until, until + horizon + 0.25, 0.5)
    curves = concentrations(clearance, volume, doses, times)
    days = []
    for day in range(3):
        low, high = until + 24.0 * day, until + 24.0 * (day + 1)
        fine = np.arange(low, high, 0.25)
        part = concentrations(clearance, volume, doses, fine)
        auc = part.mean(axis=1) * 24.0
        days.append(
            DayExposure(
                from_h=low,
                to_h=high,
                auc24=_band(auc),
                peak=_band(part.max(axis=1)),
                trough=_band(part.min(axis=1)),
                p_in_target=float(np.mean((auc >= TARGET.low) & (auc <= TARGET.high))),
                p_above=float(np.mean(auc > TARGET.high)),
                p_below=float(np.mean(auc < TARGET.low)),
            )
        )
    first = days[0]
    return PlanForecast(
        plan=plan,
        times_h=tuple(float(t) for t in times),
        quantiles=_quantiles(curves),
        days=tuple(days),
        hours_to_target=next((day.to_h - until for day in days if day.p_in_target >= 0.5), None),
        sentence=(
            f"{first.p_in_target * 100:.0f} % chance in the target range over the next 24 h,"
            f" {first.p_above * 100:.0f} % chance above the safety limit."
        ),
    )


@functools.cache
def _past(given: tuple[Dose, ...], until: float) -> PastFit:
    times = np.arange(0.0, until + 0.25, 0.5)
    curves = concentrations(*_individuals(), given, times)
    return PastFit(tuple(float(t) for t in times), _quantiles(curves))


def result(course_: Course | None = None, plans_: Sequence[Plan] | None = None) -> ComparisonResult:
    known = course_ or course()
    return ComparisonResult(
        as_of_h=known.until_h,
        horizon_h=72.0,
        target=TARGET,
        forecasts=tuple(_forecast(known.doses, known.until_h, plan) for plan in (plans_ or plans())),
        past=_past(known.doses, known.until_h),
        influences=(
            Influence("level of 17.8 mg/L", "left out", 520.0, 566.0, 0.74, 0.58),
            Influence("serum creatinine 1.3 mg/dL", "20 % higher", 520.0, 588.0, 0.74, 0.51),
        ),
    )


def soon_after_dose() -> Finding:
    return Finding(
        FindingCode.LEVEL_SOON_AFTER_DOSE,
        "The level of 17.8 mg/L was taken 0.5 h after the end of an infusion; its time may be wrong.",
        47.0,
        "Observation/level-1",
    )
