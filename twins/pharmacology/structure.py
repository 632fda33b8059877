"""The structures that population models are written in: systems of the solvers, under names that models share."""

from dataclasses import replace
from functools import cache

from twins.solvers.system import Compartments, Flow, Flows, Input, Output, System

CLEARANCE = "clearance_l_per_h"
CENTRAL_VOLUME = "central_volume_l"
Q2, V2 = "intercompartmental_clearance_l_per_h", "peripheral_volume_l"
Q3, V3 = "second_intercompartmental_clearance_l_per_h", "second_peripheral_volume_l"
ABSORPTION = "absorption_rate_per_h"
LAG = "lag_h"
BIOAVAILABILITY = "bioavailability"
ABSORPTION_DURATION = "absorption_duration_h"
KE0 = "effect_equilibration_per_h"
TRANSIT = "transit_rate_per_h"

DISPOSITION = (CLEARANCE, CENTRAL_VOLUME, Q2, V2, Q3, V3)
_WORDS = {1: "one compartment", 2: "two compartments", 3: "three compartments"}
CONCENTRATION = Output("concentration")


@cache
def compartments(
    count: int,
    *,
    oral: bool = False,
    lag: bool = False,
    bioavailability: bool = False,
    intravenous_lag: bool = False,
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """One to three compartments with linear elimination, intravenous, and by mouth through a depot where `oral`.

    Parameters in order: those of `DISPOSITION` that `count` needs, then absorption rate, lag and bioavailability (of
    the oral way; the lag of the intravenous way with `intravenous_lag`) where asked for.
    """
    if count not in _WORDS:
        raise ValueError(f"count is {count}; give 1, 2 or 3 compartments")
    if not oral and (lag or bioavailability):
        raise ValueError("lag and bioavailability are of the oral way; set oral, or intravenous_lag")
    lagged = lag or intravenous_lag
    parameters = (
        *DISPOSITION[: 2 * count],
        *((ABSORPTION,) if oral else ()),
        *((LAG,) if lagged else ()),
        *((BIOAVAILABILITY,) if bioavailability else ()),
    )
    peripheral = ("peripheral", "second_peripheral")[: count - 1]
    ways = {
        "intravenous": (Input("central", lag=LAG if intravenous_lag else ""),),
        "central": (Input("central", lag=LAG if intravenous_lag else ""),),
    }
    states: tuple[str, ...] = ("central", *peripheral)
    if oral:
        way = Input("depot", lag=LAG if lag else "", fraction=BIOAVAILABILITY if bioavailability else "")
        ways |= {"oral": (way,), "depot": (way,)}
        states = (*states, "depot")
    for name in peripheral:
        ways[name] = (Input(name),)
    absorbed = ", first-order absorption" if oral else ", intravenous"
    return System(
        name=f"{_WORDS[count]}, linear elimination{absorbed}{' with lag' if lagged else ''}",
        parameters=parameters,
        states=states,
        inputs=ways,
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Compartments(count, depot=oral),
        zero_allowed=frozenset({LAG}),
    )


def disposition_flows(count: int) -> tuple[Flow, ...]:
    """The flows of one to three mammillary compartments, for systems that add something to them."""
    flows = [Flow("central", "", CLEARANCE, CENTRAL_VOLUME)]
    for name, exchange, volume in (("peripheral", Q2, V2), ("second_peripheral", Q3, V3))[: count - 1]:
        flows += [Flow("central", name, exchange, CENTRAL_VOLUME), Flow(name, "central", exchange, volume)]
    return tuple(flows)


@cache
def with_effect_site(count: int, *, outputs: tuple[Output, ...] = (), unit: str = "mg/L", scale: float = 1.0) -> System:
    """One to three compartments, intravenous, and an effect compartment that follows the central concentration.

    The effect compartment holds the amount that, divided by the central volume, is the effect-site concentration:
    it fills with `KE0` from the central compartment, which loses nothing by it, and empties with `KE0`.
    """
    peripheral = ("peripheral", "second_peripheral")[: count - 1]
    return System(
        name=f"{_WORDS[count]}, linear elimination, intravenous, with an effect compartment",
        parameters=(*DISPOSITION[: 2 * count], KE0, *(name for output in outputs for name in output.of)),
        states=("central", *peripheral, "effect"),
        inputs={"intravenous": (Input("central"),), "central": (Input("central"),)},
        outputs=(
            replace(CONCENTRATION, unit=unit, scale=scale),
            Output("effect_site", unit=unit, state="effect", scale=scale),
            *outputs,
        ),
        equations=Flows(
            (
                *disposition_flows(count),
                Flow("central", "effect", KE0, copies=True),
                Flow("effect", "", KE0),
            )
        ),
    )
