"""Elimination that rises over the first days of treatment."""

import math
from dataclasses import replace
from functools import cache
from typing import Any

from numpy.typing import NDArray

from twins.pharmacology.structures.mammillary import ways
from twins.pharmacology.structures.names import CENTRAL_VOLUME, CONCENTRATION, FIRST_DOSE
from twins.solvers.system import Equations, System

ELIMINATION = "elimination_per_h"
ELIMINATION_RISE = "elimination_rise_per_h"
RISE_RATE = "rise_rate_per_h"


@cache
def rising_elimination(unit: str = "mg/L", scale: float = 1.0) -> System:
    """One compartment that empties faster and faster: oral doses enter it at once.

    x' = -(k0 + kplus (1 - exp(-kk T))) x with T h since the first dose (`FIRST_DOSE`, h since the course's start):
    tacrolimus in the first 14 days after transplantation, tdmore-dev/tacrolimuskws-public
    inst/models/D0_14_Troughs_1cpt_BASE_TSFD_MPC.R.
    """
    states = ("central",)
    inputs = ways(states)
    return System(
        name="one compartment, linear elimination that rises with time since the first dose",
        parameters=(CENTRAL_VOLUME, ELIMINATION, ELIMINATION_RISE, RISE_RATE, FIRST_DOSE),
        states=states,
        inputs={**inputs, "oral": inputs["central"]},
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Equations(_rhs),
        zero_allowed=frozenset({ELIMINATION_RISE, FIRST_DOSE}),
    )


def _rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
    since = max(t - p[4], 0.0)
    dy[0] = -(p[1] + p[2] * (1.0 - math.exp(-p[3] * since))) * y[0]
