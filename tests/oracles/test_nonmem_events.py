"""Every kind of event as NONMEM 7.5 simulates it: doses repeated, delayed, at steady state, modelled, after a reset.

Source: mrgsolve/nmtests, dosing/results/1001-nm.csv (NONMEM's table; 5 digits) with the events of shared/data.R,
commits 39524b62 and 00ea7b8b, and time-varying/results/2001-nm.csv, commit d2a28bc2. ADVAN2 TRANS2 with CL 1.1 L/h,
V 20 L, KA 1.5 /h, S2 = V/1000; lag, bioavailability and duration are of compartment 2. Only figures are taken.

NONMEM keeps the rate of an infusion whose amount bioavailability lessens, so it ends earlier: as durations are given
here, such an infusion has bioavailability times its duration. A modelled duration stays as it is in both.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.oracles.subject import numbers
from twins.pharmacology.structure import (
    ABSORPTION,
    ABSORPTION_DURATION,
    BIOAVAILABILITY,
    CENTRAL_VOLUME,
    CLEARANCE,
    LAG,
)
from twins.quantities.dose import Dose, Modelled, SteadyState
from twins.solvers.solve import solve
from twins.solvers.system import CarryRule, Compartments, Input, Output, System
from twins.solvers.timeline import Timeline, tabulate

DIGITS = 6e-5
"""Half a unit in the fifth digit of the smallest leading digits, and a little."""

ADVAN2 = System(
    name="one compartment with a depot; lag, bioavailability and duration of what enters the central compartment",
    parameters=(CLEARANCE, CENTRAL_VOLUME, ABSORPTION, LAG, BIOAVAILABILITY, ABSORPTION_DURATION),
    states=("central", "depot"),
    inputs={
        "central": (Input("central", lag=LAG, fraction=BIOAVAILABILITY, duration=ABSORPTION_DURATION),),
        "depot": (Input("depot"),),
    },
    outputs=(Output("concentration", scale=1000.0),),
    equations=Compartments(1, depot=True),
    zero_allowed=frozenset({LAG}),
)


@dataclass(frozen=True)
class Scenario:
    """Doses of one run; `profile` is NONMEM's table at chosen hours."""

    doses: tuple[Dose, ...]
    profile: dict[float, float]
    lag: float = 0.0
    bioavailability: float = 1.0
    duration: float = 10.0
    resets: tuple[float, ...] = ()


def central(amount: float, interval: float = 0.0, additional: int = 0, **other: object) -> Dose:
    return Dose(
        float(other.pop("start", 0.0)),  # type: ignore[arg-type]
        amount,
        interval_h=interval,
        additional=additional,
        into="central",
        **other,  # type: ignore[arg-type]
    )


def depot(amount: float, interval: float = 0.0, additional: int = 0, **other: object) -> Dose:
    return Dose(
        float(other.pop("start", 0.0)),  # type: ignore[arg-type]
        amount,
        interval_h=interval,
        additional=additional,
        into="depot",
        **other,  # type: ignore[arg-type]
    )


SS1, SS2 = SteadyState.REPLACES, SteadyState.ADDS

