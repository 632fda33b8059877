"""Why the forecasts of a stored comparison may not hold for this patient, beyond their own uncertainty."""

from dataclasses import dataclass

from twins.estimation.doubts import contradicting
from twins.estimation.meant import beyond_ranges
from twins.pharmacology import formulary
from twins.records.models import Comparison
from twins.records.together import versions_of
from twins.records.twins import course_of, fit_of


@dataclass(frozen=True, slots=True)
class Reservations:
    """Sentences of the engine, each once, of every model that answered.

    Attributes
    ----------
    contradicting
        Why the patient's levels do not fit a model; see `twins.estimation.doubts.contradicting`.
    outside
        Where the patient lies outside the population that a model was made from.
    """

    contradicting: tuple[str, ...]
    outside: tuple[str, ...]

    @classmethod
    def of(cls, comparison: Comparison) -> "Reservations":
        levels: dict[str, None] = {}
        ranges: dict[str, None] = {}
        for version in versions_of(comparison):
            model = formulary.model(version.model_id)
            levels |= dict.fromkeys(contradicting(model, fit_of(version)))
            ranges |= dict.fromkeys(beyond_ranges(model, course_of(version)))
        return cls(tuple(levels), tuple(ranges))
