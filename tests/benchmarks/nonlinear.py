"""Michaelis-Menten elimination in two compartments: 2,000 subjects beside SciPy's `odeint`, one thread and two."""

import resource

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import odeint

from tests.benchmarks.clock import best, ceiling, shown
from twins.quantities.dose import Dose
from twins.solvers import ode
from twins.solvers.system import Equations, Input, Output, System
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]
SUBJECTS = 2_000
BY_SCIPY = 10
TOLERANCE = 1e-6
GIVEN = [Dose(12.0 * k, 500.0, 1.0) for k in range(14)]
HOURLY = np.arange(0.0, 169.0)
TYPICAL = np.array([40.0, 10.0, 30.0, 5.0, 40.0])


def saturable(t: float, y: Array, p: Array, dy: Array) -> None:
    c = y[0] / p[2]
    out = p[0] * c / (p[1] + c)
    across = p[3] * (c - y[1] / p[4])
    dy[0] = -out - across
    dy[1] = across


SYSTEM = System(
    "two compartments, saturable elimination",
    ("greatest_mg_per_h", "half_mg_per_l", "central_volume_l", "exchange_l_per_h", "peripheral_volume_l"),
    ("central", "peripheral"),
    {"intravenous": (Input("central"),)},
    (Output("concentration"),),
    Equations(saturable),
)


def _by_odeint(p: Array) -> Array:
    """One subject: odeint from dose to dose and hour to hour, as one would write it."""

    def slope(y: Array, t: float, rate: float) -> tuple[float, float]:
        c = y[0] / p[2]
        out = p[0] * c / (p[1] + c)
        across = p[3] * (c - y[1] / p[4])
        return rate - out - across, across

    state = np.zeros(2)
    levels = [0.0]
    for dose in GIVEN:
        for left, right, rate in ((0, 1, dose.amount_mg), (1, 12, 0.0)):
            hours = dose.start_h + np.arange(left, right + 1)
            states = odeint(slope, state, hours, args=(rate,), rtol=TOLERANCE, atol=TOLERANCE)
            state = states[-1]
            levels.extend(states[1:, 0] / p[2])
    return np.array(levels)


def table() -> list[tuple[str, str, str]]:
    """Work, our time, the peer's."""
    drawn = TYPICAL * np.exp(np.random.default_rng(1).normal(0.0, 0.3, (SUBJECTS, 1, TYPICAL.size)))
    timeline = Timeline(tabulate(SYSTEM, GIVEN), np.zeros(1), HOURLY)

    def work(threads: int = 1) -> Array:
        return ode.run(SYSTEM, drawn, timeline, rtol=TOLERANCE, atol=TOLERANCE, threads=threads).concentration

    one = best(work)
    two = best(lambda: work(2))
    theirs = best(lambda: [_by_odeint(p) for p in drawn[:BY_SCIPY, 0]], repeats=2) / BY_SCIPY
    off = max(float(np.max(np.abs(work()[k] - _by_odeint(drawn[k, 0])))) for k in range(BY_SCIPY))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{SUBJECTS:,} subjects, Michaelis-Menten, 14 infusions, hourly for 7 days, rtol {TOLERANCE:g}"
    return [
        (
            what,
            f"{shown(one)}, {shown(one / SUBJECTS)} a subject",
            f"odeint: {shown(theirs)} a subject (timed on {BY_SCIPY}; {theirs * SUBJECTS:.3g} s for all), "
            f"{theirs * SUBJECTS / one:.0f} times as long; levels differ by {off:.1g} mg/L at most",
        ),
        (
            "the same with two threads",
            f"{shown(two)}; peak memory of the process {memory:.0f} MB",
            f"one thread: {one / two:.2f} times as long; two processes do {ceiling(work):.2f} times what one does",
        ),
    ]
