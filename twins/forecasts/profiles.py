"""`Profiles`: outputs of many draws over time, with quantiles and as tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twins.forecasts.forecast import QUANTILES
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import Residual, ResidualKind

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

_ERRORS = 0x0E22
"""Sets the streams of residual error apart from others of the same seed."""


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Draws of one patient, or simulated patients, over time.

    Attributes
    ----------
    outputs, units : tuple of str
        Names of the model's outputs, and their UCUM codes.
    times_h : ndarray, shape (times,)
        Hours since the course's start, ascending.
    values : ndarray, shape (outputs, draws, times)
    with_residual : bool
        Whether residual error is in the values: what would be measured, not what is there.
    """

    outputs: tuple[str, ...]
    units: tuple[str, ...]
    times_h: Array
    values: Array
    with_residual: bool

    @classmethod
    def of(cls, model: PopulationModel, times_h: Array, values: Array, *, seed: int, with_residual: bool) -> "Profiles":
        if with_residual:
            values = noisy(model, values, seed=seed)
        return cls(
            tuple(output.name for output in model.system.outputs),
            tuple(output.unit for output in model.system.outputs),
            times_h,
            values,
            with_residual,
        )

    def quantiles(self, q: Sequence[float] = QUANTILES) -> Array:
        """Over the draws, linear between order statistics; shape (outputs, len(q), times)."""
        return np.moveaxis(np.quantile(self.values, q, axis=1), 0, 1)

    def to_frame(self, q: Sequence[float] = QUANTILES) -> "pd.DataFrame":
        """One row an output and time: quantiles in columns ``q05`` and so on."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        found = self.quantiles(q)
        tables = [
            pd.DataFrame(
                {"output": name, "unit": unit, "time_h": self.times_h}
                | {f"q{100 * share:02.0f}": found[number, k] for k, share in enumerate(q)}
            )
            for number, (name, unit) in enumerate(zip(self.outputs, self.units, strict=True))
        ]
        return pd.concat(tables, ignore_index=True)

    def draws_frame(self) -> "pd.DataFrame":
        """One row a draw, output and time."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        outputs, draws, times = self.values.shape
        return pd.DataFrame(
            {
                "draw": np.tile(np.repeat(np.arange(draws), times), outputs),
                "output": np.repeat(np.array(self.outputs), draws * times),
                "time_h": np.tile(self.times_h, outputs * draws),
                "value": self.values.reshape(-1),
            }
        )


def noisy(model: PopulationModel, values: Array, *, seed: int) -> Array:
    """Values as they would be measured, shape (outputs, draws, times); an output without residual error stays.

    A measurement of what is not below 0 is not below 0 either.
    """
    measured = np.array(values)
    for number, output in enumerate(model.system.outputs):
        residual = model.residuals.get(output.name)
        if residual is not None:
            key = np.random.SeedSequence(seed, spawn_key=(_ERRORS, number))
            normal = np.random.Generator(np.random.Philox(key)).standard_normal(values.shape[1:])
            measured[number] = _with_error(residual, values[number], normal)
    return measured


def _with_error(residual: Residual, values: Array, normal: Array) -> Array:
    sd = np.sqrt(residual.variance(values))
    if residual.kind is ResidualKind.LOG:
        return np.asarray(values * np.exp(sd * normal))
    found = values + sd * normal
    return np.where(values >= 0, np.maximum(found, 0.0), found)
