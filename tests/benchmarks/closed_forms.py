"""One to three compartments in closed form, against NumPy's superposition of the same closed form and solve_ivp."""

import resource
import time

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from tests.benchmarks.clock import best, fresh, shown
from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, Route
from twins.solvers.measure import measure
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]
SUBJECTS = 10_000
GIVEN = [Dose(12.0 * k, 1000.0, 1.0) for k in range(14)]
SWALLOWED = [Dose(12.0 * k, 100.0, route=Route.ORAL) for k in range(14)]
HOURLY = np.arange(1.0, 169.0)
DAYS = np.arange(0.0, 169.0, 24.0)

IMPORTED = "import time; began = time.perf_counter(); import twins; print(time.perf_counter() - began)"
FIRST = """
import time
began = time.perf_counter()
from tests.factories.courses import course
from twins.estimation.individualise import individualise
from twins.forecasts.compare import compare
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan, Regimen
model = formulary.model("vancomycin-goti-2018")
patient = course(levels=((11.5, 9.8), (14.5, 27.1), (35.5, 14.9), (47.5, 16.2)), until=48.0)
fit = individualise(model, patient, seed=1)
compare(model, patient, fit, [Plan("1,000 mg", Regimen(1000.0, 12.0, 1.5, 48.0))],
        target=formulary.drug("vancomycin").target)
print(time.perf_counter() - began)
"""


def _drawn(typical: list[float], count: int = SUBJECTS) -> Array:
    random = np.random.default_rng(1)
    return np.ascontiguousarray(np.array(typical) * np.exp(random.normal(0.0, 0.3, (count, 1, len(typical)))))


def _superposition(parameters: Array) -> Array:
    """The response to one dose, two exponentials, and shifted copies of it added up: what NumPy does best here."""
    clearance, central, between, peripheral = (parameters[:, 0, [k]] for k in range(4))
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    gap = np.sqrt(total**2 - 4 * k10 * k21)
    fast = 0.5 * (total + gap)
    slow = k10 * k21 / fast
    dose = GIVEN[0]
    after = np.maximum(HOURLY - dose.duration_h, 0.0)
    single = np.zeros((parameters.shape[0], HOURLY.size))
    for rate, weight in ((fast, (fast - k21) / gap), (slow, (k21 - slow) / gap)):
        share = dose.rate_mg_per_h * weight / (rate * central)
        single += share * (np.exp(-rate * after) - np.exp(-rate * HOURLY))
    return _repeated(single)


def _repeated(single: Array) -> Array:
    """Copies of the response to one dose, one every 12 columns."""
    out = np.zeros_like(single)
    for column in range(0, single.shape[1], 12):
        out[:, column:] += single[:, : single.shape[1] - column]
    return out


def _oral_superposition(parameters: Array) -> Array:
    """Bateman's function, each subject with a lag of its own, and shifted copies of it added up."""
    clearance, volume, ka, lag = (parameters[:, 0, [k]] for k in range(4))
    rate = clearance / volume
    since = np.maximum(HOURLY - lag, 0.0)
    share = SWALLOWED[0].amount_mg * ka / (ka - rate) / volume
    return _repeated(share * (np.exp(-rate * since) - np.exp(-ka * since)))


def _one_by_solve_ivp(row: Array) -> Array:
    clearance, central, between, peripheral = row

    def slope(time: float, amounts: Array) -> list[float]:
        rate = sum(dose.rate_mg_per_h for dose in GIVEN if dose.start_h <= time < dose.end_h)
        exchange = between * (amounts[0] / central - amounts[1] / peripheral)
        return [rate - clearance * amounts[0] / central - exchange, exchange]

    solved = solve_ivp(slope, (0.0, 168.0), [0.0, 0.0], t_eval=HOURLY, rtol=1e-8, atol=1e-8, max_step=0.5)
    return np.asarray(solved.y[0]) / central


def _times(one: float, other: float) -> str:
    return f"{other / one:.3g} times"


