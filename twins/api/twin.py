"""`Twin`: one patient's course, a model and its fit, together."""

import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twins.api.library import chosen
from twins.api.named import needed, whole_seed
from twins.estimation import individualise as estimation
from twins.estimation.fit import Fit, FitOutcome
from twins.pharmacology.covariates import history
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import PopulationModel
from twins.samples.course import Course

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class NoTwinError(ValueError):
    """The model could not be fitted to the course; the message is the reason, as the pages show it."""


@dataclass(frozen=True, eq=False)
class Twin:
    """What `individualise` gives: the parts, and the individual's parameters as a table.

    Attributes
    ----------
    model : PopulationModel
    course : Course
    fit : Fit
        Effects, their covariance, posterior draws and diagnostics.
    """

    model: PopulationModel
    course: Course
    fit: Fit

    @property
    def parameters(self) -> dict[str, float]:
        """The individual's parameters at the course's end, by name."""
        return {name: self.fit.parameters[name] for name in self.model.parameters}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the fit may not be trusted as it stands, in sentences."""
        return (*self.fit.warnings, *misread(self.model, self.course))

    @cached_property
    def draws(self) -> Array:
        """Posterior draws of the parameters at the course's end, shape (draws, parameters); without dialysis."""
        chart = history(self.model, self.course)
        who = Individual.of(self.model, chart)
        now = who.epoch_at(self.course.until_h)
        return np.ascontiguousarray(who.parameters(who.widen(self.fit.draws))[:, now] - chart.added[now])

    def to_frame(self) -> "pd.DataFrame":
        """One row a parameter: typical for this patient's covariates, individual, and where 90 % of the draws lie."""
        import pandas as pd

        low, high = np.quantile(self.draws, (0.05, 0.95), axis=0)
        names = self.model.parameters
        return pd.DataFrame(
            {
                "typical": [self.fit.typical[name] for name in names],
                "individual": [self.fit.parameters[name] for name in names],
                "standard_error": [self.fit.standard_errors.get(name, 0.0) for name in names],
                "q05": low,
                "q95": high,
            },
            index=pd.Index(names, name="parameter"),
        )

    def levels_frame(self) -> "pd.DataFrame":
        """One row a level that was fitted: measured, predicted by the population and by the individual."""
        import pandas as pd

        columns = ("time_h", "output", "observed", "below_limit", "population", "individual", "weighted_residual")
        rows = [{name: getattr(level, name) for name in columns} for level in self.fit.residuals]
        return pd.DataFrame(rows, columns=list(columns))

    def __repr__(self) -> str:
        count, held = len(self.fit.residuals), len(self.course.levels)
        learned = f"fitted to {count} level{'' if count == 1 else 's'}"
        if not count:
            left_out = f"its {held} level{' was' if held == 1 else 's were'} left out"
            learned = f"not fitted: {left_out if held else 'no level yet'}"
        head = f"Twin: {self.model.drug}, {self.model.title}, {learned}"
        typical = self.fit.typical
        values = [f"  {name} {value:.3g} (typical {typical[name]:.3g})" for name, value in self.parameters.items()]
        return "\n".join([head, *values, *(f"  ! {warning}" for warning in self.warnings)])


def individualise(
    model: PopulationModel | str,
    course: Course,
    *,
    draws: int = 1000,
    seed: int | None = None,
    options: estimation.Options | None = None,
) -> Twin:
    """Fit a model, or the one with that id, to one patient's course.

    Without a level the twin is the population for this patient's covariates.

    Parameters
    ----------
    draws : int
        How many posterior draws are wanted.
    seed : int, optional
        Of the draws; from the course and the model's id where left out, so that the same question has the same answer.
    options : Options, optional
        How values below quantification count, the covariance, a flattened prior, weights of old levels.

    Raises
    ------
    NoTwinError
        If no twin can be made, with the reason: a covariate that is missing, a level before any dose.
    UnknownModelError
        With the nearest id.
    ModelError
        If an argument is of another kind; names it, its value and the remedy.
    """
    used = chosen(model)
    needed("course", course, Course, "give a Course, as twins.Course.from_data makes it")
    needed("draws", draws, int, "give a whole number")
    if seed is not None:
        whole_seed(seed)
    if options is not None:
        needed("options", options, estimation.Options, "give twins.Options(...), or leave it out")
    start = estimation.seed_for(course.digest(), used.id) if seed is None else seed
    fit = estimation.individualise(used, course, seed=start, draws=draws, options=options or estimation.Options())
    if fit.outcome is FitOutcome.CANNOT:
        raise NoTwinError(" ".join([fit.reason, *misread(used, course)]))
    return Twin(used, course, fit)


def misread(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Sentences on names of levels and covariates that the model does not read but which are near one that it does."""
    outputs = [output.name for output in model.system.outputs]
    said = []
    for name in dict.fromkeys(level.output for level in course.levels):
        if name and name not in outputs:
            near = difflib.get_close_matches(name.lower(), outputs, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            said.append(f"Levels of {name!r} were left out: {model.title} has the outputs {', '.join(outputs)}{hint}")
    chart = {value.name for value in course.covariates}
    read = {*model.clinical_inputs, *(covariate.name for covariate in model.covariates)}
    for name in sorted(chart - read):
        near = difflib.get_close_matches(name, sorted(read - chart), n=1, cutoff=0.8)
        if near:
            said.append(f"The chart's {name!r} is not read by {model.title}; did you mean {near[0]!r}?")
    return tuple(said)
