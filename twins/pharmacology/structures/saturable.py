"""Elimination that saturates: Michaelis and Menten's, alone or beside linear elimination."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from numpy.typing import NDArray

from twins.pharmacology.structures.mammillary import PERIPHERAL, ways
from twins.pharmacology.structures.names import (
    ABSORPTION,
    BIOAVAILABILITY,
    CENTRAL_VOLUME,
    CLEARANCE,
    CONCENTRATION,
    FIRST_DOSE,
    KM,
    LAG,
    ONE_OR_TWO,
    Q2,
    V2,
    VMAX,
    WORDS,
)
from twins.quantities.sentence import Sentence
from twins.solvers.system import Equations, Input, System

_ORAL_ALONE = Sentence("lag and bioavailability are of the oral way; set oral")

GREATEST_INHIBITION = "greatest_inhibition"
HALF_INHIBITION = "half_inhibition_h"
INHIBITION_BEGINS_H = 1.0
"""After the first dose: Friberg 2012 states the maximum rate as it is at 1 h."""

ABSORBED_MG = 1e-9
"""A depot that holds no more stays as it is until the next dose: that of voriconazole empties at 100/h in adults."""


@cache
def michaelis_menten(
    count: int,
    *,
    linear: bool = False,
    oral: bool = False,
    lag: bool = False,
    bioavailability: bool = False,
    inhibited: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """One or two compartments with saturable elimination.

    With C = x1 / V1: x1' = ka a - Vmax C / (Km + C) - CL C - Q (C - x2 / V2);  x2' = Q (C - x2 / V2);  a' = -ka a. CL
    is there where `linear`, the depot where `oral`. Wagner, J Pharmacokinet Biopharm 1973;1:103-121.

    With `inhibited`, Vmax falls with the time T since the first dose (`FIRST_DOSE`, h since the course's start):
    Vmax (1 - I (T - 1) / ((T - 1) + (T50 - 1))) from T = 1 h on; voriconazole in Friberg et al., Antimicrob Agents
    Chemother 2012;56:3032-3042, doi 10.1128/AAC.05761-11. T50 is more than 1 h.

    Parameters in order: central volume, Vmax, Km, then those of linear elimination, of the second compartment, of
    absorption (rate, lag, bioavailability) and of inhibition (`GREATEST_INHIBITION`, `HALF_INHIBITION`, `FIRST_DOSE`).

    Raises
    ------
    ValueError
        If `count` is neither 1 nor 2, or lag or bioavailability are asked for without `oral`.
    """
    if count not in (1, 2):
        raise ValueError(ONE_OR_TWO(count=count))
    if not oral and (lag or bioavailability):
        raise ValueError(_ORAL_ALONE())
    parameters = (
        CENTRAL_VOLUME,
        VMAX,
        KM,
        *((CLEARANCE,) if linear else ()),
        *((Q2, V2) if count == 2 else ()),
        *((ABSORPTION,) if oral else ()),
        *((LAG,) if lag else ()),
        *((BIOAVAILABILITY,) if bioavailability else ()),
        *((GREATEST_INHIBITION, HALF_INHIBITION, FIRST_DOSE) if inhibited else ()),
    )
    states = ("central", *PERIPHERAL[: count - 1], *(("depot",) if oral else ()))
    depot = Input("depot", lag=LAG if lag else "", fraction=BIOAVAILABILITY if bioavailability else "")
    beside = " and linear" if linear else ""
    return System(
        name=f"{WORDS[count]}, Michaelis-Menten{beside} elimination"
        f"{', inhibited with time' if inhibited else ''}{', first-order absorption' if oral else ', intravenous'}",
        parameters=parameters,
        states=states,
        inputs=ways(states, absorbed=(depot,) if oral else (), routes=routes),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Equations(_right_hand_side(parameters, states)),
        zero_allowed=frozenset({LAG, GREATEST_INHIBITION, FIRST_DOSE}),
    )


def _right_hand_side(parameters: tuple[str, ...], states: tuple[str, ...]) -> Callable[..., Any]:
    def column(name: str) -> int:
        return parameters.index(name) if name in parameters else 0

    linear, inhibited = CLEARANCE in parameters, FIRST_DOSE in parameters
    two, oral = "peripheral" in states, "depot" in states
    volume, vmax, km, clearance = (column(name) for name in (CENTRAL_VOLUME, VMAX, KM, CLEARANCE))
    exchange, further, absorption = (column(name) for name in (Q2, V2, ABSORPTION))
    greatest, half, first = (column(name) for name in (GREATEST_INHIBITION, HALF_INHIBITION, FIRST_DOSE))
    depot = len(states) - 1

    def rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        c = y[0] / p[volume]
        most = p[vmax]
        if inhibited:
            since = max(t - p[first] - INHIBITION_BEGINS_H, 0.0)
            most *= 1.0 - p[greatest] * since / (since + p[half] - INHIBITION_BEGINS_H)
        gone = most * c / (p[km] + c)
        if linear:
            gone += p[clearance] * c
        dy[0] = -gone
        if two:
            moved = p[exchange] * (c - y[1] / p[further])
            dy[0] -= moved
            dy[1] = moved
        if oral:
            # Absorption within minutes limits an explicit step for as long as anything is left to absorb.
            absorbed = p[absorption] * y[depot] if y[depot] > ABSORBED_MG else 0.0
            dy[0] += absorbed
            dy[depot] = -absorbed

    return rhs
