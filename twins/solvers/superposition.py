"""Predictions with their exact slopes, where nothing but the doses changes over time.

One or two compartments, doses into the central one, parameters that hold throughout: the concentration is a sum over
doses and exponential modes, and so is its derivative by each mode's rate and weight. A compiled fit that stays on this
way needs one exponential for each dose, level and mode, for values and slopes together.

With w the weight, l the rate of a mode and V the central volume, a bolus D adds D w exp(-l t) / V, an infusion at the
rate R that ended w hours ago R w exp(-l w) (1 - exp(-l u)) / (l V), u its length.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.lane import stack
from twins.solvers.linear import CONTRACT
from twins.solvers.schedule import AMOUNT, DURATION, START

Array = NDArray[np.float64]


RATE, WEIGHT, BY_RATE, BY_WEIGHT, AMOUNT_OF, CHANGE, KNOWN, ONCE, BENT = 0, 2, 4, 12, 20, 22, 24, 26, 28
"""Where the work has what of its two modes: rate and weight; their slopes by the four parameters, a mode's behind one
another; of one level, the sum over doses and its weighted slope by the rate; the length of the last infusion, and what
`_filled` gave for it."""


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _modes(compartments: int, p: Array, sloped: bool, work: Array) -> None:
    """Rates and weights of the modes, and their slopes by clearance, volume, exchange and peripheral volume."""
    per_volume = 1.0 / p[1]
    k10 = p[0] * per_volume
    if compartments == 1:
        work[RATE] = k10
        work[WEIGHT] = 1.0
        work[BY_RATE] = per_volume
        work[BY_RATE + 1] = -k10 * per_volume
        work[BY_WEIGHT] = work[BY_WEIGHT + 1] = 0.0
        return
    per_peripheral = 1.0 / p[3]
    k12 = p[2] * per_volume
    k21 = p[2] * per_peripheral
    # Each root comes from the sum that does not cancel, its partner from the product of the two.
    difference = k10 + k12 - k21
    gap = math.sqrt(difference * difference + 4.0 * k12 * k21)
    if difference >= 0.0:
        above = 0.5 * (difference + gap)
        below = k12 * k21 / above
    else:
        below = 0.5 * (gap - difference)
        above = k12 * k21 / below
    per_gap = 1.0 / gap
    fast = k21 + above
    per_fast = 1.0 / fast
    slow = k10 * k21 * per_fast
    work[RATE] = fast
    work[RATE + 1] = slow
    work[WEIGHT] = above * per_gap
    work[WEIGHT + 1] = below * per_gap
    if not sloped:
        return
    for column in range(4):
        d10 = d12 = d21 = share = 0.0  # share: the slope of ln(k10 k21)
        if column == 0:
            d10 = per_volume
            share = 1.0 / p[0]
        elif column == 1:
            d10 = -k10 * per_volume
            d12 = -k12 * per_volume
            share = -per_volume
        elif column == 2:
            d12 = per_volume
            d21 = per_peripheral
            share = 1.0 / p[2]
        else:
            d21 = -k21 * per_peripheral
            share = -per_peripheral
        bend = d10 + d12 - d21
        wider = (difference * bend + 2.0 * (k21 * d12 + k12 * d21)) * per_gap
        faster = d21 + 0.5 * (bend + wider)
        heavier = 0.5 * (bend - difference * wider * per_gap) * per_gap
        work[BY_RATE + column] = faster
        work[BY_RATE + 4 + column] = slow * (share - faster * per_fast)
        work[BY_WEIGHT + column] = heavier
        work[BY_WEIGHT + 4 + column] = -heavier


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _filled(rate: float, hours: float) -> tuple[float, float]:
    """The integral of exp(-rate · s) over the hours of an infusion, and its slope by the rate."""
    x = rate * hours
    gone = math.expm1(-x)
    if x < 1e-2:
        series = 0.5 - x * (1.0 / 3.0 - x * (0.125 - x * (1.0 / 30.0 - x * (1.0 / 144.0 - x / 840.0))))
        return -gone / rate, -hours * hours * series
    once = -gone / rate
    return once, (hours * (1.0 + gone) - once) / rate


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def superpose(
    compartments: int, scale: float, p: Array, doses: Array, times_h: Array, f: Array, slopes: Array, sloped: bool
) -> None:
    """Concentrations, and their slopes by the parameters.

    Parameters
    ----------
    compartments
        1 or 2.
    scale
        Of the output.
    p : ndarray, shape (2 · compartments,)
        Clearance, central volume, exchange, peripheral volume.
    doses : ndarray, shape (doses, 8)
        Single doses.
    f : ndarray, shape (times,)
        Filled.
    slopes : ndarray, shape (times, 2 · compartments)
        Filled where `sloped`.
    """
    width = 2 * compartments
    for column in range(width):
        if not p[column] > 0.0:
            f[:] = np.nan
            return
    work = stack(30)
    _modes(compartments, p, sloped, work)
    scaled = scale / p[1]
    work[KNOWN] = work[KNOWN + 1] = -1.0
    for j in range(times_h.size):
        total = 0.0
        for mode in range(compartments):
            rate, weight = work[RATE + mode], work[WEIGHT + mode]
            known, once, bent = work[KNOWN + mode], work[ONCE + mode], work[BENT + mode]
            amount = change = 0.0
            for dose in range(doses.shape[0]):
                since = times_h[j] - doses[dose, START]
                if since <= 0.0:
                    continue
                long = doses[dose, DURATION]
                if long == 0.0:
                    left = doses[dose, AMOUNT] * math.exp(-rate * since)
                    amount += left
                    change -= since * left
                elif since <= long:
                    held, bend = _filled(rate, since)
                    amount += doses[dose, AMOUNT] / long * held
                    change += doses[dose, AMOUNT] / long * bend
                else:
                    if long != known:
                        once, bent = _filled(rate, long)
                        known = long
                    after = since - long
                    left = doses[dose, AMOUNT] / long * math.exp(-rate * after)
                    amount += left * once
                    change += left * (bent - after * once)
            work[KNOWN + mode], work[ONCE + mode], work[BENT + mode] = known, once, bent
            work[AMOUNT_OF + mode], work[CHANGE + mode] = amount, weight * change
            total += weight * amount
        f[j] = scaled * total
        if not sloped:
            continue
        for column in range(width):
            change = 0.0
            for mode in range(compartments):
                change += work[BY_WEIGHT + 4 * mode + column] * work[AMOUNT_OF + mode]
                change += work[BY_RATE + 4 * mode + column] * work[CHANGE + mode]
            slopes[j, column] = scaled * change
        slopes[j, 1] -= f[j] / p[1]
