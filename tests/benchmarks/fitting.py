"""Fits of many patients beside SciPy's L-BFGS-B on the same objective with gradients of its own."""

import math
import resource
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import minimize

from tests.benchmarks.clock import best, ceiling, shown
from twins.estimation.evidence import Evidence
from twins.estimation.individualise import individualise
from twins.estimation.map import STARTS, _grid, fit_many
from twins.pharmacology import formulary
from twins.quantities.dose import Dose
from twins.samples.course import Course, CovariateValue, Level

Array = NDArray[np.float64]
PATIENTS = 500
TIMES = (11.5, 14.0, 23.5, 35.5)
DOSES = tuple(Dose(12.0 * k, 1250.0, 1.5) for k in range(4))


def courses() -> list[Course]:
    """Patients whose covariates, effects and four levels come from the model itself."""
    model = formulary.model("vancomycin-goti-2018")
    source = np.random.default_rng(11)
    blank = Course(
        drug="vancomycin",
        start=datetime(2026, 1, 5, tzinfo=UTC),
        until_h=40.0,
        doses=DOSES,
        levels=tuple(Level(time, 1.0) for time in TIMES),
        covariates=(
            CovariateValue("age_y", 0.0, 60.0),
            CovariateValue("male", 0.0, 1.0),
            CovariateValue("weight_kg", 0.0, 80.0),
            CovariateValue("creatinine_mg_per_dl", 0.0, 1.1),
        ),
    )
    evidence = Evidence.of(model, blank, blank.levels)
    etas = source.standard_normal((PATIENTS, 3)) * np.sqrt(np.diag(model.omega))
    predicted = evidence.predict(etas)
    seen = predicted + np.sqrt(model.residual.variance(predicted)) * source.standard_normal(predicted.shape)
    return [
        replace(blank, levels=tuple(Level(t, max(float(y), 0.1)) for t, y in zip(TIMES, row, strict=True)))
        for row in seen
    ]


@njit(cache=True)
def _peer(eta: Array, y: Array, times: Array, starts: Array, typical: Array, variances: Array) -> tuple[float, Array]:
    """The same objective and its gradient for SciPy: two compartments, infusions of 1.5 h, sd = 3.4 + 0.227 f."""
    clearance, central = typical[0] * math.exp(eta[0]), typical[1] * math.exp(eta[1])
    between, peripheral = typical[2], typical[3] * math.exp(eta[2])
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    fast = 0.5 * (total + math.sqrt(total * total - 4.0 * k10 * k21))
    slow = k10 * k21 / fast
    gap = fast - slow
    rate = 1250.0 / 1.5
    g1, g2 = (fast - k21) / (gap * fast * central) * rate, (k21 - slow) / (gap * slow * central) * rate
    value = 0.0
    gradient = np.empty(3)
    for p in range(3):
        value += eta[p] * eta[p] / variances[p]
        gradient[p] = 2.0 * eta[p] / variances[p]
    for j in range(times.size):
        s1 = s2 = t1 = t2 = 0.0
        for start in starts:
            since = times[j] - start
            if since <= 0.0:
                continue
            after = max(since - 1.5, 0.0)
            a, b = math.exp(-fast * after), math.exp(-fast * since)
            s1 += a - b
            t1 += since * b - after * a
            a, b = math.exp(-slow * after), math.exp(-slow * since)
            s2 += a - b
            t2 += since * b - after * a
        f = g1 * s1 + g2 * s2
        sd = 3.4 + 0.227 * f
        r = y[j] - f
        value += 2.0 * math.log(sd) + r * r / (sd * sd)
        pull = 2.0 * 0.227 / sd - 2.0 * r / (sd * sd) - 2.0 * r * r * 0.227 / (sd * sd * sd)
        for p in range(3):
            d10 = k10 if p == 0 else (-k10 if p == 1 else 0.0)
            d12 = -k12 if p == 1 else 0.0
            d21 = -k21 if p == 2 else 0.0
            ds, dq = d10 + d12 + d21, d10 * k21 + k10 * d21
            df, dl = (fast * ds - dq) / (2.0 * fast - total), (slow * ds - dq) / (2.0 * slow - total)
            dv = 1.0 if p == 1 else 0.0
            slope = g1 * ((df - d21) / (fast - k21) - (df - dl) / gap - df / fast - dv) * s1 + g1 * t1 * df
            slope += g2 * ((d21 - dl) / (k21 - slow) - (df - dl) / gap - dl / slow - dv) * s2 + g2 * t2 * dl
            gradient[p] += pull * slope
    return value, gradient


