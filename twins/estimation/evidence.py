"""What the data say: predictions at the levels, and how likely a vector of eta is given them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.covariates import CovariateHistory
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import ResidualKind
from twins.quantities.dose import Dose
from twins.solvers import batch, likelihood
from twins.solvers.schedule import CarryRule, Schedule, build

Array = NDArray[np.float64]

_STEP = 2e-3
"""Of the fourth-order difference: its own error, step⁴/30 of the fifth derivative, and the rounding, 1e-16/step, are
both below 1e-12, so the gradient is as good as an analytic one for every structure."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One patient's levels against one model.

    Attributes
    ----------
    observed : ndarray, shape (levels,)
        mg/L, in the order of `columns`.
    columns : ndarray of int, shape (levels,)
        Where in the schedule's output times each level lies.
    typical : ndarray, shape (epochs, parameters)
    precision : ndarray, shape (p, p)
        Inverse of omega.
    """

    model: PopulationModel
    observed: Array
    columns: NDArray[np.int64]
    schedule: Schedule
    typical: Array
    eta_columns: NDArray[np.int64]
    precision: Array

    @classmethod
    def gather(
        cls,
        model: PopulationModel,
        chart: CovariateHistory,
        doses: Sequence[Dose],
        times_h: Sequence[float],
        observed: Sequence[float],
        *,
        rule: CarryRule = CarryRule.FORWARD,
    ) -> "Evidence":
        """Lay the levels (at `times_h`, in any order, ties allowed) on one schedule with the doses and covariates."""
        times = np.asarray(times_h, dtype=np.float64)
        ordered, where = np.unique(times, return_inverse=True)
        return cls(
            model=model,
            observed=np.asarray(observed, dtype=np.float64),
            columns=where.astype(np.int64),
            schedule=build(doses, chart.times_h, ordered, rule=rule),
            typical=chart.typical,
            eta_columns=np.array([model.parameters.index(name) for name in model.eta_on], dtype=np.int64),
            precision=np.ascontiguousarray(np.linalg.inv(model.omega)),
        )

    def predict(self, etas: Array) -> Array:
        """Concentrations at the levels, shape (n, levels), mg/L."""
        parameters = batch.scale(self.typical, self.eta_columns, etas)
        run = batch.run(parameters, self.schedule)
        return np.ascontiguousarray(run.concentration[:, self.columns])

    def objective(self, etas: Array, predicted: Array | None = None) -> Array:
        """Minus two log posterior density without its constants, shape (n,); ln(v) is kept.

        sum(ln v + (y - f)²/v) + eta' omega⁻¹ eta, with v the model's own residual variance.
        """
        etas = np.ascontiguousarray(etas, dtype=np.float64)
        levels = self.predict(etas) if predicted is None else predicted
        residual = self.model.residual
        misfit = likelihood.misfit(
            np.ascontiguousarray(levels),
            self.observed,
            residual.kind is ResidualKind.SD_SUM,
            residual.additive,
            residual.proportional,
        )
        return np.asarray(misfit + likelihood.quadratic(etas, self.precision))

    def linearise(self, etas: Array) -> tuple[Array, Array]:
        """Predictions (n, levels) and their sensitivity to each eta (n, levels, p) at each row."""
        n, p = etas.shape
        points = np.repeat(etas[:, None, :], 4 * p + 1, axis=1)
        for k in range(p):
            for row, steps in enumerate((2.0, 1.0, -1.0, -2.0)):
                points[:, 1 + 4 * k + row, k] += steps * _STEP
        predicted = self.predict(points.reshape(-1, p)).reshape(n, 4 * p + 1, -1)
        sensitivity = np.empty((n, self.observed.size, p))
        for k in range(p):
            far, near, nearer, further = (predicted[:, 1 + 4 * k + row] for row in range(4))
            sensitivity[:, :, k] = (8.0 * (near - nearer) - (far - further)) / (12.0 * _STEP)
        return predicted[:, 0], sensitivity

    def slopes(self, etas: Array) -> tuple[Array, Array]:
        """Gradient (n, p) of `objective` and its expected curvature (n, p, p) at each row.

        The expected curvature is twice the Fisher information of the levels plus twice the prior's precision.
        """
        f, sensitivity = self.linearise(etas)
        variance = self.model.residual.variance(f)
        change = self.model.residual.variance_slope(f)
        error = self.observed - f
        pull = change / variance - 2.0 * error / variance - change * np.square(error / variance)
        weight = 2.0 / variance + np.square(change / variance)
        gradient = 2.0 * np.einsum("ij,nj->ni", self.precision, etas)
        curvature = np.repeat(2.0 * self.precision[None], etas.shape[0], axis=0)
        for j in range(self.observed.size):
            row = sensitivity[:, j, :]
            gradient = gradient + pull[:, j, None] * row
            curvature = curvature + weight[:, j, None, None] * row[:, :, None] * row[:, None, :]
        return gradient, curvature

    def slope(self, eta: Array) -> tuple[Array, Array]:
        """`slopes` at one point: gradient (p,) and expected curvature (p, p)."""
        gradient, curvature = self.slopes(eta[None, :])
        return gradient[0], curvature[0]

    def hessian(self, eta: Array) -> Array:
        """Full curvature (p, p) of `objective`, from differences of its gradient."""
        p = eta.size
        steps = 1e-4 * np.eye(p)
        gradients, _ = self.slopes(np.concatenate((eta + steps, eta - steps)))
        found = (gradients[:p] - gradients[p:]) / 2e-4
        return np.asarray(0.5 * (found + found.T))
