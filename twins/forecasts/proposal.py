"""`Proposal`: what the regimen search found, and what kept it from being better."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.forecasts.wording import CHANCE, percent
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.quantities.sentence import NOTHING, Sentence

if TYPE_CHECKING:
    import pandas as pd

_ABOVE = Sentence(" and above it with {chance}", chance=CHANCE)
_JUDGED = Sentence(
    "Judged until {days:.3g} days from now: in the target with a chance of {inside}{above} from {begin:g} to {end:g} "
    "h; not beyond.",
    inside=CHANCE,
    above=(_ABOVE, NOTHING),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan, how it lies to the target in its sentence's window, and what kept it from being better.

    Attributes
    ----------
    score : float
        Chance in the target less the chance above it, over the sentence's window and the one after, and where the
        plan has settled if that is later.
    bound_by
        Limits of product and ward that a better plan would break, in words; empty where none would.
    held_by
        What else kept it from being better: the choice of intervals, and the upper end of the target.
    settled_from_h, settled_to_h : float
        The last window that the plan was judged in, hours from the course's end.
    settled_p_in_target, settled_p_above, settled_p_below : float
        How it lies to the target there.
    """

    plan: Plan
    target: Target
    score: float
    p_in_target: float
    p_above: float
    p_below: float
    bound_by: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    settled_from_h: float = math.nan
    settled_to_h: float = math.nan
    settled_p_in_target: float = math.nan
    settled_p_above: float = math.nan
    settled_p_below: float = math.nan

    @property
    def judged(self) -> str:
        """Until when the plan was judged, and how it lies to the target there: above it only where that is harm."""
        return _JUDGED(
            days=self.settled_to_h / 24.0,
            inside=percent(self.settled_p_in_target),
            above=_ABOVE(chance=percent(self.settled_p_above)) if self.target.has_limit else "",
            begin=self.settled_from_h,
            end=self.settled_to_h,
        )


class Proposals(tuple[Proposal, ...]):
    """Proposals, the best first."""

    __slots__ = ()

    def to_frame(self) -> "pd.DataFrame":
        """One row a proposal."""
        import pandas as pd  # loaded where a table is wanted: it takes longer than all the rest

        return pd.DataFrame(
            [
                {
                    "plan": item.plan.label,
                    "regimen": item.plan.sentence(),
                    "score": item.score,
                    "p_in_target": item.p_in_target,
                    "p_above": item.p_above,
                    "p_below": item.p_below,
                    "settled_p_in_target": item.settled_p_in_target,
                    "settled_p_above": item.settled_p_above,
                    "settled_p_below": item.settled_p_below,
                    "judged_until_h": item.settled_to_h,
                    "bound_by": "; ".join(item.bound_by),
                    "held_by": "; ".join(item.held_by),
                }
                for item in self
            ]
        )