def table() -> list[tuple[str, str, str]]:
    system = compartments(2)
    rows = _drawn([4.0, 50.0, 6.0, 40.0])
    doses = tabulate(system, GIVEN)
    hourly = Timeline(doses, [0.0], HOURLY)
    uneven = np.sort(np.random.default_rng(2).uniform(0.0, 168.0, HOURLY.size))
    irregular = Timeline(doses, [0.0], uneven)
    bare = Timeline(doses, [0.0], [])
    numpy = best(lambda: _superposition(rows))
    ivp = best(lambda: _one_by_solve_ivp(rows[0, 0]), repeats=2) * SUBJECTS
    ours = best(lambda: solve(system, rows, hourly), repeats=15)
    two = best(lambda: solve(system, rows, hourly, threads=2), repeats=15)
    uneven_ours = best(lambda: solve(system, rows, irregular), repeats=15)
    only = best(lambda: measure(system, rows, bare, DAYS), repeats=15)
    looked = best(lambda: measure(system, rows, hourly, DAYS, threshold=10.0))
    difference = np.max(np.abs(solve(system, rows, hourly).concentration / _superposition(rows) - 1))

    oral = compartments(1, oral=True, lag=True)
    swallowers = _drawn([4.0, 50.0, 0.9, 0.5])
    lagged = Timeline(tabulate(oral, SWALLOWED), [0.0], HOURLY)
    oral_ours = best(lambda: solve(oral, swallowers, lagged), repeats=15)
    oral_numpy = best(lambda: _oral_superposition(swallowers))
    oral_difference = np.max(np.abs(solve(oral, swallowers, lagged).concentration - _oral_superposition(swallowers)))

    draws = _drawn([4.0, 50.0, 6.0, 40.0], 1_000)
    quarters = np.arange(0.0, 240.1, 0.25)
    regimens = [
        [Dose(interval * k, amount, 1.0) for k in range(int(240.0 / interval))]
        for interval in (8.0, 12.0, 24.0)
        for amount in (500.0, 750.0, 1000.0, 1250.0)
    ]
    ends = np.arange(0.0, 241.0, 24.0)

    def what_if() -> None:
        for regimen in regimens:
            measure(system, draws, Timeline(tabulate(system, regimen), [0.0], quarters), ends, threshold=10.0)

    asked = best(what_if)
    one = best(lambda: solve(system, draws[:1], Timeline(tabulate(system, GIVEN), [0.0], HOURLY)), repeats=50)
    began = time.perf_counter()
    _oral_superposition(swallowers[:1])
    one_numpy = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        (
            f"(a) {SUBJECTS:,} subjects, two compartments, infusion every 12 h, 7 days hourly",
            shown(ours),
            f"NumPy superposition {shown(numpy)} ({_times(ours, numpy)}), solve_ivp {shown(ivp)} "
            f"({_times(ours, ivp)}; one subject × {SUBJECTS:,})",
        ),
        ("  largest relative difference from NumPy", f"{difference:.1e}", ""),
        ("  on two threads, the same digits", shown(two), _times(two, ours)),
        ("  at 168 irregular times, no exponential used twice", shown(uneven_ours), _times(ours, uneven_ours)),
        ("  AUC, peak, trough of each day, no curve kept", shown(only), f"NumPy's curves {_times(only, numpy)}"),
        ("  the same looked at hourly, and hours above a level", shown(looked), f"{_times(looked, numpy)}"),
        (
            f"(b) {SUBJECTS:,} subjects, one compartment, oral with a lag each, 7 days hourly",
            shown(oral_ours),
            f"NumPy {shown(oral_numpy)} ({_times(oral_ours, oral_numpy)}), differs by {oral_difference:.1e} mg/L",
        ),
        (
            "(e) 1,000 draws, 12 regimens, 10 days at 15 min: AUC, peak, trough, hours above of each day",
            shown(asked),
            "",
        ),
        ("  one subject, one regimen, from doses to 168 concentrations", shown(one), f"NumPy {shown(one_numpy)}"),
        ("(f) import of twins in a new process", shown(fresh(IMPORTED)[0]), ""),
        ("  import, first fit and first forecast in a new process, warm cache", shown(fresh(FIRST)[0]), ""),
        ("  peak memory of this table's process", f"{peak:,.0f} MB", ""),
    ]
