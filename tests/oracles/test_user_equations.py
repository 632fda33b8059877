"""A user's own equations: neutropenia under a drug, as Torsten's tests have it from mrgsolve.

Source: metrumresearchgroup/Torsten (BSD-3), test/unit/math/torsten/pmx_coupled_twocpt_test.cpp, commit ccbe5fc2: two
compartments by mouth and a Friberg-Karlsson feedback of three cells, in amounts and in differences from the baseline;
mrgsolve's LSODA, to which Torsten's own solvers are held with 1e-5. Model: Friberg LE et al. J Clin Oncol
2002;20:4713-4721, doi:10.1200/JCO.2002.02.140. Two compartments at steady state: pk_twocpt_test.cpp, commit 4f03ae26.
"""

import numpy as np
import pytest

from tests.oracles.subject import numbers
from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, Route, SteadyState
from twins.solvers.solve import solve
from twins.solvers.system import Equations, Input, Output, System
from twins.solvers.timeline import Timeline, tabulate

TIMES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 4.0)
CENTRAL = numbers("3579.304 5177.749 5678.265 5597.489 5233.332 4753.865 4250.712 3771.009 1601.493")
PERIPHERAL = numbers("212.1623 678.8210 1233.3871 1787.0134 2295.7780 2741.1870 3118.6808 3430.9355 4374.6747")
PROLIFERATING = numbers(
    "-0.0006874417 -0.0022297559 -0.0041121287 -0.0060546255 -0.0079139199 -0.0096246889 -0.0111649478 -0.0125357580 "
    "-0.0192607813"
)


def neutropenia(t, y, p, dy):  # type: ignore[no-untyped-def]
    clearance, exchange, central, peripheral, absorption, transit_time, baseline, slope, feedback = (
        p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8],
    )  # fmt: skip
    rate = 4.0 / transit_time
    dy[0] = -absorption * y[0]
    dy[1] = absorption * y[0] - (clearance + exchange) / central * y[1] + exchange / peripheral * y[2]
    dy[2] = exchange / central * y[1] - exchange / peripheral * y[2]
    made = (1.0 - slope * y[1] / central) * (baseline / (y[5] + baseline)) ** feedback - 1.0
    dy[3] = rate * (y[3] + baseline) * made
    dy[4] = rate * (y[3] - y[4])
    dy[5] = rate * (y[4] - y[5])


SYSTEM = System(
    name="neutropenia",
    parameters=("cl", "q", "vc", "vp", "ka", "mtt", "circ0", "alpha", "gamma"),
    states=("depot", "central", "peripheral", "proliferating", "transit", "circulating"),
    inputs={"oral": (Input("depot"),)},
    outputs=tuple(
        Output(name, unit="mg", state=name, volume="") for name in ("central", "peripheral", "proliferating")
    ),
    equations=Equations(neutropenia),
)


def test_a_users_equations_give_the_amounts_of_mrgsolve() -> None:
    row = [[[10.0, 15.0, 35.0, 105.0, 2.0, 125.0, 5.0, 3e-4, 0.17]]]
    timeline = Timeline(tabulate(SYSTEM, [Dose(0.0, 10000.0, route=Route.ORAL)]), [0.0], TIMES)
    found = solve(SYSTEM, row, timeline, rtol=1e-8, atol=1e-10).values[:, 0]
    assert found[0] == pytest.approx(np.array(CENTRAL), rel=1e-6)
    assert found[1] == pytest.approx(np.array(PERIPHERAL), rel=1e-6)
    assert found[2] == pytest.approx(np.array(PROLIFERATING), rel=3e-5)


def test_two_compartments_by_mouth_at_steady_state_give_the_amounts_of_torsten() -> None:
    system = compartments(2, oral=True)
    dose = Dose(0.0, 1200.0, route=Route.ORAL, interval_h=12.0, additional=10, steady_state=SteadyState.REPLACES)
    times = np.arange(5.0, 41.0, 5.0)
    row = [[[5.0, 20.0, 8.0, 70.0, 1.2]]]
    found = solve(system, row, Timeline(tabulate(system, [dose]), [0.0], times)).concentration[0] * 20.0
    expected = numbers("360.2587 244.3668 548.9136 270.3431 799.6771 316.6314 234.0179 432.4698")
    assert found == pytest.approx(np.array(expected), rel=1e-6)
