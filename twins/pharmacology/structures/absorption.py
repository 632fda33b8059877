"""Ways from gut, muscle or skin into the central compartment, other than one first-order depot.

Each takes the `count` of compartments around which the drug is then distributed, with linear elimination.
"""

from dataclasses import replace
from functools import cache
from typing import Literal

from twins.pharmacology.structures.mammillary import compartments, disposed, ways
from twins.pharmacology.structures.names import (
    ABSORPTION,
    ABSORPTION_DURATION,
    BIOAVAILABILITY,
    CONCENTRATION,
    FIRST_ORDER_SHARE,
    FIRST_SHARE,
    LAG,
    MEAN_TRANSIT_TIME,
    SECOND_ABSORPTION,
    TRANSIT,
    WORDS,
)
from twins.quantities.sentence import Sentence
from twins.solvers.system import Compartments, Flow, Flows, Input, System
from twins.solvers.wiring import flows_of

_TRANSITS = Sentence("transits is {transits}; give 1 to {most:d} compartments")

MOST_TRANSITS = 50
"""A chain of more is a lag in all but name, and its matrix a burden."""


@cache
def zero_order(
    count: int,
    *,
    lag: bool = False,
    bioavailability: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """A dose by mouth enters the central compartment at a constant rate over `ABSORPTION_DURATION`.

    x1' = F dose / D - ... for D hours from the lag on. Holford, Ambros and Stoeckel, J Pharmacokinet Biopharm
    1992;20:421-442, doi 10.1007/BF01061464, compare it with first-order absorption.
    """
    parameters, states = disposed(count)
    way = Input(
        "central",
        lag=LAG if lag else "",
        fraction=BIOAVAILABILITY if bioavailability else "",
        duration=ABSORPTION_DURATION,
        always=True,
    )
    return System(
        name=f"{WORDS[count]}, linear elimination, zero-order absorption{' with lag' if lag else ''}",
        parameters=(
            *parameters,
            ABSORPTION_DURATION,
            *((LAG,) if lag else ()),
            *((BIOAVAILABILITY,) if bioavailability else ()),
        ),
        states=states,
        inputs=ways(states, absorbed=(way,), routes=routes),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Compartments(count),
        zero_allowed=frozenset({LAG}),
    )


@cache
def sequential(
    count: int,
    *,
    lag: bool = False,
    bioavailability: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """Zero order into the depot over `ABSORPTION_DURATION`, first order out of it: release, then absorption.

    a' = F dose / D - ka a for D hours;  x1' = ka a - ...
    """
    base = compartments(count, oral=True, lag=lag, bioavailability=bioavailability, routes=routes)
    way = Input(
        "depot",
        lag=LAG if lag else "",
        fraction=BIOAVAILABILITY if bioavailability else "",
        duration=ABSORPTION_DURATION,
        always=True,
    )
    at = base.parameters.index(ABSORPTION) + 1
    return replace(
        base,
        name=f"{WORDS[count]}, linear elimination, zero-order release, then first-order absorption",
        parameters=(*base.parameters[:at], ABSORPTION_DURATION, *base.parameters[at:]),
        inputs=ways(base.states, absorbed=(way,), routes=routes),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
    )


@cache
def first_and_zero_order(
    count: int,
    *,
    lag: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """A share of the dose is absorbed by first order from a depot, the rest by zero order, after a lag where `lag`.

    a' = -ka a, a(0) = s dose;  x1' = ka a + (1 - s) dose / D (from the lag, for D hours) - ...
    """
    base = compartments(count, oral=True, routes=routes)
    absorbed = (
        Input("depot", fraction=FIRST_ORDER_SHARE),
        Input(
            "central",
            lag=LAG if lag else "",
            fraction=FIRST_ORDER_SHARE,
            complement=True,
            duration=ABSORPTION_DURATION,
            always=True,
        ),
    )
    return replace(
        base,
        name=f"{WORDS[count]}, linear elimination, first- and zero-order absorption side by side",
        parameters=(*base.parameters, FIRST_ORDER_SHARE, ABSORPTION_DURATION, *((LAG,) if lag else ())),
        inputs=ways(base.states, absorbed=absorbed, routes=routes),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        zero_allowed=frozenset({LAG, FIRST_ORDER_SHARE}),
    )


@cache
def two_depots(
    count: int,
    *,
    lag: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """Two depots, each emptied by first order; the second begins after a lag where `lag`.

    a' = -ka a, a(0) = s dose;  b' = -kb b, b(0) = (1 - s) dose;  x1' = ka a + kb b - ...
    """
    base = compartments(count, oral=True, routes=routes)
    states = (*base.states, "second_depot")
    absorbed = (
        Input("depot", fraction=FIRST_SHARE),
        Input("second_depot", lag=LAG if lag else "", fraction=FIRST_SHARE, complement=True),
    )
    return System(
        name=f"{WORDS[count]}, linear elimination, first-order absorption from two depots",
        parameters=(*base.parameters, SECOND_ABSORPTION, FIRST_SHARE, *((LAG,) if lag else ())),
        states=states,
        inputs=ways(states, absorbed=absorbed, routes=routes),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Flows((*flows_of(base), Flow("second_depot", "central", SECOND_ABSORPTION))),
        zero_allowed=frozenset({LAG, FIRST_SHARE}),
    )


@cache
def transit(
    count: int,
    transits: int,
    *,
    by: Literal["rate", "mean time"] = "rate",
    depot: bool = False,
    lag: bool = False,
    bioavailability: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """A dose passes `transits` compartments in a row, then enters the central one, or a depot first where `depot`.

    a1' = -k a1;  ai' = k (a(i-1) - ai);  x1' = k an - ... (Erlang's distribution of absorption times), or with a depot
    b' = k an - ka b;  x1' = ka b - ...  By mean time, k = transits / MTT: MTT is how long the drug takes on average to
    leave the chain. Savic et al., J Pharmacokinet Pharmacodyn 2007;34:711-726, doi 10.1007/s10928-007-9066-0, with a
    whole number of compartments, so that no gamma function of the last dose's time is needed and doses may overlap.
    `transits` counts the compartment that takes the dose; Savic's n does not and is one less: k = (n + 1) / MTT.

    Raises
    ------
    ValueError
        If there is no transit compartment.
    """
    if not 1 <= transits <= MOST_TRANSITS:
        raise ValueError(_TRANSITS(transits=transits, most=MOST_TRANSITS))
    base = compartments(count)
    chain = tuple(f"transit_{number + 1}" for number in range(transits))
    states = (*base.states, *chain, *(("depot",) if depot else ()))
    parameter = TRANSIT if by == "rate" else MEAN_TRANSIT_TIME
    last = "depot" if depot else "central"
    flows = [
        Flow(source, target, TRANSIT)
        if by == "rate"
        else Flow(source, target, "", MEAN_TRANSIT_TIME, times=float(transits))
        for source, target in zip(chain, (*chain[1:], last), strict=True)
    ]
    if depot:
        flows.append(Flow("depot", "central", ABSORPTION))
    way = Input(chain[0], lag=LAG if lag else "", fraction=BIOAVAILABILITY if bioavailability else "")
    return System(
        name=f"{WORDS[count]}, linear elimination, absorption through {transits} transit compartments",
        parameters=(
            *base.parameters,
            parameter,
            *((ABSORPTION,) if depot else ()),
            *((LAG,) if lag else ()),
            *((BIOAVAILABILITY,) if bioavailability else ()),
        ),
        states=states,
        inputs=ways(states, absorbed=(way,), routes=routes),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Flows((*flows_of(base), *flows)),
        zero_allowed=frozenset({LAG}),
    )
