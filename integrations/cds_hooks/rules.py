"""House settings: from when on a card warns, and what is worth suggesting instead."""

from datetime import timedelta

from integrations.cds_hooks.models import Indicator
from twins.forecasts.forecast import Attained, Target

STALE_AFTER = timedelta(hours=12)
"""As on the worklist: a patient on the drug from whom nothing came for this long."""
FIRST_LEVEL_DUE = timedelta(hours=48)
"""As on the worklist: from then on the first level is overdue."""
NEXT_LEVEL_DUE = timedelta(days=7)
"""A stable patient's level is that old at most before another is due."""
MISSED = 0.5
"""A plan that meets the target with less than this chance more likely misses it."""
BETTER_BY = 0.05
"""An alternative is suggested if its score is this much above the draft's: less is within what the draws can tell."""
MUCH_BETTER_BY = 0.15
"""From here on the card is a warning even where the draft more likely meets the target than not."""
MOST_SUGGESTIONS = 2


def score(found: Attained) -> float:
    """Chance in the target less the chance above it: how the regimen search ranks plans, over one window."""
    return found.p_in_target - found.p_above


def harmful(p_above: float, target: Target) -> bool:
    """Whether harm is more likely than not."""
    return target.has_limit and p_above >= MISSED


def indicator_of(draft: Attained, best: Attained | None) -> Indicator:
    """Critical where the safety limit is more likely exceeded than not, warning where the target is more likely missed
    or much better is at hand.
    """
    if harmful(draft.p_above, draft.target):
        return Indicator.CRITICAL
    behind = best is not None and score(best) >= score(draft) + MUCH_BETTER_BY
    return Indicator.WARNING if draft.p_in_target < MISSED or behind else Indicator.INFO
