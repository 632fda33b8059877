"""Drugs that their own target binds and takes along: target-mediated disposition, in full and at quasi-steady state."""

# ruff: noqa: ARG001  # all equations have one signature
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from numba import njit
from numpy.typing import NDArray

from twins.pharmacology.structures.mammillary import disposed, ways
from twins.pharmacology.structures.names import (
    ABSORPTION,
    BIOAVAILABILITY,
    CENTRAL_VOLUME,
    CLEARANCE,
    CONCENTRATION,
    ONE_OR_TWO,
    Q2,
    V2,
    WORDS,
)
from twins.solvers.linear import CONTRACT
from twins.solvers.system import Equations, Input, Output, System

ASSOCIATION = "association_l_per_mg_h"
DISSOCIATION = "dissociation_per_h"
HALF_BINDING = "half_binding_mg_per_l"
INTERNALISATION = "internalisation_per_h"
TARGET_BASELINE = "target_baseline_mg_per_l"
TARGET_LOSS = "target_loss_per_h"


@cache
def target_mediated(count: int, *, subcutaneous: bool = False) -> System:
    """One or two compartments; the drug binds its target in the central one.

    With free drug C = x1 / V1, target R and complex P (mg of drug that they bind, or hold, per L):
    x1' = ka a - CL C - Q (C - x2 / V2) - V1 (kon C R - koff P);  x2' = Q (C - x2 / V2);  a' = -ka a;
    R' = kdeg (R0 - R) - kon C R + koff P;  P' = kon C R - (koff + kint) P, and R = R0 before any dose. Mager and Jusko,
    J Pharmacokinet Pharmacodyn 2001;28:507-532, doi 10.1023/A:1014414520282.

    Outputs: ``concentration`` (free drug), ``target`` (free) and ``complex``.
    """
    parameters, states = _columns(count, (ASSOCIATION, DISSOCIATION), subcutaneous)
    states = (*states, "target", "complex")
    at = {name: place for place, name in enumerate(parameters)}
    volume, kon, koff, kint = at[CENTRAL_VOLUME], at[ASSOCIATION], at[DISSOCIATION], at[INTERNALISATION]
    baseline, loss = at[TARGET_BASELINE], at[TARGET_LOSS]
    target = len(states) - 2
    dispose = _disposition(at, states)

    def rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        c = y[0] / p[volume]
        bound = p[kon] * c * y[target] - p[koff] * y[target + 1]
        dispose(c, y, p, dy)
        dy[0] -= p[volume] * bound
        dy[target] = p[loss] * (p[baseline] - y[target]) - bound
        dy[target + 1] = bound - p[kint] * y[target + 1]

    def start(p: NDArray[Any], y: NDArray[Any]) -> None:
        y[target] = p[baseline]

    return System(
        name=f"{WORDS[count]}, target-mediated disposition",
        parameters=parameters,
        states=states,
        inputs=_inputs(states[:target], subcutaneous),
        outputs=(
            CONCENTRATION,
            Output("target", state="target", volume=""),
            Output("complex", state="complex", volume=""),
        ),
        equations=Equations(rhs, start=start, stiff=True),
        zero_allowed=frozenset({INTERNALISATION, DISSOCIATION, CLEARANCE}),
    )


@cache
def quasi_steady_state(count: int, *, subcutaneous: bool = False) -> System:
    """As `target_mediated`, with binding so fast that free drug, target and complex are always in balance.

    The states hold all drug in the central compartment (x1, free and bound) and all target (T, per L). With
    Ct = x1 / V1, C = (b + sqrt(b² + 4 Kss Ct)) / 2 for b = Ct - T - Kss and the complex P = Ct - C:
    x1' = ka a - CL C - Q (C - x2 / V2) - V1 kint P;  T' = kdeg (R0 - T) - (kint - kdeg) P. Gibiansky et al., J
    Pharmacokinet Pharmacodyn 2008;35:573-591, doi 10.1007/s10928-008-9102-8.

    Outputs: ``concentration`` (free drug), ``total`` drug and total ``target``.
    """
    parameters, states = _columns(count, (HALF_BINDING,), subcutaneous)
    states = (*states, "target")
    at = {name: place for place, name in enumerate(parameters)}
    volume, half, kint = at[CENTRAL_VOLUME], at[HALF_BINDING], at[INTERNALISATION]
    baseline, loss = at[TARGET_BASELINE], at[TARGET_LOSS]
    target = len(states) - 1
    dispose = _disposition(at, states)

    def rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        total = y[0] / p[volume]
        # Of the two ways to write the root, each where it does not cancel.
        b = total - y[target] - p[half]
        root = math.sqrt(b * b + 4.0 * p[half] * total)
        c = 0.5 * (b + root) if b >= 0.0 else 2.0 * p[half] * total / (root - b)
        bound = total - c
        dispose(c, y, p, dy)
        dy[0] -= p[volume] * p[kint] * bound
        dy[target] = p[loss] * (p[baseline] - y[target]) - (p[kint] - p[loss]) * bound

    def read(t: float, y: NDArray[Any], p: NDArray[Any], out: NDArray[Any]) -> None:
        total = y[0] / p[volume]
        b = total - y[target] - p[half]
        root = math.sqrt(b * b + 4.0 * p[half] * total)
        out[0] = 0.5 * (b + root) if b >= 0.0 else 2.0 * p[half] * total / (root - b)
        out[1] = total
        out[2] = y[target]

    def start(p: NDArray[Any], y: NDArray[Any]) -> None:
        y[target] = p[baseline]

    return System(
        name=f"{WORDS[count]}, target-mediated disposition at quasi-steady state",
        parameters=parameters,
        states=states,
        inputs=_inputs(states[:target], subcutaneous),
        outputs=(CONCENTRATION, replace(CONCENTRATION, name="total"), Output("target", state="target", volume="")),
        equations=Equations(rhs, read=read, start=start),
        zero_allowed=frozenset({INTERNALISATION, CLEARANCE}),
    )


def _columns(count: int, binding: tuple[str, ...], absorbed: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if count not in (1, 2):
        raise ValueError(ONE_OR_TWO(count=count))
    parameters, states = disposed(count)
    parameters = (*parameters, *binding, INTERNALISATION, TARGET_BASELINE, TARGET_LOSS)
    if not absorbed:
        return parameters, states
    return (*parameters, ABSORPTION, BIOAVAILABILITY), (*states, "depot")


def _inputs(states: tuple[str, ...], absorbed: bool) -> dict[str, tuple[Input, ...]]:
    depot = (Input("depot", fraction=BIOAVAILABILITY),) if absorbed else ()
    return ways(states, absorbed=depot, routes=("subcutaneous",))


def _disposition(at: dict[str, int], states: tuple[str, ...]) -> Callable[..., Any]:
    """Linear elimination, distribution and absorption of free drug at concentration c."""
    two, absorbed = "peripheral" in states, "depot" in states
    clearance, exchange, further, absorption = (at.get(name, 0) for name in (CLEARANCE, Q2, V2, ABSORPTION))
    depot = states.index("depot") if absorbed else 0

    def dispose(c: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        dy[0] = -p[clearance] * c
        if two:
            moved = p[exchange] * (c - y[1] / p[further])
            dy[0] -= moved
            dy[1] = moved
        if absorbed:
            entered = p[absorption] * y[depot]
            dy[0] += entered
            dy[depot] = -entered

    return njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")(dispose)  # type: ignore[no-any-return]
