"""Every structure of differential equations against SciPy's DOP853 or Radau, on equations written down again here.

A kernel is compiled for each, so the variants of a structure are compared as right-hand sides, and one of each is
carried through a course of events.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracles.body import Arrival, Body, P
from twins.pharmacology.structure import compartments
from twins.pharmacology.structures.coagulation import warfarin_inr
from twins.pharmacology.structures.rising import rising_elimination
from twins.pharmacology.structures.saturable import michaelis_menten
from twins.pharmacology.structures.target_mediated import quasi_steady_state, target_mediated
from twins.pharmacology.structures.turnover import Turnover, kpd, turnover
from twins.quantities.dose import Dose, Route, SteadyState
from twins.solvers.solve import solve
from twins.solvers.system import Equations, System
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]

V1, Q2, V2 = "central_volume_l", "intercompartmental_clearance_l_per_h", "peripheral_volume_l"
CL, KA, F, LAG = "clearance_l_per_h", "absorption_rate_per_h", "bioavailability", "lag_h"
VALUES: P = {
    V1: 20.0, Q2: 4.0, V2: 30.0, CL: 1.5, KA: 0.9, F: 0.7, LAG: 0.5,
    "maximum_elimination_mg_per_h": 25.0, "half_saturation_mg_per_l": 4.0,
    "greatest_inhibition": 0.8, "half_inhibition_h": 2.41, "first_dose_h": 0.5,
    "elimination_per_h": 0.02, "elimination_rise_per_h": 0.1, "rise_rate_per_h": 0.07,
    "response_baseline": 50.0, "response_turnover_per_h": 0.15, "response_greatest_effect": 0.9,
    "response_half_effect_mg_per_l": 2.5, "response_steepness": 1.4, "response_half_effect_mg_per_h": 20.0,
    "half_effect_mg_per_l": 1.2, "greatest_effect": 1.0, "steepness": 0.424, "fast_transit_h": 2.0,
    "slow_transit_h": 30.0, "inr_baseline": 1.1, "inr_greatest": 20.0, "inr_exponent": 3.61,
    "association_l_per_mg_h": 2.0, "dissociation_per_h": 0.3, "half_binding_mg_per_l": 0.4,
    "internalisation_per_h": 0.05, "target_baseline_mg_per_l": 3.0, "target_loss_per_h": 0.08,
}  # fmt: skip


def disposed(y: Array, p: P, c: float, *, two: bool, depot: int = 0, clearance: bool = True) -> list[float]:
    """Free drug at concentration c: eliminated linearly, distributed, absorbed."""
    found = [(p[KA] * y[depot] if depot else 0.0) - (p[CL] * c if clearance else 0.0)]
    if two:
        exchange = p[Q2] * (c - y[1] / p[V2])
        found[0] -= exchange
        found.append(exchange)
    if depot:
        found.append(-p[KA] * y[depot])
    return found


def saturable(two: bool = False, linear: bool = False, oral: bool = False, inhibited: bool = False) -> Body:
    depot = (2 if two else 1) if oral else 0

    def slope(t: float, y: Array, p: P) -> list[float]:
        c = y[0] / p[V1]
        found = disposed(y, p, c, two=two, depot=depot, clearance=linear)
        fastest = p["maximum_elimination_mg_per_h"]
        if inhibited:
            since = t - p["first_dose_h"]
            if since > 1.0:
                share = (since - 1.0) / ((since - 1.0) + (p["half_inhibition_h"] - 1.0))
                fastest *= 1.0 - p["greatest_inhibition"] * share
        found[0] -= fastest * c / (p["half_saturation_mg_per_l"] + c)
        return found

    return Body(1 + two + oral, slope, lambda y, p: [y[0] / p[V1]], linear=False)


def rising(t: float, y: Array, p: P) -> list[float]:
    since = max(t - p["first_dose_h"], 0.0)
    rise = p["elimination_rise_per_h"] * (1.0 - np.exp(-p["rise_rate_per_h"] * since))
    return [-(p["elimination_per_h"] + rise) * y[0]]


def responding(kind: Turnover, driver: float, r: float, p: P, half: str, power: float) -> float:
    effect = p["response_greatest_effect"] * max(driver, 0.0) ** power / (p[half] ** power + max(driver, 0.0) ** power)
    kout = p["response_turnover_per_h"]
    kin = kout * p["response_baseline"]
    return {
        Turnover.INHIBITS_PRODUCTION: kin * (1.0 - effect) - kout * r,
        Turnover.INHIBITS_LOSS: kin - kout * (1.0 - effect) * r,
        Turnover.STIMULATES_PRODUCTION: kin * (1.0 + effect) - kout * r,
        Turnover.STIMULATES_LOSS: kin - kout * (1.0 + effect) * r,
    }[kind]


def indirect(kind: Turnover, sigmoid: bool) -> Body:
    def slope(_: float, y: Array, p: P) -> list[float]:
        c = y[0] / p[V1]
        power = p["response_steepness"] if sigmoid else 1.0
        response = responding(kind, c, y[2], p, "response_half_effect_mg_per_l", power)
        return [*disposed(y, p, c, two=False, depot=1), response]

    return Body(
        3, slope, lambda y, p: [y[0] / p[V1], y[2]], linear=False, start=lambda p: [0.0, 0.0, p["response_baseline"]]
    )


def by_doses(kind: Turnover, sigmoid: bool) -> Body:
    def slope(_: float, y: Array, p: P) -> list[float]:
        rate = p["elimination_per_h"] * y[0]
        power = p["response_steepness"] if sigmoid else 1.0
        return [-rate, responding(kind, rate, y[1], p, "response_half_effect_mg_per_h", power)]

    return Body(2, slope, lambda y, _: [y[1]], linear=False, start=lambda p: [0.0, p["response_baseline"]])


def clotting(_: float, y: Array, p: P) -> list[float]:
    c = max(y[0], 0.0) / p[V1]
    power = p["steepness"]
    left = 1.0 - p["greatest_effect"] * c**power / (p["half_effect_mg_per_l"] ** power + c**power)
    fast, slow = np.append(left, y[3:9]), np.append(left, y[9:])
    return [
        *disposed(y, p, y[0] / p[V1], two=True, depot=2),
        *(-np.diff(fast) / p["fast_transit_h"]),
        *(-np.diff(slow) / p["slow_transit_h"]),
    ]


def inr(y: Array, p: P) -> list[float]:
    lost = max(1.0 - y[8] * y[9], 0.0)
    return [y[0] / p[V1], p["inr_baseline"] + p["inr_greatest"] * lost ** p["inr_exponent"]]


def binding(two: bool, depot: int) -> Body:
    at = 1 + two + (depot > 0)

    def slope(_: float, y: Array, p: P) -> list[float]:
        c, target, both = y[0] / p[V1], y[at], y[at + 1]
        bound = p["association_l_per_mg_h"] * c * target - p["dissociation_per_h"] * both
        made = p["target_loss_per_h"] * p["target_baseline_mg_per_l"]
        found = disposed(y, p, c, two=two, depot=depot)
        found[0] -= bound * p[V1]
        return [
            *found,
            made - p["target_loss_per_h"] * target - bound,
            bound - p["internalisation_per_h"] * both,
        ]

    return Body(
        at + 2,
        slope,
        lambda y, p: [y[0] / p[V1], y[at], y[at + 1]],
        linear=False,
        start=lambda p: [*[0.0] * at, p["target_baseline_mg_per_l"], 0.0],
        method="Radau",
        rtol=1e-10,
    )


def balanced(two: bool, depot: int) -> Body:
    at = 1 + two + (depot > 0)

    def free(y: Array, p: P) -> float:
        # The root of C² - (Ct - T - Kss) C - Kss Ct = 0 that is not negative.
        total, half = y[0] / p[V1], p["half_binding_mg_per_l"]
        return float(max(np.roots([1.0, -(total - y[at] - half), -half * total]).real))

    def slope(_: float, y: Array, p: P) -> list[float]:
        c = free(y, p)
        bound = y[at] * c / (p["half_binding_mg_per_l"] + c)
        kint, kdeg = p["internalisation_per_h"], p["target_loss_per_h"]
        found = disposed(y, p, c, two=two, depot=depot)
        found[0] -= kint * bound * p[V1]
        return [*found, kdeg * p["target_baseline_mg_per_l"] - kdeg * y[at] - (kint - kdeg) * bound]

    return Body(
        at + 1,
        slope,
        lambda y, p: [free(y, p), y[0] / p[V1], y[at]],
        linear=False,
        start=lambda p: [*[0.0] * at, p["target_baseline_mg_per_l"]],
    )


VARIANTS: dict[str, tuple[System, Body]] = {
    **{
        f"Michaelis-Menten: {count}, {linear}, {oral}, {inhibited}": (
            michaelis_menten(count, linear=linear, oral=oral, inhibited=inhibited),
            saturable(count == 2, linear, oral, inhibited),
        )
        for count in (1, 2)
        for linear in (False, True)
        for oral in (False, True)
        for inhibited in (False, True)
    },
    "rising elimination": (
        rising_elimination(),
        Body(1, rising, lambda y, p: [y[0] / p[V1]], linear=False),
    ),
    **{
        f"turnover {kind.name}, {sigmoid}": (
            turnover(compartments(1, oral=True), kind, sigmoid=sigmoid),
            indirect(kind, sigmoid),
        )
        for kind in Turnover
        for sigmoid in (False, True)
    },
    **{f"K-PD {kind.name}, {s}": (kpd(kind, sigmoid=s), by_doses(kind, s)) for kind in Turnover for s in (False, True)},
    "warfarin": (
        warfarin_inr(),
        Body(10, clotting, inr, linear=False, start=lambda _: [0.0] * 3 + [1.0] * 7),
    ),
    **{
        f"target-mediated: {count}, {skin}": (
            target_mediated(count, subcutaneous=skin),
            binding(count == 2, count if skin else 0),
        )
        for count in (1, 2)
        for skin in (False, True)
    },
    **{
        f"quasi-steady state: {count}, {skin}": (
            quasi_steady_state(count, subcutaneous=skin),
            balanced(count == 2, count if skin else 0),
        )
        for count in (1, 2)
        for skin in (False, True)
    },
}


def _parameters(system: System) -> P:
    return {name: VALUES[name] for name in system.parameters}


@pytest.mark.parametrize("name", VARIANTS)
def test_right_hand_side_start_and_readings_are_those_of_the_source(name: str) -> None:
    system, body = VARIANTS[name]
    equations = system.equations
    assert isinstance(equations, Equations)
    rng = np.random.default_rng(11)
    p = _parameters(system)
    row = np.array(list(p.values()))
    assert len(system.states) == body.states
    for time in (0.0, 0.7, 1.2, 3.0, 40.0):
        y = rng.lognormal(0.0, 1.0, body.states)
        if name == "warfarin":
            y[3:] = rng.uniform(0.2, 0.9, 7)
        found = np.full(body.states, np.nan)
        equations.rhs(time, y, row, found)
        assert found == pytest.approx(np.array(body.slope(time, y, p)), rel=1e-10, abs=1e-12)
        if equations.read is not None:
            out = np.full(len(system.outputs), np.nan)
            equations.read(time, y, row, out)
            assert out == pytest.approx(np.array(body.read(y, p)), rel=1e-10)
    first = np.zeros(body.states)
    if equations.start is not None:
        equations.start(row, first)
    assert first.tolist() == (list(body.start(p)) if body.start else [0.0] * body.states)


@dataclass(frozen=True)
class Case:
    system: System
    body: Body
    doses: list[Dose]
    arrivals: list[Arrival]
    times: Array
    changes: dict[str, float] = field(default_factory=dict)
    """Parameters that are this many times theirs from 30 h on."""
    resets: tuple[float, ...] = ()


def _oral(start: float, amount: float, every: float = 0.0, more: int = 0) -> Dose:
    return Dose(start, amount, route=Route.ORAL, interval_h=every, additional=more)


HOURS = np.array([0.5, 1.0, 1.6, 3.0, 6.0, 9.0, 12.5, 18.0, 24.0, 26.0, 30.0, 33.0, 41.0, 50.0, 51.0, 60.0, 72.0])
VORICONAZOLE = michaelis_menten(2, linear=True, oral=True, lag=True, bioavailability=True, inhibited=True)
COURSES = {
    "busulfan": Case(
        michaelis_menten(1),
        saturable(),
        [Dose(0.5, 150.0, 2.0, interval_h=6.0, additional=4), Dose(13.0, 80.0), Dose(13.5, 50.0, 4.0)],
        [
            *(Arrival(0.5 + 6.0 * k, 150.0, 2.0, 0) for k in range(5)),
            Arrival(13.0, 80.0, 0.0, 0),
            Arrival(13.5, 50.0, 4.0, 0),
        ],
        HOURS,
        {V1: 1.3, "maximum_elimination_mg_per_h": 0.6},
        (50.0,),
    ),
    "voriconazole": Case(
        VORICONAZOLE,
        saturable(True, True, True, True),
        [Dose(0.5, 400.0, 2.0), Dose(12.5, 300.0, 1.5), _oral(24.0, 200.0, 12.0, 3)],
        [
            Arrival(0.5, 400.0, 2.0, 0),
            Arrival(12.5, 300.0, 1.5, 0),
            *(Arrival(24.0 + 12.0 * k + 0.5, 0.7 * 200.0, 0.0, 2) for k in range(4)),
        ],
        HOURS,
        {CL: 1.4},
    ),
    "tacrolimus with rising elimination": Case(
        rising_elimination(),
        VARIANTS["rising elimination"][1],
        [_oral(0.5, 5.0, 12.0, 5)],
        [Arrival(0.5 + 12.0 * k, 5.0, 0.0, 0) for k in range(6)],
        HOURS,
        {"elimination_per_h": 1.5},
    ),
    "turnover": Case(
        turnover(compartments(1, oral=True), Turnover.INHIBITS_LOSS, sigmoid=True),
        indirect(Turnover.INHIBITS_LOSS, True),
        [_oral(0.5, 100.0, 12.0, 2), Dose(20.0, 60.0, 3.0)],
        [*(Arrival(0.5 + 12.0 * k, 100.0, 0.0, 1) for k in range(3)), Arrival(20.0, 60.0, 3.0, 0)],
        HOURS,
        {CL: 0.7},
        (50.0,),
    ),
    "warfarin": Case(
        warfarin_inr(),
        VARIANTS["warfarin"][1],
        [_oral(0.5, 10.0, 24.0, 2)],
        [Arrival(0.5 + 24.0 * k, 7.0, 0.0, 2) for k in range(3)],
        HOURS,
        {CL: 0.8},
    ),
    "target-mediated": Case(
        target_mediated(1),
        binding(False, 0),
        [Dose(0.5, 100.0, 1.0), Dose(24.0, 50.0)],
        [Arrival(0.5, 100.0, 1.0, 0), Arrival(24.0, 50.0, 0.0, 0)],
        HOURS,
    ),
    "quasi-steady state": Case(
        quasi_steady_state(2, subcutaneous=True),
        balanced(True, 2),
        [Dose(0.5, 200.0, route=Route.SUBCUTANEOUS), Dose(24.0, 50.0, 2.0)],
        [Arrival(0.5, 140.0, 0.0, 2), Arrival(24.0, 50.0, 2.0, 0)],
        HOURS,
    ),
}
EPOCHS = np.array([0.0, 30.0])


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize(("rtol", "digits"), [(1e-6, 5e-5), (1e-10, 5e-9)])
def test_a_course_agrees_with_scipy_to_what_was_asked(name: str, rtol: float, digits: float) -> None:
    case = COURSES[name]

    def p(time: float) -> P:
        found = _parameters(case.system)
        return {key: value * (case.changes.get(key, 1.0) if time >= 30.0 else 1.0) for key, value in found.items()}

    table = np.array([[[p(time)[key] for key in case.system.parameters] for time in EPOCHS]])
    timeline = Timeline(tabulate(case.system, case.doses), EPOCHS, case.times, list(case.resets))
    values, area = _reference(name, p)
    run = solve(case.system, table, timeline, exposure=True, rtol=rtol, atol=rtol * 1e-2)
    assert run.failed[0] == 0
    for found, expected in zip((*run.values[:, 0], run.auc[0]), (*values, area), strict=True):
        assert np.max(np.abs(found - expected)) <= digits * np.max(np.abs(expected))


_KNOWN: dict[str, tuple[Array, Array]] = {}


def _reference(name: str, p: Callable[[float], P]) -> tuple[Array, Array]:
    case = COURSES[name]
    if name not in _KNOWN:
        begin = min(0.5, float(case.times[0]))
        _KNOWN[name] = case.body.carry(p, case.arrivals, case.times, begin=begin, changes=(30.0,), resets=case.resets)
    return _KNOWN[name]


def test_a_saturated_steady_state_is_what_a_long_series_comes_to() -> None:
    system, body = michaelis_menten(1), saturable()
    times = np.array([1.0, 3.0, 6.0, 9.0])
    dose = Dose(0.0, 100.0, 2.0, interval_h=6.0, additional=1, steady_state=SteadyState.REPLACES)
    p = _parameters(system)
    row = np.array([[list(p.values())]])
    run = solve(system, row, Timeline(tabulate(system, [dose]), [0.0], times), rtol=1e-10, atol=1e-12)
    series = [Arrival(6.0 * k, 100.0, 2.0, 0) for k in range(-200, 2)]
    values, _ = body.carry(lambda _: p, series, times, begin=-1200.0)
    assert run.values[0, 0] == pytest.approx(values[0], rel=1e-7)
