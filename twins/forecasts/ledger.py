"""The ledger: what a twin said a level would be before it was known, and how such forecasts turned out.

A forecast of a level is the distribution of the *measurement*: the posterior draws that the twin had then, carried
through the doses that were then really given, with the model's residual error added. What was planned and not given is
not the twin's fault, so plans play no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts.compare import CannotForecastError
from twins.forecasts.forecast import QUANTILES, Band
from twins.forecasts.profiles import Profiles
from twins.forecasts.simulate import profiles
from twins.pharmacology.population import PopulationModel
from twins.quantities.dose import Dose
from twins.samples.course import Course


@dataclass(frozen=True, slots=True)
class Entry:
    """One level and what was said of it; values in the unit of the model's first output."""

    measured: float
    forecast: Band

    @property
    def error(self) -> float:
        """Forecast median minus measured: positive where the forecast was too high."""
        return self.forecast.q50 - self.measured

    @property
    def within_50(self) -> bool:
        return self.forecast.q25 <= self.measured <= self.forecast.q75

    @property
    def within_90(self) -> bool:
        return self.forecast.q05 <= self.measured <= self.forecast.q95


@dataclass(frozen=True, slots=True)
class Score:
    """How `count` forecasts turned out.

    Attributes
    ----------
    bias, rmse : float
        Mean and root mean square of the errors (see `Entry.error`), in the unit of the values.
    within_50, within_90 : int
        How many measured values lay in the 50 % and in the 90 % interval.
    """

    count: int
    bias: float
    rmse: float
    within_50: int
    within_90: int


def score(entries: Sequence[Entry]) -> Score | None:
    """The score of `entries`, or None where there is none."""
    if not entries:
        return None
    errors = np.array([entry.error for entry in entries])
    return Score(
        count=len(entries),
        bias=float(errors.mean()),
        rmse=float(np.sqrt(np.mean(np.square(errors)))),
        within_50=sum(entry.within_50 for entry in entries),
        within_90=sum(entry.within_90 for entry in entries),
    )


def foretell(model: PopulationModel, course: Course, fit: Fit, *, given: Sequence[Dose], time_h: float) -> Band:
    """What `fit` of `course` says that a measurement at `time_h` would show.

    Parameters
    ----------
    given
        Doses given since, in hours since this course's start; those that begin before the course's end are known to it
        already and left out.
    time_h
        Hours since the course's start.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    CovariateError, SimulationError
        If the course lacks what the model needs, or its equations cannot be carried to the time.
    """
    if fit.outcome is FitOutcome.CANNOT:
        raise CannotForecastError(fit.reason)
    since = [dose for dose in given if course.until_h < dose.start_h < time_h]
    known = [dose for dose in course.doses if dose.start_h <= course.until_h]
    doses = tuple(sorted((*known, *since), key=lambda dose: dose.start_h))
    until = replace(course, doses=doses, until_h=max(course.until_h, time_h))
    values = profiles(model, until, fit.draws, None, [time_h], seed=fit.seed)
    measured = Profiles.of(model, np.array([time_h]), values, seed=fit.seed, with_residual=True)
    return Band(*(float(value) for value in measured.quantiles(QUANTILES)[0, :, 0]))
