"""Covariates that move between their records: equations follow them in a fit and in a forecast, closed forms refuse."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

import twins

TIMES = np.array([3.0, 11.0, 14.0, 22.0, 30.0])
OBSERVED = np.array([13.0, 7.0, 16.0, 12.0, 9.0])


def lagging(t, y, p, dy):  # type: ignore[no-untyped-def]
    dy[0] = -p[0] * y[0] / p[1]


def model(system: twins.System) -> twins.PopulationModel:
    return twins.define(
        "drifting",
        system,
        typical={
            "clearance_l_per_h": lambda c: 3.0 * c["kidney"],
            "central_volume_l": 30.0,
            **({"share": lambda c: 0.5 * c["kidney"]} if "share" in system.parameters else {}),
        },
        variances={"clearance_l_per_h": 0.2, "central_volume_l": 0.1},
        residual=twins.residual(additive=0.5, proportional=0.1, combined="variances"),
    )


def course() -> twins.Course:
    return twins.Course.from_data(
        drug="drifting",
        doses=[(0, 500, 1), (12, 500, 2)],
        levels=list(zip(TIMES, OBSERVED, strict=True)),
        covariates={"kidney": [(0, 1.0), (10, 0.5), (20, 1.6)]},
        carry=twins.CarryRule.INTERPOLATED,
    )


def kidney(time: float) -> float:
    return float(np.interp(time, [0.0, 10.0, 20.0], [1.0, 0.5, 1.6]))


def by_scipy(eta: np.ndarray, times: np.ndarray, *, shared: bool) -> np.ndarray:
    """The same by solve_ivp; each dose's share, where it has one, is that of the moment it was given."""
    volume = 30.0 * np.exp(eta[1])
    found, y = [], np.zeros(1)
    edges = [0.0, 1.0, 10.0, 12.0, 14.0, 20.0, 40.0]
    rates = [500.0 * (0.5 * kidney(0.0) if shared else 1.0), 0.0, 0.0, 250.0 * (0.5 * kidney(12.0) if shared else 1.0)]
    for (begin, end), rate in zip(pairwise(edges), [*rates, 0.0, 0.0], strict=True):
        inside = times[(times > begin) & (times <= end)]
        run = solve_ivp(
            lambda t, y, rate=rate: [rate - 3.0 * kidney(t) * np.exp(eta[0]) * y[0] / volume],
            (begin, end),
            y,
            method="DOP853",
            rtol=1e-11,
            atol=1e-12,
            t_eval=np.unique([*inside, end]),
        )
        found += list(run.y[0][: inside.size] / volume)
        y = run.y[:, -1]
    return np.array(found)


@pytest.fixture(scope="module")
def plain() -> twins.Twin:
    parameters = ("clearance_l_per_h", "central_volume_l")
    return twins.individualise(
        model(twins.equations(lagging, parameters=parameters, states=("central",))), course(), draws=50
    )


def test_a_fit_follows_what_moves_between_records(plain: twins.Twin) -> None:
    def objective(eta: np.ndarray) -> float:
        f = by_scipy(eta, TIMES, shared=False)
        v = 0.25 + (0.1 * f) ** 2
        return float(np.sum(np.log(v) + (OBSERVED - f) ** 2 / v) + eta[0] ** 2 / 0.2 + eta[1] ** 2 / 0.1)

    best = minimize(objective, np.array(plain.fit.eta), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-11})
    assert plain.fit.objective == pytest.approx(best.fun, abs=1e-6)
    assert plain.fit.eta == pytest.approx(best.x, abs=1e-5)
    individual = [level.individual for level in plain.fit.residuals]
    assert individual == pytest.approx(by_scipy(np.array(plain.fit.eta), TIMES, shared=False), rel=1e-7)


def test_a_forecast_follows_it_too(plain: twins.Twin) -> None:
    times = np.array([0.5, 5.0, 13.0, 19.0, 33.0])
    found = twins.forecast(plain, times_h=times).values[0]
    expected = [by_scipy(eta, times, shared=False) for eta in plain.fit.draws[:3]]
    assert found[:3] == pytest.approx(np.array(expected), rel=1e-6)


def test_a_dose_s_share_is_that_of_its_own_moment() -> None:
    parameters = ("clearance_l_per_h", "central_volume_l", "share")
    entry = {"intravenous": twins.Input("central", fraction="share")}
    system = twins.equations(lagging, parameters=parameters, states=("central",), doses=entry)
    twin = twins.individualise(model(system), course(), draws=50)
    individual = [level.individual for level in twin.fit.residuals]
    assert individual == pytest.approx(by_scipy(np.array(twin.fit.eta), TIMES, shared=True), rel=1e-7)


def test_a_closed_form_says_that_it_cannot_follow() -> None:
    with pytest.raises(twins.NoTwinError, match="closed form of drifting cannot follow; carry them forward"):
        twins.individualise(model(twins.compartments(1)), course())
