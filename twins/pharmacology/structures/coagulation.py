"""Warfarin and the INR: S-warfarin inhibits what clotting factors are made of; two chains delay what is measured."""

# ruff: noqa: ARG001  # all equations have one signature
from functools import cache
from typing import Any

from numpy.typing import NDArray

from twins.pharmacology.structures.mammillary import ways
from twins.pharmacology.structures.names import ABSORPTION, BIOAVAILABILITY, CONCENTRATION, DISPOSITION
from twins.quantities.sentence import Sentence
from twins.solvers.system import Equations, Input, Output, System

_NO_CHAIN = Sentence("fast is {fast} and slow {slow}; give 1 or more compartments")

EC50 = "half_effect_mg_per_l"
GREATEST_EFFECT = "greatest_effect"
STEEPNESS = "steepness"
FAST_TRANSIT = "fast_transit_h"
SLOW_TRANSIT = "slow_transit_h"
INR_BASELINE = "inr_baseline"
INR_GREATEST = "inr_greatest"
INR_EXPONENT = "inr_exponent"
_COLUMNS = (
    *DISPOSITION[:4],
    ABSORPTION,
    BIOAVAILABILITY,
    EC50,
    GREATEST_EFFECT,
    STEEPNESS,
    FAST_TRANSIT,
    SLOW_TRANSIT,
    INR_BASELINE,
    INR_GREATEST,
    INR_EXPONENT,
)
_CL, _V1, _Q, _V2, _KA, _F, _EC50, _EMAX, _STEEP, _FAST, _SLOW, _BASE, _MOST, _POWER = range(len(_COLUMNS))
_CENTRAL, _PERIPHERAL, _DEPOT, _CHAIN = range(4)


@cache
def warfarin_inr(*, fast: int = 6, slow: int = 1) -> System:
    """S-warfarin by mouth in two compartments, and the INR behind two chains of transit compartments.

    With C = x1 / V1, e = Emax C^g / (EC50^g + C^g): a1' = (1 - e - a1) / tf, ai' = (a(i-1) - ai) / tf for `fast`
    compartments; b1' = (1 - e - b1) / ts and so on for `slow` ones; INR = base + INRmax (1 - a_last b_last)^lambda.
    Each compartment of a chain holds 1 before any dose. Hamberg et al., Clin Pharmacol Ther 2007;81:529-538, doi
    10.1038/sj.clpt.6100084, appendix, as transcribed in nlmixr2/nlmixr2lib
    inst/modeldb/specificDrugs/Hamberg_2007_warfarin_s.R: chains of six and one. `FAST_TRANSIT` and `SLOW_TRANSIT` are
    the times of one compartment. That file takes the published 11.6 h as such; another transcription takes it as the
    time of the whole chain.

    Doses are mg of warfarin; `BIOAVAILABILITY` is the share of them that is S-warfarin: 0.5 for the racemate.

    Raises
    ------
    ValueError
        If a chain has no compartment.
    """
    if fast < 1 or slow < 1:
        raise ValueError(_NO_CHAIN(fast=fast, slow=slow))
    chain = tuple(f"fast_{number + 1}" for number in range(fast)) + tuple(
        f"slow_{number + 1}" for number in range(slow)
    )
    states = ("central", "peripheral", "depot", *chain)
    last_fast, last = _CHAIN + fast - 1, _CHAIN + fast + slow - 1

    def rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        c = y[_CENTRAL] / p[_V1]
        absorbed = p[_KA] * y[_DEPOT]
        moved = p[_Q] * (c - y[_PERIPHERAL] / p[_V2])
        dy[_DEPOT] = -absorbed
        dy[_CENTRAL] = absorbed - p[_CL] * c - moved
        dy[_PERIPHERAL] = moved
        made = 1.0
        if c > 0.0:
            made -= p[_EMAX] / (1.0 + (p[_EC50] / c) ** p[_STEEP])
        before = made
        for state in range(_CHAIN, last_fast + 1):
            dy[state] = (before - y[state]) / p[_FAST]
            before = y[state]
        before = made
        for state in range(last_fast + 1, last + 1):
            dy[state] = (before - y[state]) / p[_SLOW]
            before = y[state]

    def read(t: float, y: NDArray[Any], p: NDArray[Any], out: NDArray[Any]) -> None:
        out[0] = y[_CENTRAL] / p[_V1]
        out[1] = p[_BASE] + p[_MOST] * max(1.0 - y[last_fast] * y[last], 0.0) ** p[_POWER]

    def start(p: NDArray[Any], y: NDArray[Any]) -> None:
        for state in range(_CHAIN, last + 1):
            y[state] = 1.0

    return System(
        name="S-warfarin by mouth in two compartments, and the INR behind two transit chains",
        parameters=_COLUMNS,
        states=states,
        inputs=ways(states[:_CHAIN], absorbed=(Input("depot", fraction=BIOAVAILABILITY),)),
        outputs=(CONCENTRATION, Output("inr", unit="{INR}", state=states[last_fast], volume="")),
        equations=Equations(rhs, read=read, start=start),
        zero_allowed=frozenset({GREATEST_EFFECT, INR_BASELINE}),
    )
