"""Responses with a turnover of their own, which a drug slows or speeds: indirect response, and K-PD."""

# ruff: noqa: ARG001  # all equations have one signature
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import Any

from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.system import Equations, Input, Output, System
from twins.solvers.wiring import flow_table

SITE_ELIMINATION = "elimination_per_h"


class Turnover(IntEnum):
    """What the effect e does to the production kin = kout baseline, or to the loss kout R."""

    INHIBITS_PRODUCTION = 1
    """R' = kin (1 - e) - kout R"""
    INHIBITS_LOSS = 2
    """R' = kin - kout (1 - e) R"""
    STIMULATES_PRODUCTION = 3
    """R' = kin (1 + e) - kout R"""
    STIMULATES_LOSS = 4
    """R' = kin - kout (1 + e) R"""


@cache
def turnover(
    system: System, kind: Turnover, *, sigmoid: bool = False, name: str = "response", unit: str = "1"
) -> System:
    """An indirect response to the concentration of a linear system, models I to IV.

    See `Turnover`; e = Emax C / (EC50 + C), with powers of C and EC50 where `sigmoid`; before any dose R is at its
    baseline. Dayneka, Garg and Jusko, J Pharmacokinet Biopharm 1993;21:457-478, doi 10.1007/BF01061691.

    Parameters
    ----------
    name
        Of state and output, and before the parameters: ``{name}_baseline`` (in `unit`), ``{name}_turnover_per_h``
        (kout), ``{name}_greatest_effect`` (Emax; at most 1 where it inhibits), ``{name}_half_effect_mg_per_l`` and,
        where `sigmoid`, ``{name}_steepness``.
    """
    parts = [f"{name}_{part}" for part in ("baseline", "turnover_per_h", "greatest_effect", "half_effect_mg_per_l")]
    parameters = (*system.parameters, *parts, *((f"{name}_steepness",) if sigmoid else ()))
    followed = system.outputs[0]
    table, factors = flow_table(system)
    count, response = len(table), len(system.states)
    driver, volume = system.states.index(followed.state), system.parameters.index(followed.volume)
    baseline = len(system.parameters)
    effect = _effect(kind, response, baseline, sigmoid)

    def rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        for state in range(response):
            dy[state] = 0.0
        for row in range(count):
            moved = y[table[row, 0]] * factors[row]
            if table[row, 2] >= 0:
                moved *= p[table[row, 2]]
            if table[row, 3] >= 0:
                moved /= p[table[row, 3]]
            if table[row, 4] == 0:
                dy[table[row, 0]] -= moved
            if table[row, 1] >= 0:
                dy[table[row, 1]] += moved
        dy[response] = effect(y[driver] / p[volume], y, p)

    def start(p: NDArray[Any], y: NDArray[Any]) -> None:
        y[response] = p[baseline]

    return System(
        name=f"{system.name}, with a turnover response (model {'I' * kind if kind < 4 else 'IV'})",
        parameters=parameters,
        states=(*system.states, name),
        inputs=system.inputs,
        outputs=(*system.outputs, Output(name, unit=unit, state=name, volume="")),
        equations=Equations(rhs, start=start),
        zero_allowed=system.zero_allowed | {f"{name}_greatest_effect"},
    )


@cache
def kpd(kind: Turnover, *, sigmoid: bool = False, name: str = "response", unit: str = "1") -> System:
    """A turnover response driven by doses alone, where no concentration was measured.

    a' = -KDE a;  the rate KDE a (mg/h) takes the place of the concentration, with EDK50 (mg/h) for EC50. Jacqmin et
    al., J Pharmacokinet Pharmacodyn 2007;34:57-85, doi 10.1007/s10928-006-9035-z.

    Parameters
    ----------
    name
        Of the response, as in `turnover`; EDK50 is ``{name}_half_effect_mg_per_h``, KDE `SITE_ELIMINATION`.
    """
    parts = [f"{name}_{part}" for part in ("baseline", "turnover_per_h", "greatest_effect", "half_effect_mg_per_h")]
    effect = _effect(kind, 1, 1, sigmoid)

    def rhs(t: float, y: NDArray[Any], p: NDArray[Any], dy: NDArray[Any]) -> None:
        rate = p[0] * y[0]
        dy[0] = -rate
        dy[1] = effect(rate, y, p)

    def start(p: NDArray[Any], y: NDArray[Any]) -> None:
        y[1] = p[1]

    way = (Input("site"),)
    routes = ("intravenous", "oral", "rectal", "subcutaneous", "intramuscular", "site")
    return System(
        name=f"a turnover response to doses (K-PD, model {'I' * kind if kind < 4 else 'IV'})",
        parameters=(SITE_ELIMINATION, *parts, *((f"{name}_steepness",) if sigmoid else ())),
        states=("site", name),
        inputs=dict.fromkeys(routes, way),
        outputs=(Output(name, unit=unit, state=name, volume=""),),
        equations=Equations(rhs, start=start),
        zero_allowed=frozenset({f"{name}_greatest_effect"}),
    )


def _effect(kind: Turnover, response: int, baseline: int, sigmoid: bool) -> Callable[..., Any]:
    """R' as a function of what drives it; the columns follow `baseline` in the order of `turnover`."""
    inhibits = kind in (Turnover.INHIBITS_PRODUCTION, Turnover.INHIBITS_LOSS)
    on_loss = kind in (Turnover.INHIBITS_LOSS, Turnover.STIMULATES_LOSS)
    sign = -1.0 if inhibits else 1.0

    def slope(driver: float, y: NDArray[Any], p: NDArray[Any]) -> float:
        effect = 0.0
        if driver > 0.0:
            if sigmoid:
                effect = p[baseline + 2] / (1.0 + (p[baseline + 3] / driver) ** p[baseline + 4])
            else:
                effect = p[baseline + 2] * driver / (p[baseline + 3] + driver)
        changed = 1.0 + sign * effect
        if on_loss:
            return float(p[baseline + 1] * (p[baseline] - changed * y[response]))
        return float(p[baseline + 1] * (p[baseline] * changed - y[response]))

    return njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")(slope)  # type: ignore[no-any-return]
