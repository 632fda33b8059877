"""Equations carried by adaptive steps, against SciPy and against what can be worked out by hand."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from twins.quantities.dose import Dose, Modelled, Route, SteadyState
from twins.solvers import ode
from twins.solvers.equations import EquationsError, parts
from twins.solvers.solve import solve
from twins.solvers.system import CarryRule, Equations, Input, Method, Output, System
from twins.solvers.timeline import Timeline, tabulate
from twins.solvers.trajectory import Failure


def saturable(t, y, p, dy):
    """A depot and two compartments, with elimination by Michaelis-Menten kinetics and linear elimination beside it."""
    c = y[1] / p[4]
    out = p[1] * c / (p[2] + c) + p[3] * c
    across = p[5] * (c - y[2] / p[6])
    dy[0] = -p[0] * y[0]
    dy[1] = p[0] * y[0] - out - across
    dy[2] = across


BODY = System(
    "saturable and linear elimination",
    ("absorption_per_h", "greatest_mg_per_h", "half_mg_per_l", "clearance_l_per_h", "volume_l", "exchange_l_per_h",
     "peripheral_volume_l", "lag_h", "share", "hours"),
    ("depot", "central", "peripheral"),
    {
        "intravenous": (Input("central", duration="hours"),),
        "oral": (Input("depot", lag="lag_h", fraction="share"),),
    },
    (Output("concentration", volume="volume_l"), Output("peripheral", "mg/L", "peripheral", "peripheral_volume_l")),
    Equations(saturable),
)  # fmt: skip
TYPICAL = np.array([0.8, 30.0, 5.0, 1.0, 30.0, 4.0, 50.0, 0.4, 0.7, 3.0])
EVERY_HOUR = np.arange(0.0, 49.0)


def rows(number, seed=3, spread=0.3):
    """Parameters of so many subjects, shape (number, 1, 10)."""
    drawn = TYPICAL * np.exp(np.random.default_rng(seed).normal(size=(number, 1, TYPICAL.size)) * spread)
    drawn[:, :, 8] = np.minimum(drawn[:, :, 8], 1.0)
    return drawn


def line(doses, times=EVERY_HOUR, **more):
    return Timeline(tabulate(BODY, doses), more.pop("epochs_h", np.zeros(1)), times, **more)


def run(parameters, timeline, **more):
    return ode.run(BODY, parameters, timeline, **{"rtol": 1e-9, "atol": 1e-11} | more)


def expected(p, arrivals, times, begin=0.0, start=(0.0, 0.0, 0.0)):
    """States from SciPy; arrivals are (hour, state, mg, hours), as they reach the body; NaN mg sets the body to 0."""
    times = np.asarray(times)
    lines = {begin, times[-1], *(a[0] for a in arrivals), *(a[0] + a[3] for a in arrivals)}
    lines = sorted(x for x in lines if begin <= x <= times[-1])
    state, found = np.array(start, dtype=float), {begin: np.array(start, dtype=float)}
    for left, right in pairwise(lines):
        rate = np.zeros(3)
        if any(hour == left and np.isnan(amount) for hour, _, amount, _ in arrivals):
            state = np.zeros(3)
        for hour, into, amount, hours in arrivals:
            if hour == left and hours == 0 and not np.isnan(amount):
                state[into] += amount
            elif hours and hour <= left < hour + hours:
                rate[into] += amount / hours

        def slope(t, y, rate=rate):
            dy = np.zeros(3)
            saturable(t, y, p, dy)
            return dy + rate

        inside = times[(times > left) & (times <= right)]
        at = np.unique(np.append(inside, right))
        solved = solve_ivp(slope, (left, right), state, "DOP853", at, rtol=1e-12, atol=1e-13)
        found |= dict(zip(at, solved.y.T, strict=True))
        state = solved.y[:, -1].copy()
    return np.array([found[x] for x in times])


INFUSIONS = [Dose(12.0 * k, 400.0, 1.5) for k in range(4)]


@pytest.mark.parametrize(("greatest", "clearance"), [(30.0, 0.0), (30.0, 1.5), (0.0, 3.0)])
def test_saturable_and_linear_elimination_agree_with_scipy(greatest, clearance):
    p = TYPICAL.copy()
    p[1], p[3] = greatest, clearance
    found = run(p[None, None], line(INFUSIONS))
    states = expected(p, [(12.0 * k, 1, 400.0, 1.5) for k in range(4)], EVERY_HOUR)
    np.testing.assert_allclose(found.values[0, 0], states[:, 1] / p[4], rtol=2e-8, atol=1e-9)
    np.testing.assert_allclose(found.values[1, 0], states[:, 2] / p[6], rtol=2e-8, atol=1e-9)
    np.testing.assert_allclose(found.state[0], states[-1], rtol=2e-8, atol=1e-9)
    assert found.failures() == {}


def test_a_smaller_tolerance_gives_a_smaller_error():
    states = expected(TYPICAL, [(12.0 * k, 1, 400.0, 1.5) for k in range(4)], EVERY_HOUR)
    wanted = states[:, 1] / TYPICAL[4]
    errors = []
    for rtol in (1e-3, 1e-5, 1e-7, 1e-9):
        found = run(TYPICAL[None, None], line(INFUSIONS), rtol=rtol, atol=1e-3 * rtol).values[0, 0]
        errors.append(np.max(np.abs(found - wanted)) / wanted.max())
    assert errors[0] < 1e-2
    assert errors[1] < errors[0] / 10
    assert errors[2] < errors[1] / 10
    assert errors[3] < 1e-8


def test_levels_between_steps_are_as_good_as_those_at_their_ends():
    dense = np.linspace(0.1, 47.9, 400)
    states = expected(TYPICAL, [(0.0, 1, 400.0, 1.5)], dense)
    found = run(TYPICAL[None, None], line(INFUSIONS[:1], dense, start_h=0.0))
    np.testing.assert_allclose(found.values[0, 0], states[:, 1] / TYPICAL[4], rtol=1e-7)


def test_lag_fraction_and_modelled_duration_are_a_rows_own():
    doses = [
        Dose(0.0, 300.0, route=Route.ORAL, interval_h=8.0, additional=3),
        Dose(5.0, 200.0, modelled=Modelled.DURATION),
        Dose(6.0, 100.0),
    ]
    parameters = rows(5)
    found = run(parameters, line(doses))
    for p, levels in zip(parameters[:, 0], found.values[0], strict=True):
        oral = [(8.0 * k + p[7], 0, 300.0 * p[8], 0.0) for k in range(4)]
        states = expected(p, [*oral, (5.0, 1, 200.0, p[9]), (6.0, 1, 100.0, 0.0)], EVERY_HOUR)
        np.testing.assert_allclose(levels, states[:, 1] / p[4], rtol=3e-8, atol=1e-9)


def test_a_reset_empties_the_body_and_ends_what_was_running():
    found = run(TYPICAL[None, None], line([Dose(0.0, 400.0, 20.0), Dose(15.0, 100.0)], resets_h=np.array([10.0])))
    states = expected(TYPICAL, [(0.0, 1, 200.0, 10.0), (10.0, 1, np.nan, 0.0), (15.0, 1, 100.0, 0.0)], EVERY_HOUR)
    wanted = states[:, 1] / TYPICAL[4]
    np.testing.assert_allclose(found.values[0, 0], wanted, rtol=1e-8, atol=1e-9)
    assert found.values[0, 0, 11] == 0.0


def test_a_steady_state_is_where_many_equal_doses_lead():
    parameters = rows(6, seed=5, spread=0.2)
    steady = Dose(2400.0, 200.0, 2.0, interval_h=8.0, steady_state=SteadyState.REPLACES)
    times = np.arange(2400.0, 2409.0)
    found = run(parameters, line([steady], times))
    long = run(parameters, line([Dose(0.0, 200.0, 2.0, interval_h=8.0, additional=300)], times))
    np.testing.assert_allclose(found.values, long.values, rtol=1e-7)


def test_a_steady_state_of_long_overlapping_infusions_and_lagged_doses_is_periodic():
    parameters = rows(4, seed=6, spread=0.2)
    both = [
        Dose(0.0, 100.0, 20.0, interval_h=8.0, additional=9, steady_state=SteadyState.REPLACES),
    ]
    oral = [Dose(0.0, 150.0, route=Route.ORAL, interval_h=8.0, additional=9, steady_state=SteadyState.REPLACES)]
    for doses in (both, oral):
        levels = run(parameters, line(doses, np.arange(0.0, 65.0))).values[0]
        np.testing.assert_allclose(levels[:, 1:57], levels[:, 9:65], rtol=1e-7)


def test_a_steady_state_that_adds_leaves_what_was_there():
    p = rows(1, spread=0.0)
    p[:, :, 1] = 0.0  # linear, so that the sum is exact
    steady = Dose(10.0, 100.0, interval_h=12.0, steady_state=SteadyState.ADDS)
    times = np.arange(0.0, 40.0)
    together = run(p, line([Dose(0.0, 300.0), steady], times)).values[0]
    first = run(p, line([Dose(0.0, 300.0)], times)).values[0]
    second = run(p, line([steady], times[10:])).values[0]
    np.testing.assert_allclose(together[:, 10:], first[:, 10:] + second, rtol=1e-7)


def test_a_steady_state_beyond_what_can_be_eliminated_is_a_failure_of_that_row_alone():
    p = rows(3, spread=0.1)
    p[:, :, 3] = 1.0
    p[1, :, 3] = 0.0
    p[1, :, 1] = 5.0
    steady = Dose(0.0, 200.0, 1.0, interval_h=8.0, steady_state=SteadyState.REPLACES)
    found = run(p, line([steady], np.arange(0.0, 9.0)), rtol=1e-6, exposure=True)
    assert list(found.failed) == [0, Failure.STEADY_STATE, 0]
    assert "steady state" in found.failures()[1]
    assert np.isnan(found.values[:, 1]).all()
    assert np.isnan(found.auc[1]).all()
    assert np.isnan(found.state[1]).all()
    assert np.isfinite(found.values[:, [0, 2]]).all()


def test_interpolated_clearance_follows_its_own_integral():
    p = np.repeat(TYPICAL[None, None], 3, axis=1)
    p[:, :, 1] = 0.0
    p[:, :, 5] = 1e-12  # one compartment: ln c falls by the integral of clearance over volume
    p[0, :, 3] = 2.0, 6.0, 3.0
    epochs = np.array([4.0, 14.0, 34.0])
    timeline = line([Dose(0.0, 300.0)], epochs_h=epochs, carry=CarryRule.INTERPOLATED)
    found = run(p, timeline).values[0, 0]
    grid = np.linspace(0.0, 48.0, 48001)
    clearance = np.interp(grid, epochs, p[0, :, 3])
    integral = np.concatenate(([0.0], np.cumsum(0.5 * (clearance[1:] + clearance[:-1]) * 1e-3)))[::1000]
    np.testing.assert_allclose(found[1:], (300.0 / 30.0 * np.exp(-integral / 30.0))[1:], rtol=1e-7)


def test_an_interpolated_share_is_that_of_the_doses_moment():
    p = np.repeat(TYPICAL[None, None], 2, axis=1)
    p[0, :, 8] = 0.2, 0.7
    oral = [Dose(9.0, 300.0, route=Route.ORAL)]
    moving = run(p, line(oral, epochs_h=np.array([4.0, 14.0]), carry=CarryRule.INTERPOLATED))
    p[0, :, 8] = 0.45
    np.testing.assert_allclose(moving.values, run(p[:, :1], line(oral)).values, rtol=1e-7, atol=1e-12)


def test_covariates_change_the_parameters_from_their_record_on_or_up_to_it():
    p = np.repeat(TYPICAL[None, None], 2, axis=1)
    p[0, 1, 3] = 9.0
    epochs = np.array([0.0, 10.0])
    forward = run(p, line(INFUSIONS, epochs_h=epochs)).values[0, 0]
    backward = run(p, line(INFUSIONS, epochs_h=epochs, carry=CarryRule.BACKWARD)).values[0, 0]
    first = run(p[:, :1], line(INFUSIONS)).values[0, 0]
    second = run(p[:, 1:], line(INFUSIONS)).values[0, 0]
    np.testing.assert_allclose(forward[:11], first[:11], rtol=1e-8)
    assert forward[12] < first[12]
    np.testing.assert_allclose(backward, second, rtol=1e-8)


def test_it_goes_on_from_a_state_where_it_stopped():
    parameters = rows(3)
    whole = run(parameters, line(INFUSIONS))
    half = run(parameters, line(INFUSIONS, EVERY_HOUR[:20]))
    rest = run(parameters, line(INFUSIONS, EVERY_HOUR[20:], start_h=19.0), state=half.state)
    np.testing.assert_allclose(rest.values[0], whole.values[0][:, 20:], rtol=1e-8)


def test_what_went_out_and_what_is_left_make_the_dose():
    p = rows(4)
    p[:, :, 1] = 0.0
    found = run(p, line(INFUSIONS), exposure=True)
    out = p[:, 0, 3] * found.auc[:, -1]
    np.testing.assert_allclose(out + found.state.sum(axis=1), 1600.0, rtol=1e-8)
    assert found.auc[:, 0] == pytest.approx(0.0)


def test_exposure_does_not_change_a_digit_and_the_highest_is_seen_between_outputs():
    parameters = rows(4)
    times = np.array([0.0, 11.0, 23.0])
    plain = run(parameters, line(INFUSIONS, times))
    found = run(parameters, line(INFUSIONS, times), exposure=True)
    np.testing.assert_array_equal(plain.values, found.values)
    peak = run(parameters, line(INFUSIONS, np.array([0.0, 1.5]))).values[0][:, 1]
    np.testing.assert_allclose(found.highest[:, 1], peak, rtol=1e-7)


def test_a_rows_digits_do_not_depend_on_neighbours_order_or_threads():
    doses = [*INFUSIONS, Dose(3.0, 200.0, route=Route.ORAL, interval_h=8.0, additional=3)]
    parameters = rows(41)
    timeline = line(doses)
    whole = run(parameters, timeline, exposure=True)
    order = np.random.default_rng(1).permutation(41)
    mixed = run(parameters[order], timeline, exposure=True)
    two = run(parameters, timeline, exposure=True, threads=2)
    for name in ("values", "auc", "highest", "state"):
        axis = 1 if name == "values" else 0
        np.testing.assert_array_equal(np.take(getattr(whole, name), order, axis), getattr(mixed, name))
        np.testing.assert_array_equal(getattr(whole, name), getattr(two, name))
    for row in (0, 7, 40):
        alone = run(parameters[row : row + 1], timeline)
        np.testing.assert_array_equal(alone.values[:, 0], whole.values[:, row])


def test_a_row_that_cannot_be_carried_fails_alone_and_says_why():
    p = rows(4, spread=0.1)
    p[1, :, 2] = -5.0  # a singularity at 5 mg/L
    p[2, :, 4] = np.nan
    good = rows(4, spread=0.1)
    timeline = line([Dose(0.0, 400.0)])
    found = run(p, timeline, method=Method.EXPLICIT)
    assert found.failed[1] in (Failure.STEP_SIZE, Failure.NOT_FINITE, Failure.STEPS)
    assert found.failed[2] == Failure.NOT_FINITE
    assert found.failures()[2]
    assert np.isnan(found.values[:, 1:3]).all()
    np.testing.assert_array_equal(found.values[:, [0, 3]], run(good, timeline).values[:, [0, 3]])


def test_the_predictor_says_what_the_run_says():
    parameters = rows(16)
    doses = [*INFUSIONS, Dose(3.0, 200.0, route=Route.ORAL)]
    times = np.array([1.0, 7.0, 11.5, 30.0])
    made = ode.predictor(BODY)
    which = np.array([0, 1, 0, 0])
    out = np.empty((16, 4))
    made.function(
        made.layout, made.scales, made.ports, parameters, tabulate(BODY, doses), np.zeros(1), times, np.empty(0),
        False, which, np.array([1e-9, 1e-11]), out,
    )  # fmt: skip
    found = run(parameters, line(doses, times)).values
    np.testing.assert_array_equal(out, np.where(which == 0, found[0], found[1]))


def test_solve_takes_equations_and_names_outputs():
    parameters = rows(2)
    found = solve(BODY, parameters, line(INFUSIONS), outputs=["peripheral"], rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(found.values[0], run(parameters, line(INFUSIONS)).values[1])


def test_equations_that_do_not_compile_are_refused_with_the_reason():
    def wrong(t, y, p, dy):
        dy[0] = -p[0] * undefined_name  # noqa: F821

    system = System(
        "wrong", ("a",), ("central",), {"intravenous": (Input("central"),)}, (Output("concentration", volume=""),),
        Equations(wrong),
    )  # fmt: skip
    with pytest.raises(EquationsError, match=r"wrong: `rhs` cannot be compiled.*undefined_name"):
        ode.run(system, np.ones((1, 1, 1)), Timeline(tabulate(system, [Dose(0.0, 1.0)]), np.zeros(1), np.ones(1)))


def _reads_past_parameters(t, y, p, dy):
    dy[0] = -p[0] * p[2] * y[0]


def _reads_past_states(t, y, p, dy):
    dy[0] = -p[0] * y[3]


def _writes_past_states(t, y, p, dy):
    dy[0] = -p[0] * y[0]
    dy[1] = p[0] * y[0]


def _counts_from_the_end(t, y, p, dy):
    dy[0] = -p[-1] * y[0]


def _fine(t, y, p, dy):
    dy[0] = -p[0] * y[0] / (p[0] - 1.0)


def _starts_past_states(p, y):
    y[1] = p[0]


def _reads_past_outputs(t, y, p, out):
    out[0], out[1] = y[0], p[0]


@pytest.mark.parametrize(
    ("equations", "words"),
    [
        (Equations(_reads_past_parameters), r"`rhs` reads p\[2\], but there are 2 parameters \(indices 0 to 1\)"),
        (Equations(_reads_past_states), r"`rhs` reads y\[3\], but there are 1 states"),
        (Equations(_writes_past_states), r"`rhs` writes dy\[1\], but there are 1 states"),
        (Equations(_counts_from_the_end), r"`rhs` reads p\[-1\], but there are 2 parameters"),
        (Equations(_fine, start=_starts_past_states), r"`start` writes y\[1\], but there are 1 states"),
        (Equations(_fine, read=_reads_past_outputs), r"`read` writes out\[1\], but there are 1 outputs"),
    ],
)
def test_an_index_past_the_end_is_refused_by_name_and_nothing_foreign_is_read(equations, words):
    system = System(
        "own", ("a", "b"), ("central",), {"intravenous": (Input("central"),)}, (Output("concentration", volume=""),),
        equations,
    )  # fmt: skip
    timeline = Timeline(tabulate(system, [Dose(0.0, 100.0, 1.0)]), np.zeros(1), np.array([2.0]))
    with pytest.raises(EquationsError, match=words):
        solve(system, np.array([[[0.1, 0.2]]]), timeline)


def test_equations_that_are_not_finite_for_made_up_parameters_are_not_refused():
    system = System(
        "own", ("a", "b"), ("central",), {"intravenous": (Input("central"),)}, (Output("concentration", volume=""),),
        Equations(_fine),
    )  # fmt: skip
    assert parts(system)["OUTPUTS"] == 1
