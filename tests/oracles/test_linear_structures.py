"""Every linear structure against SciPy's matrix exponential, on equations written down again here.

One course for all: doses by mouth in a series, overlapping infusions, a bolus, parameters that change, a reset, and a
steady state. Values and areas must agree to 1e-11 of the largest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.body import Arrival, Body, P
from twins.pharmacology.structure import compartments, effect_site, sigmoid, with_effect_site
from twins.pharmacology.structures.absorption import (
    first_and_zero_order,
    sequential,
    transit,
    two_depots,
    zero_order,
)
from twins.pharmacology.structures.binding import with_red_cells
from twins.pharmacology.structures.effect import direct
from twins.pharmacology.structures.metabolite import with_metabolite
from twins.pharmacology.structures.together import together
from twins.quantities.dose import Dose, Route, SteadyState
from twins.solvers.solve import solve
from twins.solvers.system import Method, System
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]
Ways = Callable[[P], list[tuple[int, float, float, float]]]
"""By mouth, at some parameters: state, share, lag and duration of each way in."""

CL, V1 = "clearance_l_per_h", "central_volume_l"
Q2, V2 = "intercompartmental_clearance_l_per_h", "peripheral_volume_l"
Q3, V3 = "second_intercompartmental_clearance_l_per_h", "second_peripheral_volume_l"
KA, LAG, F = "absorption_rate_per_h", "lag_h", "bioavailability"
VALUES: P = {
    CL: 5.0, V1: 30.0, Q2: 8.0, V2: 50.0, Q3: 2.0, V3: 60.0, KA: 1.1, LAG: 0.75, F: 0.7,
    "second_absorption_rate_per_h": 0.35, "first_share": 0.6, "first_order_share": 0.45, "absorption_duration_h": 2.5,
    "transit_rate_per_h": 3.5, "mean_transit_time_h": 1.6, "effect_equilibration_per_h": 0.8, "csf_plasma_ratio": 1.18,
    "bis_baseline": 93.0, "bis_greatest": 0.0, "bis_half_effect_mg_per_l": 3.0, "bis_steepness": 1.47,
    "bis_steepness_above": 1.89, "sef_baseline": 19.9, "sef_greatest": 5.66, "sef_half_effect_ng_per_ml": 2500.0,
    "sef_steepness": 2.87, "pain_baseline": 8.0, "pain_greatest": 1.0, "pain_half_effect_mg_per_l": 2.0,
    "pain_steepness": 1.3, "other_formation_clearance_l_per_h": 2.7, "other_clearance_l_per_h": 3.8,
    "other_volume_l": 24.4, "red_cell_capacity_ug_per_l": 418.0, "red_cell_affinity_ug_per_l": 3.8, "haematocrit": 0.35,
}  # fmt: skip


def _value(name: str) -> float:
    return VALUES[name] if name in VALUES else 1.3 * VALUES[name.removeprefix("second_drug_")]


@dataclass(frozen=True)
class Case:
    system: System
    body: Body
    mouth: Ways | None = None
    vein_lag: bool = False


def disposition(y: Array, p: P, count: int, entering: float, prefix: str = "") -> list[float]:
    """Derivatives of the central and the peripheral amounts."""
    c = y[0] / p[prefix + V1]
    found = [entering - p[prefix + CL] * c]
    for k, (q, v) in enumerate(((Q2, V2), (Q3, V3))[: count - 1], start=1):
        exchange = p[prefix + q] * (c - y[k] / p[prefix + v])
        found[0] -= exchange
        found.append(exchange)
    return found


def central(y: Array, p: P) -> list[float]:
    return [y[0] / p[V1]]


def intravenous(count: int) -> Body:
    return Body(count, lambda _, y, p: disposition(y, p, count, 0.0), central)


def oral(count: int) -> Body:
    return Body(
        count + 1,
        lambda _, y, p: [*disposition(y, p, count, p[KA] * y[count]), -p[KA] * y[count]],
        central,
    )


def emax(c: float, p: P, name: str, unit: str = "mg_per_l", steepness: str = "steepness") -> float:
    base, most, half = (p[f"{name}_{part}"] for part in ("baseline", "greatest", f"half_effect_{unit}"))
    power = p[f"{name}_{steepness}"]
    c = max(c, 0.0)
    return base + (most - base) * c**power / (half**power + c**power)


def chain(count: int, transits: int, rate: Callable[[P], float], depot: bool) -> Body:
    def slope(t: float, y: Array, p: P) -> list[float]:
        k = rate(p)
        links = y[count : count + transits]
        flow = [-k * links[0], *(k * (links[i - 1] - links[i]) for i in range(1, transits))]
        if depot:
            return [
                *disposition(y, p, count, p[KA] * y[-1]),
                *flow,
                k * links[-1] - p[KA] * y[-1],
            ]
        return [*disposition(y, p, count, k * links[-1]), *flow]

    return Body(count + transits + int(depot), slope, central)


def two_ways(t: float, y: Array, p: P) -> list[float]:
    kb = p["second_absorption_rate_per_h"]
    return [*disposition(y, p, 2, p[KA] * y[2] + kb * y[3]), -p[KA] * y[2], -kb * y[3]]


def effect_body(count: int, depot: bool, read: Callable[[Array, P], list[float]]) -> Body:
    def slope(t: float, y: Array, p: P) -> list[float]:
        found = disposition(y, p, count, p[KA] * y[count] if depot else 0.0)
        if depot:
            found.append(-p[KA] * y[count])
        return [*found, p["effect_equilibration_per_h"] * (y[0] / p[V1] - y[-1])]

    return Body(count + 1 + int(depot), slope, read)


def bis(y: Array, p: P) -> list[float]:
    above = y[-1] > p["bis_half_effect_mg_per_l"]
    return [y[0] / p[V1], y[-1], emax(y[-1], p, "bis", steepness="steepness_above" if above else "steepness")]


def sef(y: Array, p: P) -> list[float]:
    return [1e3 * y[0] / p[V1], 1e3 * y[-1], emax(1e3 * y[-1], p, "sef", "ng_per_ml")]


def metabolite(t: float, y: Array, p: P) -> list[float]:
    formed = p["other_formation_clearance_l_per_h"] * y[0] / p[V1]
    found = disposition(y, p, 2, p[KA] * y[2])
    return [
        found[0] - formed,
        found[1],
        -p[KA] * y[2],
        0.9 * formed - p["other_clearance_l_per_h"] * y[3] / p["other_volume_l"],
    ]


def whole_blood(y: Array, p: P) -> list[float]:
    c = 1e3 * y[0] / p[V1]
    share = p["red_cell_capacity_ug_per_l"] * p["haematocrit"]
    return [c * (1.0 + share / (c + p["red_cell_affinity_ug_per_l"])), c]


def side_by_side(t: float, y: Array, p: P) -> list[float]:
    own = disposition(y[2:4], p, 1, p["second_drug_" + KA] * y[3], "second_drug_")
    return [*disposition(y[:2], p, 2, 0.0), *own, -p["second_drug_" + KA] * y[3]]


DURATION = "absorption_duration_h"
FULL = {"lag": True, "bioavailability": True}
CASES = {
    "one compartment": Case(compartments(1), intravenous(1)),
    "two compartments": Case(compartments(2), intravenous(2)),
    "three compartments": Case(compartments(3), intravenous(3)),
    "two compartments, lag": Case(compartments(2, intravenous_lag=True), intravenous(2), vein_lag=True),
    "one compartment by mouth": Case(compartments(1, oral=True), oral(1), lambda _: [(1, 1.0, 0.0, 0.0)]),
    "two compartments by mouth, lag and F": Case(
        compartments(2, oral=True, lag=True, bioavailability=True), oral(2), lambda p: [(2, p[F], p[LAG], 0.0)]
    ),
    "three compartments by mouth": Case(compartments(3, oral=True), oral(3), lambda _: [(3, 1.0, 0.0, 0.0)]),
    "zero order": Case(
        zero_order(2, lag=True, bioavailability=True), intravenous(2), lambda p: [(0, p[F], p[LAG], p[DURATION])]
    ),
    "zero, then first order": Case(sequential(1), oral(1), lambda p: [(1, 1.0, 0.0, p[DURATION])]),
    "first and zero order": Case(
        first_and_zero_order(1, lag=True),
        oral(1),
        lambda p: [
            (1, p["first_order_share"], 0.0, 0.0),
            (0, 1.0 - p["first_order_share"], p[LAG], p[DURATION]),
        ],
    ),
    "two depots": Case(
        two_depots(2, lag=True),
        Body(4, two_ways, central),
        lambda p: [(2, p["first_share"], 0.0, 0.0), (3, 1.0 - p["first_share"], p[LAG], 0.0)],
    ),
    "Erlang": Case(
        transit(1, 4, lag=True, bioavailability=True),
        chain(1, 4, lambda p: p["transit_rate_per_h"], depot=False),
        lambda p: [(1, p[F], p[LAG], 0.0)],
    ),
    "mean transit time": Case(
        transit(2, 3, by="mean time"),
        chain(2, 3, lambda p: 3.0 / p["mean_transit_time_h"], depot=False),
        lambda _: [(2, 1.0, 0.0, 0.0)],
    ),
    "mean transit time into a depot": Case(
        transit(1, 5, by="mean time", depot=True),
        chain(1, 5, lambda p: 5.0 / p["mean_transit_time_h"], depot=True),
        lambda _: [(1, 1.0, 0.0, 0.0)],
    ),
    "effect compartment": Case(
        with_effect_site(2), effect_body(2, False, lambda y, p: [y[0] / p[V1], y[-1]])
    ),
    "propofol, BIS": Case(
        effect_site(compartments(3), sigmoid("bis", "1", split=True)), effect_body(3, False, bis)
    ),
    "remifentanil, SEF": Case(
        effect_site(compartments(3, unit="ng/mL", scale=1000.0), sigmoid("sef", "Hz", scale=1000.0)),
        effect_body(3, False, sef),
    ),
    "paracetamol, cerebrospinal fluid": Case(
        effect_site(compartments(1, oral=True), name="csf", ratio="csf_plasma_ratio"),
        effect_body(1, True, lambda y, p: [y[0] / p[V1], p["csf_plasma_ratio"] * y[-1]]),
        lambda _: [(1, 1.0, 0.0, 0.0)],
    ),
    "direct effect": Case(
        direct(compartments(1), sigmoid("pain", "1", site="central")),
        Body(
            1,
            lambda _, y, p: disposition(y, p, 1, 0.0),
            lambda y, p: [y[0] / p[V1], emax(y[0] / p[V1], p, "pain")],
        ),
    ),
    "parent and metabolite": Case(
        with_metabolite(compartments(2, oral=True, lag=True), "other", ratio=0.9),
        Body(4, metabolite, lambda y, p: [y[0] / p[V1], y[3] / p["other_volume_l"]]),
        lambda p: [(2, 1.0, p[LAG], 0.0)],
    ),
    "red cells": Case(
        with_red_cells(compartments(1, oral=True, bioavailability=True)),
        Body(2, oral(1).slope, whole_blood, linear=False),
        lambda p: [(1, p[F], 0.0, 0.0)],
    ),
}  # fmt: skip

TIMES = np.array(
    [0, 0.3, 1, 2.5, 5, 5.5, 7, 8, 9.25, 12, 16, 20, 22, 24.5, 30, 31, 44, 60, 61, 70, 71, 75, 82, 95, 110]
)
EPOCHS, RESETS = np.array([0.0, 30.0]), np.array([60.0])
MOUTH = [(8.0 * k, 400.0) for k in range(4)]
VEIN = [(5.0, 200.0, 2.0), (6.0, 300.0, 3.0), (20.0, 100.0, 0.0), (58.0, 100.0, 4.0), (61.5, 80.0, 1.0)]
STEADY_H, STEADY_AMOUNT, STEADY_EVERY, RUN_IN = 70.0, 250.0, 12.0, 150


def _doses(case: Case, steady: SteadyState) -> list[Dose]:
    by_mouth = Route.ORAL if case.mouth else Route.INTRAVENOUS
    length = 0.0 if case.mouth else 3.0
    return [
        Dose(0.0, 400.0, route=by_mouth, interval_h=8.0, additional=3),
        *(Dose(*given) for given in VEIN),
        Dose(STEADY_H, STEADY_AMOUNT, length, by_mouth, interval_h=12.0, additional=2, steady_state=steady),
    ]


def _arrivals(case: Case, p: Callable[[float], P], *, before: float, replaced: bool) -> list[Arrival]:
    """Everything given before a moment, or, after it, the steady state's own series alone where it `replaced` all."""

    def vein(start: float, amount: float, length: float) -> list[Arrival]:
        return [Arrival(start + (p(start)[LAG] if case.vein_lag else 0.0), amount, length, 0)]

    def mouth(start: float, amount: float, length: float) -> list[Arrival]:
        if case.mouth is None:
            return vein(start, amount, length)
        return [Arrival(start + lag, amount * share, over, state) for state, share, lag, over in case.mouth(p(start))]

    found: list[Arrival] = []
    if not replaced:
        for start, amount in MOUTH:
            found += mouth(start, amount, 0.0)
        for given in VEIN:
            found += vein(*given)
    if before > STEADY_H:
        for k in range(-RUN_IN, 3):
            found += mouth(STEADY_H + STEADY_EVERY * k, STEADY_AMOUNT, 0.0 if case.mouth else 3.0)
    return found


