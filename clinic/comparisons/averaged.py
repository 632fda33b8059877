"""What the page shows of a comparison that several models answered together: each with its weight and its card."""

from dataclasses import dataclass, replace

from clinic.charts.parameters import ParameterRow, parameter_rows
from clinic.charts.shown_levels import ShownLevels
from clinic.charts.twin_facts import Quality, quality
from twins.estimation.averaging import Weighting
from twins.forecasts.averaged import Averaged, Share
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.records.models import Comparison, TwinVersion
from twins.records.together import versions_of
from twins.records.twins import fit_of


@dataclass(frozen=True, slots=True)
class MemberCard:
    """One of the models: its share, and the twin that it made of the same data."""

    share: Share
    version: TwinVersion
    model: PopulationModel
    quality: Quality
    parameters: tuple[ParameterRow, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """All of them, in the order of their shares."""

    weighting: Weighting
    seed: int
    members: tuple[MemberCard, ...]

    @classmethod
    def of(cls, comparison: Comparison) -> "Together | None":
        """None where one model answered alone."""
        kept = comparison.result.get("averaged")
        if kept is None:
            return None
        averaged = Averaged.from_json(kept)
        return cls(
            averaged.weighting,
            averaged.seed,
            tuple(
                _card(share, version) for share, version in zip(averaged.shares, versions_of(comparison), strict=True)
            ),
        )

    @property
    def shares(self) -> tuple[tuple[str, float], ...]:
        """Title and weight of each, the weightiest first."""
        kept = sorted(self.members, key=lambda member: -member.share.weight)
        return tuple((member.model.title, member.share.weight) for member in kept)


def _card(share: Share, version: TwinVersion) -> MemberCard:
    levels = ShownLevels.of(version.drug)
    model, fit = formulary.model(share.model_id), levels.fit(fit_of(version))
    share = replace(share, reason=levels.sentence(share.reason))
    return MemberCard(share, version, model, quality(fit), parameter_rows(fit, model))
