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

from twins.solvers.linear import CONTRACT
from twins.solvers.schedule import AMOUNT, DURATION, START

Array = NDArray[np.float64]


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _modes(compartments: int, p: Array, rates: Array, weights: Array, by_rate: Array, by_weight: Array) -> None:
    """Rates and weights of the modes, and their slopes by clearance, volume, exchange and peripheral volume."""
    k10 = p[0] / p[1]
    if compartments == 1:
        rates[0] = k10
        weights[0] = 1.0
        by_rate[0, 0] = 1.0 / p[1]
        by_rate[0, 1] = -k10 / p[1]
        by_weight[0, 0] = 0.0
        by_weight[0, 1] = 0.0
        return
    k12 = p[2] / p[1]
    k21 = p[2] / p[3]
    # Each root comes from the sum that does not cancel, its partner from the product of the two.
    difference = k10 + k12 - k21
    gap = math.sqrt(difference * difference + 4.0 * k12 * k21)
    if difference >= 0.0:
        above = 0.5 * (difference + gap)
        below = k12 * k21 / above
    else:
        below = 0.5 * (gap - difference)
        above = k12 * k21 / below
    rates[0] = k21 + above
    rates[1] = k10 * k21 / rates[0]
    weights[0] = above / gap
    weights[1] = below / gap
    for column in range(4):
        d10 = d12 = d21 = 0.0
        if column == 0:
            d10 = 1.0 / p[1]
        elif column == 1:
            d10 = -k10 / p[1]
            d12 = -k12 / p[1]
        elif column == 2:
            d12 = 1.0 / p[1]
            d21 = 1.0 / p[3]
        else:
            d21 = -k21 / p[3]
        bend = d10 + d12 - d21
        wider = (difference * bend + 2.0 * (k21 * d12 + k12 * d21)) / gap
        by_rate[0, column] = d21 + 0.5 * (bend + wider)
        by_rate[1, column] = rates[1] * (d10 / k10 + d21 / k21 - by_rate[0, column] / rates[0])
        by_weight[0, column] = 0.5 * (bend - difference * wider / gap) / gap
        by_weight[1, column] = -by_weight[0, column]


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _filled(rate: float, hours: float) -> tuple[float, float]:
    """The integral of exp(-rate · s) over the hours of an infusion, and its slope by the rate."""
    x = rate * hours
    if x < 1e-2:
        series = 0.5 - x * (1.0 / 3.0 - x * (0.125 - x * (1.0 / 30.0 - x * (1.0 / 144.0 - x / 840.0))))
        return -math.expm1(-x) / rate, -hours * hours * series
    once = -math.expm1(-x) / rate
    return once, (hours * math.exp(-x) - once) / rate


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
    work = np.empty((6, 4))
    rates, weights, by_rate, by_weight = work[0], work[1], work[2:4], work[4:6]
    _modes(compartments, p, rates, weights, by_rate, by_weight)
    f[:] = 0.0
    if sloped:
        slopes[:] = 0.0
    for mode in range(compartments):
        rate, weight = rates[mode], weights[mode]
        known = -1.0
        once = bent = 0.0
        for j in range(times_h.size):
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
            f[j] += weight * amount
            if sloped:
                for column in range(width):
                    slopes[j, column] += by_weight[mode, column] * amount + weight * change * by_rate[mode, column]
    for j in range(times_h.size):
        f[j] *= scale / p[1]
        if sloped:
            for column in range(width):
                slopes[j, column] *= scale / p[1]
            slopes[j, 1] -= f[j] / p[1]
