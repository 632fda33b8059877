"""Two compartments, linear elimination: one interval in closed form.

Amounts in the central and the peripheral compartment (mg) are carried from event to event. Between events the input
rate and the parameters are constant, so the state moves by two exponential modes, and the integral of the central
amount has a closed form too: nothing is stepped, nothing is approximated.

With micro constants k10 = CL/V1, k12 = Q/V1, k21 = Q/V2 (1/h) the decay rates l1 > l2 solve
l² - (k10 + k12 + k21) l + k10 k21 = 0. `contract` is the only relaxation of floating point (a multiplication and an
addition may be fused), so a row's digits do not depend on the rows beside it.
"""

import math

from numba import njit

CLEARANCE, CENTRAL_VOLUME, INTERCOMPARTMENTAL_CLEARANCE, PERIPHERAL_VOLUME = 0, 1, 2, 3
"""Columns of the parameter arrays of this folder: L/h, L, L/h, L."""

CONTRACT = {"contract"}


@njit(cache=True, fastmath=CONTRACT, inline="always")
def modes(
    clearance: float, central: float, intercompartmental: float, peripheral: float
) -> tuple[float, float, float, float, float, float]:
    """Decay rates and weights of the two modes.

    Returns
    -------
    l1, l2 : float
        Fast and slow decay rate, 1/h.
    w1, w2 : float
        Share of the central amount in each mode; w1 + w2 = 1.
    c12, c21 : float
        k21 / (l1 - l2) and k12 / (l1 - l2): how the compartments feed each other.
    """
    k10 = clearance / central
    k12 = intercompartmental / central
    k21 = intercompartmental / peripheral
    # Each root comes from the sum that does not cancel, its partner from the product of the two.
    difference = k10 + k12 - k21
    gap = math.sqrt(difference * difference + 4.0 * k12 * k21)
    if difference >= 0.0:
        above = 0.5 * (difference + gap)
        below = k12 * k21 / above
    else:
        below = 0.5 * (gap - difference)
        above = k12 * k21 / below
    l1 = k21 + above
    l2 = k10 * k21 / l1
    return l1, l2, above / gap, below / gap, k21 / gap, k12 / gap


@njit(cache=True, fastmath=CONTRACT, inline="always")
def decay(rate: float, hours: float) -> tuple[float, float, float]:
    """exp(-rate·hours), its integral over the interval, and the integral of that integral.

    The last one loses its digits to cancellation when rate·hours is small, so there the series stands in for it.
    """
    x = rate * hours
    if x < 1e-3:
        left = math.exp(-x)
        once = hours * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x / 120.0))))
        twice = hours * hours * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x * (1.0 / 120.0 - x / 720.0))))
        return left, once, twice
    gone = -math.expm1(-x)
    once = gone / rate
    return 1.0 - gone, once, (hours - once) / rate