def _at(system: System, time: float) -> P:
    """Parameters at a time: from 30 h on every one has changed."""
    changed = {name: 0.0 if name.endswith("greatest") else 1.0 for name in ("bis_greatest",)}
    return {
        name: _value(name) * (1.0 if time < EPOCHS[1] or changed.get(name) == 0.0 else 0.8 + 0.02 * place)
        for place, name in enumerate(system.parameters)
    }


def _expected(case: Case) -> tuple[Array, Array]:
    """Before the steady state all that was given; from it on, a series that began long before, and nothing else."""
    early = TIMES[TIMES <= STEADY_H]
    late = TIMES[TIMES > STEADY_H]

    def p(time: float) -> P:
        return _at(case.system, time)

    def then(time: float) -> P:
        return p(STEADY_H)

    first, area = case.body.carry(
        p, _arrivals(case, p, before=STEADY_H, replaced=False), early, begin=0.0, changes=EPOCHS, resets=RESETS
    )
    second, later = case.body.carry(
        then,
        _arrivals(case, then, before=np.inf, replaced=True),
        np.append(STEADY_H, late),
        begin=STEADY_H - STEADY_EVERY * RUN_IN,
        area_from=STEADY_H,
    )
    # At the very moment of the dose the steady state is there already.
    values = np.hstack((first[:, :-1], second))
    return values, np.concatenate((area, area[-1] + later[1:]))


