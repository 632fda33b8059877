"""One to three compartments with and without a depot, against SciPy's matrix exponential."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.twins.solvers.by_expm import follow
from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, Modelled, Route, SteadyState
from twins.solvers.solve import SolveError, predictor, solve
from twins.solvers.system import CarryRule, Compartments, Input, Output, System
from twins.solvers.timeline import Timeline, TimelineError, tabulate
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]

ORDINARY = {1: [4.0, 50.0], 2: [4.0, 50.0, 6.0, 40.0], 3: [4.0, 50.0, 6.0, 40.0, 1.3, 200.0]}
# Rates that meet: absorption equal to a mode, further compartments that are twins, hardly any exchange.
AWKWARD = {
    1: [[5.0, 50.0, 0.1], [5.0, 50.0, 0.1 * (1 + 1e-9)], [5.0, 50.0, 0.1 * (1 + 1e-4)], [1e-3, 50.0, 2.0]],
    2: [[4.0, 50.0, 1e-7, 12.5, 0.08], [4.0, 50.0, 6.0, 40.0, 0.283], [0.01, 3.0, 30.0, 300.0, 5.0]],
    3: [
        [4.0, 50.0, 6.0, 40.0, 6.0, 40.0, 0.15],
        [4.0, 50.0, 6.0, 40.0, 1e-6, 500.0, 0.7],
        [0.1, 5.0, 40, 20, 0.05, 900, 1],
    ],
}
TIMES = np.array([0.0, 0.3, 1.0, 2.0, 4.5, 12.0, 12.2, 13.0, 17.0, 24.0, 25.5, 30.0, 36.0, 48.0, 72.0])
GIVEN = [(0.0, 1000.0, 1.0, 0), (12.0, 500.0, 0.0, 0), (12.5, 250.0, 6.0, 0), (24.0, 300.0, 0.0, 0)]
STRUCTURES = [(count, depot) for count in (1, 2, 3) for depot in (False, True)]


def _run(system: System, row: list[float], doses: list[Dose], times: Array = TIMES, **options: object) -> Trajectory:
    line = Timeline(tabulate(system, doses), np.array([0.0]), times)
    return solve(system, np.array([[row]]), line, exposure=True, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "depot"), STRUCTURES)
def test_every_structure_agrees_with_the_matrix_exponential(count: int, depot: bool) -> None:
    system = compartments(count, oral=depot)
    rows = [ORDINARY[count] + ([0.9] if depot else [])]
    rows += [row if depot else row[:-1] for row in AWKWARD[count]]
    into = [*GIVEN, *([(0.0, 400.0, 0.0, count), (30.0, 200.0, 3.0, count)] if depot else [])]
    into += [(4.5, 150.0, 0.0, 1), (36.0, 80.0, 5.0, 1)] if count > 1 else []
    doses = [Dose(*given[:3], into=system.states[given[3]]) for given in into]
    for row in rows:
        run = _run(system, row, doses)
        concentration, auc = follow(row, count, depot, into, TIMES)
        assert run.concentration[0] == pytest.approx(concentration, rel=2e-10, abs=1e-10)
        assert run.auc[0] == pytest.approx(auc, rel=2e-10, abs=1e-10)


def test_steps_that_come_again_after_others_are_still_their_own() -> None:
    steps = [1.0, 0.5, 1.0, 2.0, 0.25, 0.5, 3.0, 1.0, 0.75, 2.0, 0.5, 0.25, 4.0, 3.0, 1.0, 1.0, 0.5]
    times = np.cumsum(steps)
    given = [(0.0, 400.0, 0.0, 2), (0.0, 900.0, 3.5, 0), (times[7], 250.0, 0.0, 0)]
    system, row = compartments(2, oral=True), [*ORDINARY[2], 0.9]
    run = _run(system, row, [Dose(*dose[:3], into=system.states[dose[3]]) for dose in given], times)
    concentration, auc = follow(row, 2, True, given, times)
    assert run.concentration[0] == pytest.approx(concentration, rel=1e-11)
    assert run.auc[0] == pytest.approx(auc, rel=1e-11)


@pytest.mark.parametrize(("count", "depot"), STRUCTURES)
@pytest.mark.parametrize("duration", [0.0, 3.0, 12.0, 30.0])
def test_steady_state_is_what_long_repetition_comes_to(count: int, depot: bool, duration: float) -> None:
    system = compartments(count, oral=depot, lag=depot)
    row = [4.0, 20.0, 6.0, 40.0, 5.0, 30.0][: 2 * count] + ([0.9, 2.5] if depot else [])
    times = np.array([0.0, 0.5, 2.0, 2.5, 3.0, 7.0, 12.0, 14.0, 30.0]) + 2400.0
    into = system.states[-1]
    once = Dose(2400.0, 500.0, duration, interval_h=12.0, steady_state=SteadyState.REPLACES, additional=1, into=into)
    series = Dose(0.0, 500.0, duration, interval_h=12.0, additional=201, into=into)
    before = Dose(2399.0, 900.0, 5.0, into=system.states[0])  # replaced by the steady state
    long = _run(system, row, [series], times).concentration[0]
    assert _run(system, row, [before, once], times).concentration[0] == pytest.approx(long, rel=1e-9)


def test_a_steady_state_may_be_added_to_what_is_there() -> None:
    system = compartments(2)
    times = np.array([100.0, 101.0, 106.0])
    added = Dose(100.0, 500.0, 1.0, interval_h=8.0, steady_state=SteadyState.ADDS)
    replaces = Dose(100.0, 500.0, 1.0, interval_h=8.0, steady_state=SteadyState.REPLACES)
    other = Dose(99.5, 700.0, 2.0)
    both = _run(system, ORDINARY[2], [other, added], times).concentration
    alone = _run(system, ORDINARY[2], [other], times).concentration
    steady = _run(system, ORDINARY[2], [replaces], times).concentration
    assert both == pytest.approx(alone + steady, rel=1e-12)


def test_the_peak_between_two_looks_is_found() -> None:
    system = compartments(1, oral=True)
    clearance, volume, ka = 4.0, 50.0, 0.9
    rate = clearance / volume
    peak_h = np.log(ka / rate) / (ka - rate)  # of a single oral dose, Bateman's function
    peak = 100.0 / volume * np.exp(-rate * peak_h)
    run = _run(system, [clearance, volume, ka], [Dose(0.0, 100.0, route=Route.ORAL)], np.array([0.0, 24.0]))
    assert run.highest[0, 1] == pytest.approx(peak, rel=1e-12)


def test_a_rebound_from_the_tissues_is_a_peak_too() -> None:
    system = compartments(2)
    row = np.array([[4.0, 50.0, 20.0, 40.0]])
    begun = np.array([[0.0, 800.0]])
    grid = np.linspace(0.0, 24.0, 4001)
    line = Timeline(np.empty((0, 8)), [0.0], grid, start_h=0.0)
    looks = solve(system, row[None], line, state=begun).concentration.max()
    ends = Timeline(np.empty((0, 8)), [0.0], [24.0], start_h=0.0)
    found = solve(system, row[None], ends, state=begun, exposure=True).highest[0, 0]
    assert looks <= found <= looks * (1 + 1e-5)


def test_a_reset_empties_the_body_and_ends_what_was_begun() -> None:
    system = compartments(2)
    doses = [(0.0, 1000.0, 8.0, 0), (12.0, 400.0, 1.0, 0)]
    times = np.array([2.0, 4.0, 6.0, 12.0, 13.0, 20.0])
    line = Timeline(
        tabulate(system, [Dose(*d[:3]) for d in doses] + [Dose(1.0, 50.0, interval_h=4.0, additional=9)]),
        [0.0],
        times,
        resets_h=[4.0],
    )
    found = solve(system, [[ORDINARY[2]]], line).concentration[0]
    expected, _ = follow(ORDINARY[2], 2, False, [*doses, (1.0, 50.0, 0.0, 0)], times, resets=(4.0,))
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_lag_moves_a_dose_and_fraction_scales_it() -> None:
    system = compartments(1, oral=True, lag=True, bioavailability=True)
    rows = np.array(
        [[[4.0, 50.0, 0.9, lag, share]] for lag, share in ((0.0, 1.0), (0.4, 0.7), (3.7, 0.2), (13.0, 1.0))]
    )
    doses = [Dose(6.0 * k, 100.0, route=Route.ORAL) for k in range(4)]
    times = np.arange(0.0, 40.0, 0.5)
    line = Timeline(tabulate(system, doses), [0.0], times)
    together = solve(system, rows, line).concentration
    measured = solve(system, rows, line, exposure=True)
    for row, found, beside in zip(rows[:, 0], together, measured.concentration, strict=True):
        moved = [(dose.start_h + row[3], 100.0 * row[4], 0.0, 1) for dose in doses]
        expected, _ = follow(list(row[:3]), 1, True, moved, times)
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)
        assert beside == pytest.approx(expected, rel=1e-10, abs=1e-12)


def _zero_order() -> System:
    return System(
        name="one compartment, a share absorbed at a constant rate after a lag, the rest by first order",
        parameters=("clearance", "volume", "ka", "share", "duration", "lag", "rate"),
        states=("central", "depot"),
        inputs={
            "oral": (
                Input("depot", fraction="share"),
                Input("central", fraction="share", complement=True, lag="lag", duration="duration", always=True),
            ),
            "intravenous": (Input("central", rate="rate", duration="duration"),),
        },
        outputs=(Output("concentration", volume="volume"),),
        equations=Compartments(1, depot=True),
        zero_allowed=frozenset({"lag"}),
    )


def test_dual_absorption_and_modelled_infusions_follow_each_row() -> None:
    system = _zero_order()
    rows = [[4.0, 50.0, 0.9, 0.6, 2.5, 1.0, 40.0], [3.0, 40.0, 0.4, 0.3, 7.0, 0.0, 15.0]]
    doses = [
        Dose(0.0, 100.0, route=Route.ORAL),
        Dose(12.0, 100.0, route=Route.ORAL),
        Dose(15.0, 80.0, modelled=Modelled.RATE),
        Dose(20.0, 80.0, modelled=Modelled.DURATION),
    ]
    times = np.arange(0.0, 36.0, 0.75)
    table = np.array(rows)[:, None, :]
    found = solve(system, table, Timeline(tabulate(system, doses), [0.0], times)).concentration
    for row, values in zip(rows, found, strict=True):
        into = [(t, 100.0 * row[3], 0.0, 1) for t in (0.0, 12.0)]
        into += [(t + row[5], 100.0 * (1 - row[3]), row[4], 0) for t in (0.0, 12.0)]
        into += [(15.0, 80.0, 80.0 / row[6], 0), (20.0, 80.0, row[4], 0)]
        expected, _ = follow(row[:3], 1, True, into, times)
        assert values == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_a_predictor_says_what_solve_says() -> None:
    system = compartments(2, oral=True, lag=True)
    rows = np.array([4.0, 50.0, 6.0, 40.0, 0.9, 0.5]) * np.exp(np.random.default_rng(1).normal(0, 0.3, (21, 2, 6)))
    doses = tabulate(system, [Dose(12.0 * k, 100.0, route=Route.ORAL) for k in range(5)])
    times, epochs = np.array([3.0, 11.5, 40.0]), np.array([0.0, 24.0])
    made = predictor(system)
    out = np.empty((21, 3))
    made.function(
        made.layout,
        made.scales,
        made.ports,
        rows,
        doses,
        epochs,
        times,
        np.empty(0),
        True,
        np.zeros(3, dtype=np.int64),
        np.empty(2),
        out,
    )
    line = Timeline(doses, epochs, times, carry=CarryRule.BACKWARD)
    assert np.array_equal(out, solve(system, rows, line).concentration)


@pytest.mark.parametrize("run_of_equal_lags", [1, 3, 20, 101])
def test_rows_have_the_same_digits_in_any_batch_and_with_any_threads(run_of_equal_lags: int) -> None:
    system = compartments(3, oral=True, lag=True)
    random = np.random.default_rng(2)
    rows = np.array([4.0, 50.0, 6.0, 40.0, 1.3, 200.0, 0.9, 0.7]) * np.exp(random.normal(0, 0.5, (101, 2, 8)))
    rows[..., 7] = rows[np.arange(101) // run_of_equal_lags, :, 7]
    doses = [Dose(8.0 * k, 100.0, route=Route.ORAL) for k in range(4)] + [Dose(5.0, 50.0, 2.0)]
    line = Timeline(tabulate(system, doses), [0.0, 12.0], np.arange(0.0, 30.0, 0.9))
    for exposure in (False, True):
        whole = solve(system, rows, line, exposure=exposure)
        threaded = solve(system, rows, line, exposure=exposure, threads=2)
        order = random.permutation(101)
        mixed = solve(system, rows[order], line, exposure=exposure)
        for name in ("concentration", "auc", "highest", "state"):
            assert np.array_equal(getattr(whole, name), getattr(threaded, name))
            assert np.array_equal(getattr(whole, name)[order], getattr(mixed, name))
            for first, last in ((0, 1), (3, 20), (40, 101)):
                part = solve(system, rows[first:last], line, exposure=exposure)
                assert np.array_equal(getattr(whole, name)[first:last], getattr(part, name))


def test_what_cannot_be_solved_is_refused_by_name() -> None:
    system = compartments(1, oral=True, lag=True)
    row = [4.0, 50.0, 0.9, 14.0]
    steady = Dose(0.0, 1.0, route=Route.ORAL, interval_h=12.0, steady_state=SteadyState.REPLACES)
    line = Timeline(tabulate(system, [steady]), [0.0], [1.0])
    with pytest.raises(TimelineError, match=r"lag_h of row 0 is 14.0, longer than the interval of 12.0 h"):
        solve(system, [[row]], line)
    with pytest.raises(SolveError, match=r"central_volume_l of row 1 in epoch 0 is -50.0; give a positive number"):
        solve(system, [[[4.0, 50.0, 0.9, 1.0]], [[4.0, -50.0, 0.9, 1.0]]], line)
    with pytest.raises(SolveError, match=r"lag_h of row 0 in epoch 0 is nan; give 0 or more"):
        solve(system, [[[4.0, 50.0, 0.9, np.nan]]], line)
    with pytest.raises(SolveError, match=r"parameters have shape \(1, 1, 3\); give \(rows, 1, 4\)"):
        solve(system, [[row[:3]]], line)
    with pytest.raises(SolveError, match=r"state has shape \(1, 1\); give \(1, 2\)"):
        solve(system, [[[4.0, 50.0, 0.9, 0.0]]], line, state=[[0.0]])
    with pytest.raises(SolveError, match="carry is 'linear interpolation between records'"):
        solve(system, [[row]], Timeline(line.doses, [0.0], [1.0], carry=CarryRule.INTERPOLATED))
    with pytest.raises(TimelineError, match="a dose enters by 'rectal', but one compartment"):
        tabulate(system, [Dose(0.0, 1.0, route=Route.RECTAL)])
    with pytest.raises(TimelineError, match="leaves its rate to the model"):
        tabulate(system, [Dose(0.0, 1.0, modelled=Modelled.RATE)])
    with pytest.raises(SolveError, match="outputs name 'effect'"):
        solve(system, [[[4.0, 50.0, 0.9, 0.0]]], line, outputs=["effect"])
