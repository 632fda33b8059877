"""What the regimen search proposes for a twin, and what kept each proposal from being better."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from clinic.charts import words
from clinic.charts.shown_levels import ShownLevels
from twins.forecasts.limits import Limits, LimitsError
from twins.forecasts.optimise import optimise, way_in
from twins.forecasts.proposal import Proposal
from twins.forecasts.simulate import SimulationError
from twins.pharmacology.covariates import CovariateError
from twins.pharmacology.drug import Practice
from twins.pharmacology.target import Target
from twins.records.models import TwinVersion
from twins.records.standing import Standing, standing

_KEPT = 64
"""Twin versions whose proposals one process keeps; a version never changes, and neither do its proposals."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One proposal under the name that the form's button sends."""

    name: str
    proposal: Proposal
    bounds: tuple[str, ...]

    @property
    def title(self) -> str:
        return words.plan_title(self.proposal.plan)


def proposals(of: Standing) -> tuple[ProposalRow, ...]:
    """The best first; none where the search finds nothing to choose from."""
    found = _searched(of.version.pk, of.drug.practice, of.drug.target)
    levels, target = ShownLevels.of(of.drug), of.drug.target
    return tuple(
        ProposalRow(f"p{number}", item, tuple(levels.about(words, target) for words in (*item.bound_by, *item.held_by)))
        for number, item in enumerate(found, 1)
    )


@lru_cache(maxsize=_KEPT)
def _searched(version_id: UUID, practice: Practice, target: Target) -> tuple[Proposal, ...]:
    known = standing(TwinVersion.objects.get(pk=version_id))
    try:
        limits = Limits.of(practice, route=way_in(known.model, known.course, known.current))
        found = optimise(known.model, known.course, known.fit, target=target, limits=limits, current=known.current)
    except (LimitsError, SimulationError, CovariateError):
        return ()
    return tuple(found)