def _numpy_peer(
    eta: Array, y: Array, times: Array, starts: Array, typical: Array, variances: Array
) -> tuple[float, Array]:
    """As `_peer`, in NumPy over all levels and doses at once, as it is written without a compiler."""
    clearance, central = typical[0] * math.exp(eta[0]), typical[1] * math.exp(eta[1])
    between, peripheral = typical[2], typical[3] * math.exp(eta[2])
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    fast = 0.5 * (total + math.sqrt(total * total - 4.0 * k10 * k21))
    slow = k10 * k21 / fast
    gap, rate = fast - slow, 1250.0 / 1.5
    g1, g2 = (fast - k21) / (gap * fast * central) * rate, (k21 - slow) / (gap * slow * central) * rate
    since = np.maximum(times[:, None] - starts, 0.0)
    after = np.maximum(since - 1.5, 0.0)
    a, b = np.exp(-fast * after), np.exp(-fast * since)
    s1, t1 = (a - b).sum(axis=1), (since * b - after * a).sum(axis=1)
    a, b = np.exp(-slow * after), np.exp(-slow * since)
    s2, t2 = (a - b).sum(axis=1), (since * b - after * a).sum(axis=1)
    f = g1 * s1 + g2 * s2
    sd, r = 3.4 + 0.227 * f, y - f
    value = float(np.sum(eta * eta / variances) + np.sum(2.0 * np.log(sd) + r * r / (sd * sd)))
    pull = 2.0 * 0.227 / sd - 2.0 * r / (sd * sd) - 2.0 * r * r * 0.227 / sd**3
    d10, d12, d21 = np.array([k10, -k10, 0.0]), np.array([0.0, -k12, 0.0]), np.array([0.0, 0.0, -k21])
    ds, dq, dv = d10 + d12 + d21, d10 * k21 + k10 * d21, np.array([0.0, 1.0, 0.0])
    df, dl = (fast * ds - dq) / (2.0 * fast - total), (slow * ds - dq) / (2.0 * slow - total)
    first = g1 * ((df - d21) / (fast - k21) - (df - dl) / gap - df / fast - dv)
    second = g2 * ((d21 - dl) / (k21 - slow) - (df - dl) / gap - dl / slow - dv)
    slopes = np.outer(s1, first) + np.outer(t1, g1 * df) + np.outer(s2, second) + np.outer(t2, g2 * dl)
    return value, 2.0 * eta / variances + pull @ slopes


def _beside(evidences: Sequence[Evidence], starts: int) -> str:
    return f"two processes do {ceiling(lambda: fit_many(evidences, starts=starts)):.2f} times what one does"


def table() -> list[tuple[str, str, str]]:
    model = formulary.model("vancomycin-goti-2018")
    patients = courses()
    evidences = Evidence.of_many(model, patients)
    starts = np.array([dose.start_h for dose in DOSES])
    times, variances = np.array(TIMES), np.diag(model.omega).copy()
    typical = evidences[0].individual.parameters(np.zeros(3))[0, 0].copy()

    def descend(objective: Any, given: tuple[Array, ...], start: Array) -> float:
        options = {"ftol": 1e-12, "gtol": 1e-8}
        return float(minimize(objective, start, given, method="L-BFGS-B", jac=True, options=options).fun)

    def by_scipy(objective: Any = _peer, descents: int = 1) -> list[float]:
        """From the typical patient, and of several descents from the lowest of the points that ours begins at too."""
        found = []
        for evidence in evidences:
            given = (evidence.observed, times, starts, typical, variances)
            points = [np.zeros(3)]
            if descents > 1:
                further = _grid(3)[1:] * np.sqrt(variances)
                points += sorted(further, key=lambda point: objective(point, *given)[0])[: descents - 1]
            found.append(min(descend(objective, given, point) for point in points))
        return found

    peer = best(by_scipy, repeats=7)
    plain_peer = best(lambda: by_scipy(_numpy_peer), repeats=7)
    peer_several = best(lambda: by_scipy(descents=STARTS), repeats=3)
    plain_several = best(lambda: by_scipy(_numpy_peer, STARTS), repeats=3)
    one = best(lambda: fit_many(evidences, starts=1), repeats=7)
    two = best(lambda: fit_many(evidences, starts=1, threads=2), repeats=7)
    several = best(lambda: fit_many(evidences), repeats=5)
    several_two = best(lambda: fit_many(evidences, threads=2), repeats=5)
    gathered = best(lambda: Evidence.of_many(model, patients))
    singly = best(lambda: [Evidence.of(model, patient, patient.levels) for patient in patients], repeats=2)
    worst = max(mode.objective - value for mode, value in zip(fit_many(evidences, starts=1), by_scipy(), strict=True))
    course = patients[0]
    whole = best(lambda: individualise(model, course, seed=1))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        (
            f"{PATIENTS} MAP fits of {len(TIMES)} levels, two compartments, from the typical patient",
            shown(one),
            f"SciPy L-BFGS-B with gradients in NumPy {shown(plain_peer)}: {plain_peer / one:.0f} times; with compiled "
            f"gradients {shown(peer)}: {peer / one:.0f} times",
        ),
        ("  by two threads", f"{shown(two)}: {one / two:.2f} times one", _beside(evidences, 1)),
        (
            "  from up to four starts each",
            f"{shown(several)}; two threads {shown(several_two)}: {several / several_two:.2f} times one",
            f"SciPy from as many with gradients in NumPy {shown(plain_several)}: {plain_several / several:.0f} times; "
            f"with compiled gradients {shown(peer_several)}: {peer_several / several:.0f} times; "
            f"{_beside(evidences, STARTS)}",
        ),
        ("  laying the 500 courses out, once", shown(gathered), f"ours, one by one: {shown(singly)}"),
        ("  highest objective above SciPy's", f"{worst:.1e}", ""),
        ("one patient: MAP, covariances and 1,000 posterior draws", shown(whole), ""),
        ("  peak memory of this process", f"{memory:.0f} MB", ""),
    ]
