"""An independent body: differential equations written down in a test, carried by SciPy; no code of the engine.

Linear equations go by `scipy.linalg.expm`, others by `solve_ivp`. Doses are plain numbers, each written out: a steady
state is a long series that began long before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

Array = NDArray[np.float64]
P = dict[str, float]


@dataclass(frozen=True)
class Arrival:
    """So many mg into a state, at once or over a duration, h."""

    start: float
    amount: float
    duration: float
    state: int


@dataclass(frozen=True)
class Body:
    """Differential equations: ``slope(t, y, p)`` gives the states' derivatives, ``read(y, p)`` the outputs."""

    states: int
    slope: Callable[[float, Array, P], Sequence[float]]
    read: Callable[[Array, P], Sequence[float]]
    linear: bool = True
    start: Callable[[P], Sequence[float]] | None = None
    method: str = "DOP853"
    rtol: float = 1e-12

    def carry(
        self,
        parameters: Callable[[float], P],
        arrivals: Sequence[Arrival],
        times: Array,
        *,
        begin: float,
        changes: Sequence[float] = (),
        resets: Sequence[float] = (),
        area_from: float | None = None,
    ) -> tuple[Array, Array]:
        """Outputs (outputs, times), each read before what is given at its moment, and the area under the first."""
        ends = [a.start + a.duration for a in arrivals]
        stops = {begin, *times, *changes, *resets, *(a.start for a in arrivals), *ends}
        stops = sorted(t for t in stops if begin <= t <= times[-1])
        first = np.zeros(self.states) if self.start is None else np.array(self.start(parameters(begin)), dtype=float)
        y = np.append(first, 0.0)
        values, areas = [], []
        for k, left in enumerate(stops):
            if left in times:
                values.append(self.read(y[:-1], parameters(left)))
                areas.append(y[-1])
            if left in resets:
                y[:-1] = first
            if left == area_from:
                y[-1] = 0.0
            for a in arrivals:
                if a.duration == 0 and a.start == left:
                    y[a.state] += a.amount
            if k + 1 == len(stops):
                break
            right = stops[k + 1]
            ended = max((reset for reset in resets if reset <= left), default=-np.inf)
            into = np.zeros(self.states)
            for a in arrivals:
                if a.duration > 0 and a.start >= ended and a.start <= left and right <= a.start + a.duration + 1e-12:
                    into[a.state] += a.amount / a.duration
            y = self._move(y, into, left, right, parameters(0.5 * (left + right)))
        return np.array(values).T, np.array(areas)

    def _move(self, y: Array, into: Array, left: float, right: float, p: P) -> Array:
        if not self.linear:

            def slope(t: float, z: Array) -> Array:
                return np.append(np.asarray(self.slope(t, z[:-1], p)) + into, self.read(z[:-1], p)[0])

            options: dict[str, Any] = {"rtol": self.rtol, "atol": 1e-12}
            solved = solve_ivp(slope, (left, right), y, method=self.method, **options)
            assert solved.success
            return np.asarray(solved.y[:, -1])
        n = self.states
        matrix = np.zeros((n + 2, n + 2))  # the area, and a constant 1 for the infusions, are two more states
        for j, unit in enumerate(np.eye(n)):
            matrix[:n, j] = self.slope(left, unit, p)
            matrix[n, j] = self.read(unit, p)[0]
        matrix[:n, n + 1] = into
        return np.asarray((expm(matrix * (right - left)) @ np.append(y, 1.0))[:-1])
