"""Independent references: SciPy's integrator and optimiser on equations written out here; no code of the engine."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

Array = NDArray[np.float64]
Given = tuple[float, float, float]
"""Start h, amount mg, duration h."""


def integrate(
    parameters: Callable[[float], Sequence[float]],
    given: Sequence[Given],
    times: Array,
    changes: Sequence[float] = (),
) -> tuple[Array, Array]:
    """Concentration (mg/L) and AUC from the first event (mg·h/L) at ascending times, by DOP853 between events.

    `parameters(t)` gives clearance, central volume, intercompartmental clearance and peripheral volume at `t`;
    `changes` are the times at which they jump. A concentration is read with the volume that holds from its
    time on, and before a bolus given at that very time.
    """
    ends = {start + length for start, _, length in given}
    stops = sorted({*times, *changes, *(start for start, _, _ in given), *ends})
    stops = [t for t in stops if t <= times[-1]]
    state = np.zeros(3)
    found: dict[float, tuple[float, float]] = {}
    for k, left in enumerate(stops):
        if left in times:
            found[left] = (state[0] / parameters(left)[1], state[2])
        state[0] += sum(amount for start, amount, length in given if length == 0 and start == left)
        if k + 1 == len(stops):
            break
        right = stops[k + 1]
        middle = 0.5 * (left + right)
        clearance, central, between, peripheral = parameters(middle)
        rate = sum(a / length for start, a, length in given if length > 0 and start <= left and right <= start + length)

        def slope(
            _: float, y: Array, values: tuple[float, ...] = (clearance, central, between, peripheral, rate)
        ) -> Array:
            cl, v1, q, v2, r = values
            exchange = q * (y[0] / v1 - y[1] / v2)
            return np.array([r - cl * y[0] / v1 - exchange, exchange, y[0] / v1])

        solved = solve_ivp(slope, (left, right), state, method="DOP853", rtol=1e-12, atol=1e-12)
        assert solved.success
        state = solved.y[:, -1].copy()
    values = np.array([found[float(t)] for t in times])
    return values[:, 0], values[:, 1]


def map_by_lbfgsb(
    predict: Callable[[Array], Array],
    observed: Array,
    variance: Callable[[Array], Array],
    omega: Array,
    starts: Sequence[Array],
) -> tuple[Array, float]:
    """The mode and the objective there, by SciPy's L-BFGS-B from several starts with numerical gradients."""
    precision = np.linalg.inv(omega)

    def objective(eta: Array) -> float:
        f = predict(eta)
        v = variance(f)
        return float(np.sum(np.log(v) + (observed - f) ** 2 / v) + eta @ precision @ eta)

    results = [
        minimize(objective, start, method="L-BFGS-B", jac="3-point", options={"ftol": 1e-15, "gtol": 1e-8})
        for start in starts
    ]
    best = min(results, key=lambda result: float(result.fun))
    return best.x, float(best.fun)


def superposition(row: Sequence[float], given: Sequence[Given], times: Array) -> Array:
    """Two-compartment concentration by adding up the bi-exponential curve of each dose; constant parameters."""
    clearance, central, between, peripheral = row
    matrix = np.array(
        [[-(clearance + between) / central, between / peripheral], [between / central, -between / peripheral]]
    )
    rates, vectors = np.linalg.eig(matrix)
    weights = vectors[0] * np.linalg.solve(vectors, np.array([1.0, 0.0])) / central
    total = np.zeros(len(times))
    for start, amount, length in given:
        since = np.asarray(times) - start
        for rate, weight in zip(rates, weights, strict=True):
            if length == 0:
                total += np.where(since > 0, amount * weight * np.exp(rate * np.maximum(since, 0)), 0.0)
                continue
            running = np.clip(since, 0.0, length)
            after = np.maximum(since - length, 0.0)
            total += amount / length * weight / rate * (np.exp(rate * running) - 1.0) * np.exp(rate * after)
    return total
