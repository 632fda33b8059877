"""Whether a chance came to lie on the other side of a limit, between two comparisons of one twin."""

from collections.abc import Mapping
from typing import Any

from integrations.fhir.subscriptions.filters import Filters
from integrations.fhir.subscriptions.topics import Outcome
from twins.pharmacology.target import Target
from twins.records.models import Comparison

DEFAULT_PER_CENT = 50.0
"""More likely than not: the worklist's own limit (`clinic.worklist.attention`)."""
_FIELDS = {Outcome.ABOVE: "p_above", Outcome.BELOW: "p_below", Outcome.WITHIN: "p_in_target"}

Chances = Mapping[Outcome, float]


def chances(result: Mapping[str, Any]) -> dict[Outcome, float]:
    """Per cent, by outcome, under the current plan of a stored comparison: of its days the greatest.

    The plan that comes first is the current one, and each of its days has a chance of its own; the safety of a plan is
    that of its worst day.
    """
    days = result["forecasts"][0]["days"]
    return {outcome: max((100.0 * day[field] for day in days), default=0.0) for outcome, field in _FIELDS.items()}


def before(comparison: Comparison) -> Chances | None:
    """The chances of the twin's last comparison before this one; None where there is none."""
    version = comparison.twin_version
    earlier = Comparison.objects.filter(
        is_default=True,
        twin_version__subject=version.subject_id,
        twin_version__drug=version.drug,
        twin_version__model_id=version.model_id,
        twin_version__number__lt=version.number,
    )
    result = earlier.order_by("-twin_version__number").values_list("result", flat=True).first()
    return chances(result) if result is not None else None


def crossed(filters: Filters, target: Target, now: Chances, earlier: Chances | None) -> bool:
    """Whether a chance that the filters name crossed a limit that they name, upwards or downwards.

    Without an outcome it is the one that the drug's target warns of: above it, or below it where it has no upper limit.
    A first comparison counts as coming from below every limit, so that a danger is told that was there from the start.
    """
    warned = Outcome.ABOVE if target.has_limit else Outcome.BELOW
    outcomes = [Outcome(name) for name in filters.get("outcome", [warned])]
    limits = [float(text) for text in filters.get("probability", [str(DEFAULT_PER_CENT)])]
    return any(
        (now[outcome] >= limit) != (earlier is not None and earlier[outcome] >= limit)
        for outcome in outcomes
        for limit in limits
    )