SCENARIOS = {
    "a bolus into the depot, with additional doses": Scenario(
        (depot(100, 24, 3),),
        {1: 3754.4, 3: 4343.2, 24: 1386.5, 25: 5066.8, 49: 5417.3, 74: 6053.8, 96: 1882.3, 130: 290.1},
    ),
    "a bolus with lag and bioavailability": Scenario(
        (central(100, 24, 3),),
        {12: 0.0, 13: 10629, 36: 2999.9, 37: 13468, 61: 14227, 85: 14430, 108: 4072.6, 130: 1214.4},
        lag=12.13,
        bioavailability=2.23,
    ),
    "an infusion with additional doses": Scenario(
        (central(100, 24, 3, duration_h=10.0),),
        {1: 486.5, 10: 3845.9, 24: 1780.7, 34: 4873.3, 58: 5147.7, 82: 5221.1, 96: 2417.4, 130: 372.58},
    ),
    "an infusion whose rate stays under bioavailability": Scenario(
        (central(480, duration_h=24.0),),
        {1: 486.5, 12: 4392.3, 24: 6662.4, 25: 6305.9, 48: 1779.8, 96: 127.01, 130: 19.575},
        bioavailability=0.5,
    ),
    "an infusion of modelled duration under bioavailability": Scenario(
        (central(480, modelled=Modelled.DURATION),),
        {1: 243.25, 24: 3331.2, 48: 4221.1, 49: 3995.2, 72: 1127.6, 130: 46.425},
        bioavailability=0.5,
        duration=48.0,
    ),
    "infusions into the depot, with additional doses": Scenario(
        (depot(100, 24, 3, duration_h=12.0),),
        {1: 196.84, 12: 3511.2, 13: 3531.9, 24: 1963.8, 36: 4526.2, 60: 4797.3, 85: 4817.7, 130: 410.89},
    ),
    "infusions with additional doses and lag": Scenario(
        (central(100, 24, 3, duration_h=10.0),),
        {4: 0.0, 5: 415.22, 14: 3802.5, 15: 3670.3, 29: 2114.6, 62: 5115.1, 86: 5189, 130: 468.11},
        lag=4.15,
    ),
    "infusions with lag and bioavailability": Scenario(
        (central(100, 24, 3, duration_h=4.12),),
        {3: 0.0, 4: 367.37, 7: 1694.3, 8: 1780.5, 31: 2196.8, 56: 2383.2, 80: 2417.1, 130: 154.52},
        lag=3.25,
        bioavailability=0.412,
    ),
    "infusions at steady state with lag and bioavailability": Scenario(
        (central(100, 24, 3, duration_h=4.12, steady_state=SS1),),
        {1: 949.08, 3: 850.22, 4: 1215.2, 7: 2413.1, 24: 1002.7, 31: 2413.1, 80: 2417.5, 130: 154.55},
        lag=3.16,
        bioavailability=0.412,
    ),
    "overlapping infusions at steady state with bioavailability": Scenario(
        (central(100, 12, 4, duration_h=40.6, steady_state=SS1),),
        {1: 6081.8, 4: 6263, 5: 6277.4, 12: 6014.5, 60: 6014.5, 65: 5840.3, 89: 3286.6, 130: 344.68},
        bioavailability=0.812,
    ),
    "overlapping infusions at steady state": Scenario(
        (central(100, 12, 3, duration_h=50.0, steady_state=SS1),),
        {1: 7584.1, 2: 7664.7, 12: 7498.9, 38: 7664.7, 51: 7367.2, 75: 4939.4, 87: 3334.1, 130: 313.24},
    ),
    "infusions twice as long as their interval at steady state": Scenario(
        (central(100, 6, 12, duration_h=100 / 8.3333, steady_state=SS1),),
        {1: 15152, 40: 15152, 78: 15152, 79: 14746, 84: 13022, 90: 9361.9, 130: 1037.3},
    ),
    "infusions as long as their interval at steady state, with bioavailability": Scenario(
        (central(100, 10, 8, duration_h=10.0, steady_state=SS1),),
        {1: 3745.5, 45: 3745.5, 90: 3745.5, 91: 3545, 110: 1246.8, 130: 415.01},
        bioavailability=0.412,
    ),
    "infusions as long as their interval at steady state": Scenario(
        (central(100, 10, 8, duration_h=10.0, steady_state=SS1),),
        {1: 9090.9, 45: 9090.9, 90: 9090.9, 91: 8604.4, 110: 3026.1, 130: 1007.3},
    ),
    "boluses at steady state with lag and bioavailability": Scenario(
        (central(100, 24, 3, steady_state=SS1),),
        {1: 885.59, 3: 793.34, 5: 2660.5, 24: 935.66, 29: 2660.5, 77: 2660.5, 130: 144.21},
        lag=4.0,
        bioavailability=0.412,
    ),
    "boluses with lag and bioavailability": Scenario(
        (central(100, 24, 3),),
        {4: 0.0, 6: 1949.8, 28: 581.41, 30: 2470.6, 54: 2609.7, 78: 2646.9, 130: 151.59},
        lag=5.0,
        bioavailability=0.412,
    ),
    "infusions of modelled duration with lag and bioavailability": Scenario(
        (central(100, 24, 3, modelled=Modelled.DURATION),),
        {5: 0.0, 6: 329.74, 14: 2405.7, 24: 1388, 38: 3048.3, 62: 3220, 86: 3265.8, 130: 290.4},
        lag=5.0,
        bioavailability=0.61,
        duration=9.0,
    ),
    "infusions of modelled duration at steady state": Scenario(
        (central(100, 24, 3, modelled=Modelled.DURATION, steady_state=SS1),),
        {1: 1691.3, 9: 3282.6, 24: 1438.5, 33: 3282.6, 81: 3282.6, 130: 221.71},
        bioavailability=0.61,
        duration=9.0,
    ),
    "a reset with a dose": Scenario(
        (depot(100, 12, 2, duration_h=2.0), depot(120, 12, 3, start=50.0)),
        {1: 1181, 12: 2835.7, 27: 7932.3, 49: 2474.8, 51: 4505.3, 64: 8153.3, 88: 10414, 130: 1064.5},
        resets=(50.0,),
    ),
    "a reset alone": Scenario(
        (depot(100, 12, 3, duration_h=2.0), depot(120, 16, 2, start=54.0)),
        {27: 7932.3, 49: 5158.7, 51: 0.0, 53: 0.0, 55: 4505.3, 72: 7583.8, 88: 8543.8, 130: 878.84},
        resets=(50.0,),
    ),
    "a second series at steady state that adds to the first": Scenario(
        (depot(100, 24, 3, steady_state=SS1), depot(50, 24, 3, start=12.0, steady_state=SS2)),
        {1: 5545.1, 11: 3867.4, 13: 6237.1, 25: 7277.4, 36: 4606.4, 61: 6237.1, 96: 3722.1, 130: 573.67},
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_profile_is_that_of_nonmem(name: str) -> None:
    scenario = SCENARIOS[name]
    times = np.array(sorted(scenario.profile))
    row = np.array([[[1.1, 20.0, 1.5, scenario.lag, scenario.bioavailability, scenario.duration]]])
    timeline = Timeline(tabulate(ADVAN2, scenario.doses), np.array([0.0]), times, resets_h=np.array(scenario.resets))
    found = solve(ADVAN2, row, timeline).concentration[0]
    expected = np.array([scenario.profile[float(time)] for time in times])
    assert found == pytest.approx(expected, rel=DIGITS, abs=1e-9)


def test_a_dose_that_waits_for_its_lag_and_one_of_another_compartment_add_up() -> None:
    # Lag belongs to the first dose alone in NONMEM's data; here it is of the way in, so the two are run apart.
    times = np.array([1.5, 12.0, 14.0, 16.0, 37.0, 40.0, 63.0, 130.0])
    boluses = Timeline(tabulate(ADVAN2, [central(100)]), np.array([0.0]), times)
    infusions = Timeline(tabulate(ADVAN2, [depot(50, 24, 2, start=13.0, duration_h=50 / 24)]), np.array([0.0]), times)
    delayed = solve(ADVAN2, np.array([[[1.1, 20.0, 1.5, 1.0, 1.0, 10.0]]]), boluses).concentration[0]
    absorbed = solve(ADVAN2, np.array([[[1.1, 20.0, 1.5, 0.0, 1.0, 10.0]]]), infusions).concentration[0]
    expected = [2730.4, 3012.8, 4321.9, 1424.9, 3338.8, 2569.1, 86.893]
    assert (delayed + absorbed)[1:] == pytest.approx(expected, rel=DIGITS)


def test_covariates_carried_backward_between_additional_doses_are_those_of_nonmem() -> None:
    weights = numbers(
        "62.65 79.43 71.21 63.35 69.55 60.81 61.29 75.54 65.74 74.44 61.9 68.5 60.35 73.74 62.31 79.52 78.9 "
        "69.27 65.27 69.64 75.2 79.49 68.43 71.58 75.06 76.3 65.66 74.37 77.98 66.36 65.99 65.31 72.24"
    )
    printed = numbers(
        "0.0 4077.8 3273.5 2669.1 2144.2 1759.1 1441.5 5250.1 4266.5 3388.6 2772.7 2233 1834 5581.4 4572.7 "
        "3589.6 2821.8 2268.5 1841.1 5634.1 4477.1 3514.8 2831.2 2263.6 1795.3 1419.7 1151.2 914.43 720.36 "
        "583.12 472.44 383.39 306.07"
    )
    times = 4.0 * np.arange(33)
    clearance = 1.1 * (np.array(weights) / 70.0) ** 0.75
    rows = np.column_stack([clearance, *(np.full(33, value) for value in (20.0, 1.5, 0.0, 1.0, 10.0))])
    timeline = Timeline(tabulate(ADVAN2, [depot(100, 24, 3)]), times, times, carry=CarryRule.BACKWARD)
    found = solve(ADVAN2, rows[None], timeline).concentration[0]
    assert found == pytest.approx(np.array(printed), rel=DIGITS)