def _close(found: Array, expected: Array, digits: float = 1e-11) -> None:
    assert np.max(np.abs(found - expected)) <= digits * np.max(np.abs(expected))


def _table(system: System) -> Array:
    return np.array([[[_at(system, time)[name] for name in system.parameters] for time in EPOCHS]])


@pytest.mark.parametrize("name", CASES)
def test_values_and_areas_agree_with_scipy(name: str) -> None:
    case = CASES[name]
    timeline = Timeline(tabulate(case.system, _doses(case, SteadyState.REPLACES)), EPOCHS, TIMES, RESETS)
    values, area = _expected(case)
    assert values.shape == (len(case.system.outputs), TIMES.size)
    run = solve(case.system, _table(case.system), timeline, exposure=True)
    assert run.failed[0] == 0
    for found, expected in zip(run.values[:, 0], values, strict=True):
        _close(found, expected)
    _close(run.auc[0], area)


@pytest.mark.parametrize("name", ["three compartments by mouth", "first and zero order", "two compartments, lag"])
def test_the_matrix_exponential_carries_closed_forms_alike(name: str) -> None:
    case = CASES[name]
    timeline = Timeline(tabulate(case.system, _doses(case, SteadyState.REPLACES)), EPOCHS, TIMES, RESETS)
    closed = solve(case.system, _table(case.system), timeline, exposure=True)
    matrix = solve(case.system, _table(case.system), timeline, exposure=True, method=Method.MATRIX)
    for found, expected in (
        (matrix.values, closed.values),
        (matrix.auc, closed.auc),
        (matrix.highest, closed.highest),
        (matrix.state, closed.state),
    ):
        _close(found, expected, 1e-12)


def test_two_drugs_go_their_ways_together() -> None:
    system = together(compartments(2), second_drug=compartments(1, oral=True))
    doses = [
        Dose(0.0, 500.0, 2.0),
        Dose(3.0, 200.0, into="second_drug_oral"),
        Dose(9.0, 100.0, 1.0, into="second_drug"),
    ]
    times = np.array([1.0, 3.0, 4.5, 9.5, 12.0, 24.0])
    body = Body(4, side_by_side, lambda y, p: [y[0] / p[V1], y[2] / p["second_drug_" + V1]])
    arrivals = [Arrival(0.0, 500.0, 2.0, 0), Arrival(3.0, 200.0, 0.0, 3), Arrival(9.0, 100.0, 1.0, 2)]
    values, area = body.carry(lambda _: _at(system, 0.0), arrivals, times, begin=0.0)
    run = solve(system, _table(system)[:, :1], Timeline(tabulate(system, doses), [0.0], times), exposure=True)
    for found, expected in zip(run.values[:, 0], values, strict=True):
        _close(found, expected)
    _close(run.auc[0], area)
