"""`Proposal`: what the regimen search found, and what kept it from being better."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.pharmacology.regimen import Plan

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan, how it lies to the target in its sentence's window, and what kept it from being better.

    Attributes
    ----------
    score : float
        Chance in the target less the chance above it, over the sentence's window and the one after.
    bound_by
        Limits that a better plan would break, in words; empty where none would.
    """

    plan: Plan
    score: float
    p_in_target: float
    p_above: float
    p_below: float
    bound_by: tuple[str, ...] = ()


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
                    "bound_by": "; ".join(item.bound_by),
                }
                for item in self
            ]
        )
