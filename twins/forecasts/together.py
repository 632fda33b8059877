"""Several models of one drug as one: the draws of each, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.forecasts.simulate import Pieces, Present
from twins.pharmacology.regimen import Plan
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Together(Present):
    """The first model's draws, with those of `others` below them in everything that is computed from them.

    The models share the course and the unit of their first output, which alone is looked at.
    """

    others: tuple[Present, ...] = ()

    @classmethod
    def of(cls, members: Sequence[Present]) -> "Together":
        """At least one; all at the end of the same course, laid equally far."""
        first = members[0]
        return cls(
            first.model, first.course, first.chart, first.parameters, first.state, first.until_h, tuple(members[1:])
        )

    def look_back(self, times_h: Array) -> Array:
        return _below(Present.look_back(self, times_h), *(other.look_back(times_h) for other in self.others))

    def follow(self, plan: Plan | None, times_h: Array, *, exposure: bool = True) -> Trajectory:
        """As `Present.follow`, of the first output alone and without the states, which differ from model to model."""
        runs = [
            Present.follow(self, plan, times_h, exposure=exposure),
            *(other.follow(plan, times_h, exposure=exposure) for other in self.others),
        ]
        rows = sum(run.failed.size for run in runs)
        return Trajectory(
            values=_below(*(run.concentration for run in runs))[np.newaxis],
            auc=_below(*(run.auc for run in runs)),
            highest=_below(*(run.highest for run in runs)),
            state=np.zeros((rows, 0)),
            failed=np.concatenate([run.failed for run in runs]),
        )

    def measure(
        self,
        plan: Plan | None,
        edges_h: Array,
        *,
        lower: float | None = None,
        upper: float | None = None,
        output: int = 0,
    ) -> Pieces:
        _first_alone(output)
        found = [
            Present.measure(self, plan, edges_h, lower=lower, upper=upper),
            *(other.measure(plan, edges_h, lower=lower, upper=upper) for other in self.others),
        ]
        return Pieces(
            auc=_below(*(pieces.auc for pieces in found)),
            highest=_below(*(pieces.highest for pieces in found)),
            lowest=_below(*(pieces.lowest for pieces in found)),
            at_end=_below(*(pieces.at_end for pieces in found)),
            above_h=_below(*(pieces.above_h for pieces in found)),
            over_h=_below(*(pieces.over_h for pieces in found)),
        )

    def at_edges(self, plan: Plan | None, edges_h: Array, output: int) -> Pieces:
        _first_alone(output)
        return Present.at_edges(self, plan, edges_h, output)


def _first_alone(output: int) -> None:
    if output:
        raise ValueError(
            f"output number {output} was asked of several models together, whose further outputs need not be the same; "
            "ask each model apart"
        )


def _below(*rows: Array) -> Array:
    return np.concatenate(rows, axis=0)
