"""`average`: several models of one drug on one patient, weighed by how well they explain the same levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from twins.api.ahead import Ask, forecast
from twins.api.library import chosen, models
from twins.api.named import needed
from twins.api.twin import NoTwinError, Twin
from twins.estimation import averaging
from twins.estimation.averaging import Average, Weighting
from twins.estimation.individualise import Options, seed_for
from twins.forecasts.profiles import Profiles
from twins.pharmacology.population import PopulationModel
from twins.samples.course import Course

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Averaged:
    """Twins of one patient under several models.

    Attributes
    ----------
    course : Course
    average : Average
        Members with weight, fit and their share of the pooled draws.
    """

    course: Course
    average: Average

    @property
    def weights(self) -> dict[str, float]:
        """By model id; 0 where a model could not be fitted to the same levels."""
        return {member.model.id: member.weight for member in self.average.members}

    @property
    def best(self) -> Twin:
        """The twin of the model with the greatest weight: what model selection takes."""
        return Twin(self.average.best.model, self.course, self.average.best.fit)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The weights, how they were come by, and which models were left out and why."""
        return self.average.sentences

    def forecast(
        self, plan: Ask = None, *, horizon_h: float = 72.0, step_h: float = 0.5, times_h: ArrayLike | None = None
    ) -> Profiles:
        """The first output under all models together, each with its weight's share of the draws."""
        found = [
            forecast(
                Twin(member.model, self.course, replace(member.fit, draws=member.draws)),
                plan,
                horizon_h=horizon_h,
                step_h=step_h,
                times_h=times_h,
            )
            for member in self.average.used
        ]
        first = found[0]
        values = np.concatenate([profiles.values[:1] for profiles in found], axis=1)  # noqa: PD011 (no DataFrame)
        return Profiles(first.outputs[:1], first.units[:1], first.times_h, values, first.with_residual)

    def to_frame(self) -> "pd.DataFrame":
        """One row a model: weight, the logarithm that it comes of, and why a model was left out."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "model": member.model.id,
                    "weight": member.weight,
                    "log_evidence": member.evidence,
                    "standard_error": member.standard_error,
                    "reason": member.reason,
                }
                for member in self.average.members
            ]
        )

    def __repr__(self) -> str:
        return "\n".join(["Averaged twin:", *(f"  {sentence}" for sentence in self.sentences)])


def average(
    of: Sequence[PopulationModel | str] | str,
    course: Course,
    *,
    draws: int = 1000,
    seed: int | None = None,
    weighting: Weighting = Weighting.LIKELIHOOD,
    prior: Mapping[str, float] | None = None,
    options: Options | None = None,
) -> Averaged:
    """Fit each model to the course and weigh them by how well they explain the same levels.

    Parameters
    ----------
    of : sequence of models or ids, or the name of a drug
        Of a drug all models that ship.
    prior : mapping of str to float
        Weights by model id before any level; equal where left out.

    Raises
    ------
    NoTwinError
        If no model could be fitted, with the reasons.
    """
    needed("course", course, Course, "give a Course, as twins.Course.from_data makes it")
    members = [chosen(item) for item in (models(of) if isinstance(of, str) else of)]
    start = seed_for(course.digest(), "average") if seed is None else seed
    found = averaging.average(
        members, course, seed=start, draws=draws, weighting=weighting, prior=prior, options=options
    )
    if not found.used:
        raise NoTwinError(" ".join(found.sentences))
    return Averaged(course, found)
