"""Linear systems by the matrix exponential: what holds whatever the wiring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from twins.pharmacology.structure import compartments, with_effect_site
from twins.pharmacology.structures.absorption import transit, two_depots
from twins.pharmacology.structures.binding import with_red_cells
from twins.quantities.dose import Dose, Route, SteadyState
from twins.solvers import matrix
from twins.solvers.reading import OutputError
from twins.solvers.reading import tabulate as tabulate_outputs
from twins.solvers.solve import SolveError, predictor, solve
from twins.solvers.steady import settle
from twins.solvers.system import Flow, Flows, Input, Method, Output, Response, System
from twins.solvers.timeline import Timeline, TimelineError, tabulate
from twins.solvers.trajectory import Failure
from twins.solvers.transition import PARTS, step

Array = NDArray[np.float64]

ORAL = two_depots(1, lag=True)
ROW = [5.0, 30.0, 1.1, 0.35, 0.6, 0.75]  # CL, V, ka, second ka, share, lag
TIMES = np.array([0.0, 1.0, 2.5, 8.0, 9.0, 13.0, 24.0, 30.0])
GIVEN = [Dose(0.0, 500.0, route=Route.ORAL, interval_h=8.0, additional=2), Dose(9.5, 200.0, 2.0)]


def _line(system: System, doses: list[Dose], times: Array = TIMES, start_h: float | None = None) -> Timeline:
    return Timeline(tabulate(system, doses), [0.0], times, start_h=start_h)


def _rows(count: int, row: list[float] = ROW) -> Array:
    spread = np.exp(np.random.default_rng(7).normal(0.0, 0.2, (count, 1, len(row))))
    spread[:, :, 4] = 1.0  # a share stays one
    return np.asarray(np.array(row) * spread)


@pytest.mark.parametrize("seed", range(40))
def test_a_step_is_the_matrix_exponential_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, ports = int(rng.integers(1, 9)), 2
    rates = rng.lognormal(-1.0, 1.5, (n, n)) * (rng.random((n, n)) < 0.6)
    np.fill_diagonal(rates, 0.0)
    np.fill_diagonal(rates, -rates.sum(axis=0) - rng.lognormal(-2.0, 1.0, n))
    hours = float(rng.lognormal(0.0, 1.5))
    entries, observed = rng.integers(0, n, ports), rng.random(n)
    carried, infused, area, infused_area = np.empty((n, n)), np.empty((n, ports)), np.empty(n), np.empty(ports)
    parts = np.empty((n, n)), np.empty((n, ports))
    assert step(rates, hours, entries, observed, carried, infused, area, infused_area, *parts)
    # One matrix of all: amounts, infusions at rate 1, and the area.
    whole = np.zeros((n + ports + 1, n + ports + 1))
    whole[:n, :n] = rates
    whole[entries, n + np.arange(ports)] = 1.0
    whole[-1, :n] = observed
    expected = expm(whole * hours)
    for found, part in (
        (carried, expected[:n, :n]),
        (infused, expected[:n, n:-1]),
        (area, expected[-1, :n]),
        (infused_area, expected[-1, n:-1]),
        (parts[0], expm(rates * hours / PARTS)),
    ):
        assert np.max(np.abs(found - part)) <= 1e-12 * np.max(np.abs(part))


def test_a_slow_mode_beside_a_fast_one_keeps_its_digits() -> None:
    rates = np.array([[-100.0, 0.0], [100.0, -1e-3]])
    carried, infused, area, infused_area = np.empty((2, 2)), np.empty((2, 1)), np.empty(2), np.empty(1)
    parts = np.empty((2, 2)), np.empty((2, 1))
    assert step(rates, 240.0, np.array([0]), np.array([0.0, 1.0]), carried, infused, area, infused_area, *parts)
    assert carried[1, 1] == pytest.approx(np.exp(-0.24), rel=1e-11)
    assert carried[1, 0] == pytest.approx(np.exp(-0.24) * 100.0 / (100.0 - 1e-3), rel=1e-11)


def test_what_never_leaves_has_no_steady_state() -> None:
    assert not settle(np.eye(2), np.ones(2))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_rows_digits_depend_neither_on_its_neighbours_nor_on_threads(threads: int) -> None:
    rows = _rows(7)
    together = solve(ORAL, rows, _line(ORAL, GIVEN), exposure=True, threads=threads)
    for k in range(7):
        alone = solve(ORAL, rows[k : k + 1], _line(ORAL, GIVEN), exposure=True)
        assert np.array_equal(together.values[:, k], alone.values[:, 0])
        assert np.array_equal(together.auc[k], alone.auc[0])
        assert np.array_equal(together.state[k], alone.state[0])


def test_the_predictor_gives_what_solve_gives_each_time_in_its_output() -> None:
    system = with_effect_site(2)
    row = [5.0, 30.0, 8.0, 50.0, 0.8]
    rows = np.array(row) * np.exp(np.random.default_rng(3).normal(0.0, 0.2, (3, 2, 5)))
    doses = tabulate(system, [Dose(0.0, 500.0, 1.0, interval_h=8.0, additional=2, steady_state=SteadyState.REPLACES)])
    epochs = np.array([0.0, 10.0])
    engine = predictor(system)
    which = np.arange(TIMES.size) % 2
    out = np.empty((3, TIMES.size))
    engine.function(
        engine.layout, engine.scales, engine.ports, rows, doses, epochs, TIMES, np.empty(0), False, which,
        np.array([1e-8, 1e-10]), out,
    )  # fmt: skip
    run = solve(system, rows, Timeline(doses, epochs, TIMES))
    assert np.array_equal(out, np.where(which == 0, run.values[0], run.values[1]))


def test_a_failed_row_is_not_a_number_and_leaves_the_others_as_they_are() -> None:
    rows = _rows(3)
    rows[1, 0, 4] = 1.5  # more than the whole dose by one way
    run = solve(ORAL, rows, _line(ORAL, GIVEN), exposure=True)
    assert run.failed.tolist() == [Failure.NONE, Failure.PARAMETER, Failure.NONE]
    assert np.isnan(run.values[:, 1]).all()
    assert np.isnan(run.auc[1]).all()
    assert np.array_equal(run.values[:, 2], solve(ORAL, rows[2:], _line(ORAL, GIVEN)).values[:, 0])
    engine = predictor(ORAL)
    out = np.empty((3, TIMES.size))
    engine.function(
        engine.layout, engine.scales, engine.ports, rows, tabulate(ORAL, GIVEN), np.zeros(1), TIMES, np.empty(0), False,
        np.zeros(TIMES.size, dtype=np.int64), np.array([1e-8, 1e-10]), out,
    )  # fmt: skip
    assert np.isnan(out).all(axis=1).tolist() == [False, True, False]


def test_no_steady_state_where_a_dose_stays_for_ever() -> None:
    system = System(
        name="a sink",
        parameters=("out_per_h",),
        states=("central", "sink"),
        inputs={"intravenous": (Input("sink"),)},
        outputs=(Output("concentration", volume=""),),
        equations=Flows((Flow("central", "", "out_per_h"),)),
    )
    doses = [Dose(0.0, 1.0, interval_h=8.0, steady_state=SteadyState.REPLACES)]
    run = solve(system, np.ones((1, 1, 1)), _line(system, doses))
    assert run.failures() == {0: Failure.STEADY_STATE.words}


def test_a_body_goes_on_from_where_it_was() -> None:
    doses = [*GIVEN, Dose(1.5, 100.0, 12.0)]  # one infusion runs through the break
    whole = solve(ORAL, _rows(2), _line(ORAL, doses), exposure=True)
    first = solve(ORAL, _rows(2), _line(ORAL, doses, TIMES[:5]), exposure=True)
    second = solve(
        ORAL, _rows(2), _line(ORAL, doses, TIMES[4:], start_h=float(TIMES[4])), state=first.state, exposure=True
    )
    assert second.values[0] == pytest.approx(whole.values[0][:, 4:], rel=1e-13)
    assert first.auc[:, -1:] + second.auc == pytest.approx(whole.auc[:, 4:], rel=1e-13)


@pytest.mark.parametrize("length", [0.0, 3.0, 8.0, 12.5, 21.0])
@pytest.mark.parametrize("lag", [0.0, 2.0, 7.5])
def test_a_steady_state_is_what_a_long_series_comes_to(length: float, lag: float) -> None:
    system = compartments(2, intravenous_lag=True)
    row = np.array([[[5.0, 30.0, 8.0, 50.0, lag]]])
    times = np.array([0.0, 1.0, 3.0, 9.0, 20.0])
    steady = [Dose(0.0, 100.0, length, interval_h=8.0, additional=1, steady_state=SteadyState.REPLACES)]
    series = [Dose(-8.0 * 100, 100.0, length, interval_h=8.0, additional=101)]
    found = solve(system, row, _line(system, steady, times), method=Method.MATRIX)
    expected = solve(system, row, _line(system, series, times, start_h=-900.0), method=Method.MATRIX)
    assert found.values[0] == pytest.approx(expected.values[0], rel=1e-11)


def test_a_steady_state_that_adds_comes_on_top_of_what_is_there() -> None:
    once = [Dose(0.0, 300.0)]
    steady = [Dose(4.0, 100.0, 1.0, interval_h=8.0, additional=1, steady_state=SteadyState.ADDS)]
    row = [5.0, 30.0, 8.0, 50.0, 0.8]
    system = with_effect_site(2)
    both, one, other = (solve(system, [[row]], _line(system, doses)).values for doses in (once + steady, once, steady))
    assert both == pytest.approx(one + other, rel=1e-12)


def test_the_highest_value_is_that_of_a_fine_grid_even_where_a_peak_lies_between_events() -> None:
    doses = [Dose(0.0, 500.0, route=Route.ORAL), Dose(6.0, 300.0), Dose(6.0, 400.0, route=Route.ORAL)]
    coarse = solve(ORAL, [[ROW]], _line(ORAL, doses, np.array([6.0, 30.0])), exposure=True)
    times = np.unique(np.concatenate((np.linspace(1e-9, 30.0, 60001), [np.nextafter(6.0, 7.0), 6.0])))
    fine = solve(ORAL, [[ROW]], _line(ORAL, doses, times)).values[0, 0]
    assert coarse.highest[0, 0] == pytest.approx(fine[times <= 6.0].max(), rel=1e-8)
    assert coarse.highest[0, 1] == pytest.approx(fine[times > 6.0].max(), rel=1e-8)
    assert coarse.highest[0, 0] > fine[times <= 6.0][-1]


def test_a_lag_longer_than_the_interval_at_steady_state_is_refused() -> None:
    doses = [Dose(0.0, 1.0, route=Route.ORAL, interval_h=0.5, steady_state=SteadyState.REPLACES)]
    with pytest.raises(TimelineError, match="longer than the interval"):
        solve(ORAL, [[ROW]], _line(ORAL, doses))


@pytest.mark.parametrize("absorption_per_h", [1.1, 4.5, 60.0])
def test_the_area_under_a_saturable_output_is_that_of_a_fine_grid(absorption_per_h: float) -> None:
    system = with_red_cells(compartments(1, oral=True))
    row = [[[800.0, 6000.0, absorption_per_h, 418.0, 3.8, 0.35]]]
    doses = [Dose(0.0, 5.0, route=Route.ORAL), Dose(6.0, 1.0, 4.0)]
    found = solve(system, row, _line(system, doses, np.array([0.0, 6.0, 24.0])), exposure=True).auc[0]
    # Simpson's rule on either side of every event.
    area = [0.0]
    for left, right in ((0.0, 6.0), (6.0, 10.0), (10.0, 24.0)):
        grid = np.linspace(left, right, 20001)[1:-1]
        edge = np.nextafter(left, right)
        fine = solve(system, row, _line(system, doses, np.concatenate(([edge], grid, [right])))).values[0, 0]
        weights = np.tile([4.0, 2.0], 10000)[:-1]
        area.append((right - left) / 20000 / 3 * (fine[0] + fine[-1] + float(fine[1:-1] @ weights)))
    assert found == pytest.approx([0.0, area[1], sum(area)], rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(
    logs=st.lists(st.floats(-1.5, 1.5), min_size=6, max_size=6),
    amounts=st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=2),
    length=st.one_of(st.just(0.0), st.floats(1e-3, 10.0)),
    until=st.floats(20.0, 200.0),
)
def test_what_was_given_is_in_the_body_or_has_left_it(
    logs: list[float], amounts: list[float], length: float, until: float
) -> None:
    system = transit(2, 3, depot=True)
    row = np.exp(np.array(logs)) * np.array([5.0, 30.0, 8.0, 50.0, 2.0, 1.0])
    doses = [Dose(0.0, amounts[0], route=Route.ORAL), Dose(3.0, amounts[1], length)]
    run = solve(system, row[None, None, :], _line(system, doses, np.array([until])), exposure=True)
    left = row[0] * run.auc[0, 0]
    assert run.state[0].sum() + left == pytest.approx(sum(amounts), rel=1e-10)
    assert (run.state >= 0.0).all()


class TestRefusals:
    def test_a_flow_between_states_that_are_not_there(self) -> None:
        system = System(
            "wrong", ("k",), ("central",), {}, (Output("c", volume=""),), Flows((Flow("central", "gut", "k"),))
        )
        with pytest.raises(SolveError, match="'gut'"):
            matrix.predictor(system)

    def test_a_flow_at_a_rate_that_is_not_there(self) -> None:
        system = System(
            "wrong", ("k",), ("central",), {}, (Output("c", volume=""),), Flows((Flow("central", "", "q"),))
        )
        with pytest.raises(SolveError, match="'q'"):
            matrix.predictor(system)

    def test_outputs_say_what_they_lack(self) -> None:
        flows = Flows((Flow("central", "", "k"),))
        unread = System("wrong", ("k",), ("central",), {}, (Output("c"),), flows)
        with pytest.raises(OutputError, match="central_volume_l"):
            tabulate_outputs(unread)
        few = Output("c", volume="", response=Response.SIGMOID, of=("k",))
        with pytest.raises(OutputError, match="takes"):
            tabulate_outputs(System("wrong", ("k",), ("central",), {}, (few,), flows))
        with pytest.raises(OutputError, match="no output 'd'"):
            tabulate_outputs(ORAL, ["d"])
