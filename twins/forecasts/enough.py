"""How often a regimen is enough: probability of target attainment in a population, over MICs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from twins.forecasts.exposure import Window, attained, band
from twins.forecasts.metrics import measured
from twins.forecasts.population import drawn
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Enough:
    """One regimen against one MIC: shares of the simulated patients by the target's metric over [from_h, to_h)."""

    regimen: str
    threshold: float
    from_h: float
    to_h: float
    median: float
    p_in_target: float
    p_above: float
    p_below: float


class AttainmentTable(tuple[Enough, ...]):
    """Rows by regimen, then by MIC."""

    __slots__ = ()

    def to_frame(self) -> "pd.DataFrame":
        """One row a regimen and MIC."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        names = ("regimen", "threshold", "from_h", "to_h", "median", "p_in_target", "p_above", "p_below")
        return pd.DataFrame([{name: getattr(row, name) for name in names} for row in self], columns=list(names))


def pta(
    model: PopulationModel,
    covariates: Mapping[str, ArrayLike],
    regimens: Sequence[Regimen],
    *,
    target: Target,
    thresholds: Sequence[float],
    n: int = 1000,
    seed: int = 0,
    window_h: tuple[float, float] | None = None,
) -> AttainmentTable:
    """Probability of target attainment of each regimen at each MIC, in `n` patients drawn from the population.

    Parameters
    ----------
    covariates
        As in `simulate`. Every regimen is given to the same patients.
    target
        Its metric is `Metric.TIME_ABOVE` or `Metric.RATIO`; its own threshold does not matter.
    thresholds
        MICs in the unit of the model's first output.
    window_h
        Hours since the first dose; by default the window that a plan is judged by, from the second day on.

    Raises
    ------
    ValueError
        If the target's metric knows no MIC, or a MIC is not positive.
    """
    if target.metric not in (Metric.TIME_ABOVE, Metric.RATIO):
        raise ValueError(
            f"the target is of {target.metric}, which knows no MIC; give one of time above or AUC24 over MIC"
        )
    if not thresholds or not all(threshold > 0 for threshold in thresholds):
        raise ValueError(f"thresholds are {list(thresholds)}; give positive MICs")
    plans = [Plan(regimen.sentence(), regimen) for regimen in regimens]
    windows = [window_h or Window.of(plan, target).at(0.0) for plan in plans]
    until = max((end for _, end in windows), default=0.0)
    present = drawn(model, covariates, n=n, seed=seed, until_h=until).present
    rows = []
    for plan, window in zip(plans, windows, strict=True):
        for threshold in thresholds:
            aim = replace(target, threshold=float(threshold))
            (found,) = attained(measured(present, plan, aim, [window]), aim)
            middle = band(found.values).q50
            rows.append(Enough(plan.label, threshold, *window, middle, found.p_in_target, found.p_above, found.p_below))
    return AttainmentTable(rows)
