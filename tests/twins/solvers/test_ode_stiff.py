"""Stiff equations: Robertson's kinetics and van der Pol's oscillator side by side, against SciPy's Radau."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from twins.quantities.dose import Dose, SteadyState
from twins.solvers import ode
from twins.solvers.solve import solve
from twins.solvers.system import Compartments, Equations, Input, Method, Output, System
from twins.solvers.timeline import Timeline, tabulate
from twins.solvers.trajectory import Failure


def two_classics(t, y, p, dy):
    """Robertson (1966) in the first three states, van der Pol in the last two."""
    slow, middle, fast = p[0] * y[0], p[1] * y[1] * y[1], p[2] * y[1] * y[2]
    dy[0] = fast - slow
    dy[1] = slow - middle - fast
    dy[2] = middle
    dy[3] = y[4]
    dy[4] = p[3] * (1.0 - y[3] * y[3]) * y[4] - y[3]


def beginning(p, y):
    y[0] = 1.0
    y[3] = 2.0


CLASSICS = System(
    "Robertson and van der Pol",
    ("slow", "middle", "fast", "damping"),
    ("a", "b", "c", "u", "v"),
    {"intravenous": (Input("a"),)},
    (Output("concentration", state="a", volume=""), Output("b", state="b", volume=""), Output("u", "1", "u", "")),
    Equations(two_classics, start=beginning),
)
STIFF = np.array([0.04, 3e7, 1e4, 1000.0])
MILD = np.array([0.04, 3.0, 1.0, 1.0])
TIMES = np.array([0.0, 0.4, 4.0, 40.0, 400.0, 1000.0, 1500.0])


@pytest.fixture(scope="module")
def wanted():
    def slope(t, y):
        dy = np.zeros(5)
        two_classics(t, y, STIFF, dy)
        return dy

    solved = solve_ivp(slope, (0.0, 1500.0), [1.0, 0.0, 0.0, 2.0, 0.0], "Radau", TIMES, rtol=1e-10, atol=1e-14)
    return solved.y


def run(parameters, method=Method.AUTOMATIC, rtol=1e-8, times=TIMES, doses=(), **more):
    timeline = Timeline(tabulate(CLASSICS, doses), np.zeros(1), times)
    return ode.run(CLASSICS, parameters, timeline, method=method, rtol=rtol, atol=1e-6 * rtol, **more)


def test_the_stiff_method_agrees_with_scipy_and_follows_its_tolerance(wanted):
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8):
        found = run(STIFF[None, None], Method.STIFF, rtol)
        assert found.failures() == {}
        errors.append(np.max(np.abs(found.values[:, 0] - wanted[[0, 1, 3]]) / (np.abs(wanted[[0, 1, 3]]) + 1e-12)))
    assert errors[0] < 1e-2
    assert errors[1] < errors[0] / 10
    assert errors[2] < 1e-6


def test_a_stiff_row_alone_is_done_over_again_and_its_neighbours_keep_their_digits(wanted):
    parameters = np.stack([MILD, STIFF, MILD])[:, None]
    found = run(parameters)
    assert found.failures() == {}
    np.testing.assert_allclose(found.values[:, 1], wanted[[0, 1, 3]], rtol=1e-6, atol=1e-11)
    np.testing.assert_array_equal(found.values[:, [0, 2]], run(parameters[[0, 2]], Method.EXPLICIT).values)
    np.testing.assert_array_equal(found.values[:, [1]], run(parameters[[1]], Method.STIFF).values)
    np.testing.assert_array_equal(found.values, run(parameters, threads=2).values)


def test_by_name_the_explicit_method_gives_a_stiff_row_up_in_words():
    found = run(STIFF[None, None], Method.EXPLICIT, times=np.array([0.0, 1e6]))
    assert found.failed[0] == Failure.STEPS
    assert "stiff" in found.failures()[0]


def test_levels_within_a_stiff_step_are_as_good_as_those_at_its_end():
    times = np.linspace(0.0, 60.0, 301)
    parameters = np.array([0.04, 3.0, 1.0, 1.0])[None, None]
    coarse = run(parameters, Method.STIFF, 1e-9, times).values
    fine = run(parameters, Method.EXPLICIT, 1e-11, times).values
    np.testing.assert_allclose(coarse, fine, rtol=1e-6, atol=1e-7)


def test_both_methods_carry_the_same_events():
    doses = [
        Dose(0.0, 2.0, 5.0, interval_h=10.0, additional=3),
        Dose(3.0, 1.0, interval_h=4.0, steady_state=SteadyState.ADDS),
    ]
    p = MILD.copy()
    p[3] = 0.0
    times = np.linspace(0.0, 50.0, 26)

    one = run(p[None, None], Method.EXPLICIT, 1e-9, times, doses[:1], exposure=True)
    other = run(p[None, None], Method.STIFF, 1e-9, times, doses[:1], exposure=True)
    assert one.failures() == other.failures() == {}
    np.testing.assert_allclose(one.values, other.values, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(one.auc, other.auc, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(one.highest, other.highest, rtol=1e-4)
    never = run(p[None, None], Method.STIFF, 1e-6, times, doses[1:])  # nothing leaves this body
    assert never.failed[0] == Failure.STEADY_STATE


def test_a_linear_system_can_be_carried_by_name():
    system = System(
        "one compartment", ("clearance_l_per_h", "central_volume_l"), ("central",),
        {"intravenous": (Input("central"),)}, (Output("concentration", scale=1000.0),), Compartments(1),
    )  # fmt: skip
    times = np.linspace(0.0, 24.0, 13)
    timeline = Timeline(tabulate(system, [Dose(0.0, 100.0, 1.0)]), np.zeros(1), times)
    parameters = np.array([[[5.0, 30.0]], [[2.0, 40.0]]])
    found = solve(system, parameters, timeline, method=Method.STIFF, exposure=True)
    rate = (parameters[:, 0, 0] / parameters[:, 0, 1])[:, None]
    gone = np.where(times > 1.0, np.exp(-rate * (times - 1.0)), 1.0) * -np.expm1(-rate * np.minimum(times, 1.0))
    exact = 1000.0 * 100.0 / parameters[:, :, 0] * gone
    np.testing.assert_allclose(found.values[0], exact, rtol=1e-7)
    out = found.auc[:, -1] * parameters[:, 0, 0] / 1000.0
    np.testing.assert_allclose(out + found.state[:, 0], 100.0, rtol=1e-7)
    assert found.highest[:, 1] == pytest.approx(1000.0 * 100.0 / parameters[:, 0, 0] * -np.expm1(-rate[:, 0]), rel=1e-6)
