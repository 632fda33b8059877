"""A comparison by several models at once that can be stored: with it stands how far each model was believed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from twins.estimation.averaging import Average, Weighting, weigh
from twins.estimation.fit import Fit
from twins.estimation.individualise import seed_for
from twins.forecasts.compare import compare_together
from twins.forecasts.forecast import ComparisonResult
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.samples.course import Course


def average_of(models: Sequence[PopulationModel], fits: Sequence[Fit], course: Course) -> Average:
    """The models weighed by one rule, seed and number of draws, so that a page, a worker and a replay agree."""
    return weigh(
        models,
        fits,
        course,
        seed=seed_for(course.digest(), "average"),
        draws=max(len(fit.draws) for fit in fits),
    )


def compare_averaged(
    models: Sequence[PopulationModel],
    fits: Sequence[Fit],
    course: Course,
    plans: Sequence[Plan],
    *,
    target: Target,
    twins: Sequence[str],
    horizon_h: float = 72.0,
) -> ComparisonResult:
    """`compare_together` with the shares of the models in its result.

    Parameters
    ----------
    twins
        The digest of each fit, as its twin version is stored.

    Raises
    ------
    CannotForecastError, ValueError
        As `compare_together`.
    """
    average = average_of(models, fits, course)
    found = compare_together(average, course, plans, target=target, horizon_h=horizon_h)
    return replace(found, averaged=shares_of(average, twins))


def shares_of(average: Average, twins: Sequence[str]) -> dict[str, Any]:
    """How the average was come by, as plain values: `ComparisonResult.averaged`."""
    shares = [
        Share(
            model_id=member.model.id,
            model_version=member.model.version,
            twin=twin,
            weight=member.weight,
            evidence=member.evidence if math.isfinite(member.evidence) else None,
            standard_error=member.standard_error,
            draws=len(member.draws),
            reason=member.reason,
        )
        for member, twin in zip(average.members, twins, strict=True)
    ]
    return {"weighting": average.weighting.name, "seed": average.seed, "shares": [asdict(share) for share in shares]}


@dataclass(frozen=True, slots=True)
class Share:
    """One model's part in an averaged comparison, from its twin version whose digest is `twin`.

    `evidence` is the logarithm of what the weight is in proportion to; None where the model was left out, for `reason`.
    """

    model_id: str
    model_version: str
    twin: str
    weight: float
    evidence: float | None
    standard_error: float
    draws: int
    reason: str


@dataclass(frozen=True, slots=True)
class Averaged:
    """`ComparisonResult.averaged`, read back."""

    weighting: Weighting
    seed: int
    shares: tuple[Share, ...]

    @classmethod
    def of(cls, result: ComparisonResult) -> "Averaged | None":
        """None where one model answered alone."""
        return None if result.averaged is None else cls.from_json(result.averaged)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Averaged":
        return cls(Weighting[data["weighting"]], data["seed"], tuple(Share(**item) for item in data["shares"]))
