"""A plan's exposure over windows of one's own, and several targets beside each other."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts.compare import CannotForecastError, attained
from twins.forecasts.exposure import Window, band
from twins.forecasts.forecast import Attained, Band
from twins.forecasts.metrics import check, measured
from twins.forecasts.simulate import AHEAD_H, Pieces, Present
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Metric, Target
from twins.quantities.unit import of_area
from twins.samples.course import Course

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exposed:
    """One metric over one window [from_h, to_h), hours since the course's start: quantiles over the draws."""

    from_h: float
    to_h: float
    metric: str
    unit: str
    value: Band


class Exposures(tuple[Exposed, ...]):
    """Rows by window, then by metric."""

    __slots__ = ()

    def to_frame(self) -> "pd.DataFrame":
        """One row a window and metric."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        return pd.DataFrame(
            [
                {"from_h": row.from_h, "to_h": row.to_h, "metric": row.metric, "unit": row.unit} | asdict(row.value)
                for row in self
            ]
        )


@dataclass(frozen=True, slots=True)
class PlanAttained:
    """How one plan lies to one target."""

    plan: Plan
    attained: Attained


class Attainments(tuple[PlanAttained, ...]):
    """Rows by plan, then by target."""

    __slots__ = ()

    def to_frame(self) -> "pd.DataFrame":
        """One row a plan and target; `p_in_target` is the chance of benefit, `p_above` that of harm."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        return pd.DataFrame(
            [
                {
                    "plan": row.plan.label,
                    "target": row.attained.target.name,
                    "metric": str(row.attained.target.metric),
                    "unit": row.attained.target.unit,
                    "harm": row.attained.target.harm,
                    "from_h": row.attained.from_h,
                    "to_h": row.attained.to_h,
                    **asdict(row.attained.value),
                    "p_in_target": row.attained.p_in_target,
                    "p_above": row.attained.p_above,
                    "p_below": row.attained.p_below,
                }
                for row in self
            ]
        )


def exposure(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    plan: Plan | None = None,
    *,
    windows_h: Sequence[tuple[float, float]],
    mic: float | None = None,
    unbound: float = 1.0,
    between: tuple[float, float] | None = None,
) -> Exposures:
    """Every metric of the first output over each window; see `twins.forecasts.metrics` for how each is defined.

    Parameters
    ----------
    windows_h
        Half-open windows, hours since the course's start, from its end on.
    mic
        Concentration that the unbound one is held against: time above it and AUC24 over it, in the output's unit.
    unbound
        Fraction unbound, for what is held against `mic` alone.
    between
        Lower and upper end of a range: the share of the time in it.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    ValueError
        If a window is empty or begins before the course's end.
    """
    present = _reached(model, course, fit, max((end for _, end in windows_h), default=0.0) - course.until_h)
    check(present, windows_h)
    rows = []
    for start, end in windows_h:
        pieces = present.measure(plan, np.array([start, end]))
        found = _plain(present, plan, pieces, start, end)
        if mic is not None:
            unit = "1"
            found.append(("time above MIC", unit, _asked(present, plan, Metric.TIME_ABOVE, (start, end), mic, unbound)))
            found.append(("AUC24 over MIC", "h", _asked(present, plan, Metric.RATIO, (start, end), mic, unbound)))
        if between is not None:
            aim = Target("", between[0], between[1], "", Metric.TIME_IN_RANGE, present.unit)
            found.append(("time in range", "1", measured(present, plan, aim, [(start, end)]).each[:, 0]))
        rows += [Exposed(start, end, name, unit, band(values)) for name, unit, values in found]
    return Exposures(rows)


def attainment(
    model: PopulationModel, course: Course, fit: Fit, plans: Sequence[Plan], *, targets: Sequence[Target]
) -> Attainments:
    """How each plan lies to each target: chance of benefit in it, of harm above it, and of too little below it.

    Each is taken over the window that the plan's sentence would speak of.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    """
    ahead = max((Window.of(plan, target).to_h for plan in plans for target in targets), default=0.0)
    present = _reached(model, course, fit, ahead)
    return Attainments(PlanAttained(plan, attained(present, plan, target)) for plan in plans for target in targets)


def _reached(model: PopulationModel, course: Course, fit: Fit, ahead_h: float) -> Present:
    if fit.outcome is FitOutcome.CANNOT:
        raise CannotForecastError(fit.reason)
    return Present.reach(model, course, fit.draws, seed=fit.seed, ahead_h=max(AHEAD_H, ahead_h))


def _plain(
    present: Present, plan: Plan | None, pieces: Pieces, start: float, end: float
) -> list[tuple[str, str, Array]]:
    unit = present.unit
    area = pieces.auc[:, 0]
    trough = Target("", 0.0, 1.0, "", Metric.TROUGH, unit)
    return [
        ("AUC", of_area(unit), area),
        ("AUC24", of_area(unit), area * (24.0 / (end - start))),
        ("average", unit, area / (end - start)),
        ("highest", unit, pieces.highest[:, 0]),
        ("lowest", unit, pieces.lowest[:, 0]),
        ("trough", unit, measured(present, plan, trough, [(start, end)]).each[:, 0]),
        ("at the end", unit, pieces.at_end[:, 0]),
    ]


def _asked(
    present: Present, plan: Plan | None, metric: Metric, window: tuple[float, float], mic: float, unbound: float
) -> Array:
    aim = Target("", 0.0, 1.0, "", metric, "1", threshold=mic, unbound=unbound)
    return measured(present, plan, aim, [window]).each[:, 0]
