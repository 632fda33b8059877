"""One step of a linear system: the matrix exponential, its integral and that integral's integral.

Amounts obey x' = A x + B u with constant rates of infusion u. Over a step of h hours x(h) = P x(0) + U u, and the area
under c'x is w x(0) + v u, with

    P = exp(A h),  U = G B,  w = c' G,  v = c' H B,  G = integral of exp(A s) from 0 to h,  H = integral of G.

Scaling and squaring: over t = h / 2^k, short enough that Z = A t has norm below a half, phi2(Z) is its Taylor series,
phi1 = I + Z phi2 and P = I + Z phi1 (Higham, Functions of Matrices, 2008, chapter 10, doi 10.1137/1.9780898717778);
then P doubles as P P, and the others by what carrying on from where the first half ended adds to them. No entry of
these systems' matrices but those on the diagonal is negative, so that nothing cancels.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]

_TERMS = 14
"""Of the Taylor series: 0.5^15 / 17! is far below the last place."""
PARTS = 8
"""Equal parts of a step whose P and U come with it; two to the power of three."""
_LONGEST = 60
"""Doublings beyond which a rate times a step is no rate that a body has."""


@njit(cache=True, fastmath=CONTRACT)
def multiply(left: Array, right: Array, out: Array) -> None:
    """out = left right; written out, because a library's blocking would depend on the shape."""
    for i in range(left.shape[0]):
        for j in range(right.shape[1]):
            total = 0.0
            for k in range(left.shape[1]):
                total += left[i, k] * right[k, j]
            out[i, j] = total


@njit(cache=True, fastmath=CONTRACT)
def step(
    rates: Array,
    hours: float,
    entries: NDArray[np.int64],
    observed: Array,
    carried: Array,
    infused: Array,
    area: Array,
    infused_area: Array,
    part_carried: Array,
    part_infused: Array,
) -> bool:
    """Fill P (`carried`), U (`infused`), w (`area`) and v (`infused_area`) for one step.

    Parameters
    ----------
    rates : ndarray, shape (n, n)
        A, 1/h.
    entries : ndarray of int, shape (m,)
        The state that each infusion enters: the columns of B.
    observed : ndarray, shape (n,)
        c.
    carried, infused, area, infused_area : ndarray, shapes (n, n), (n, m), (n,), (m,)
        Filled.
    part_carried, part_infused : ndarray, shapes (n, n), (n, m)
        Filled with P and U of one of the `PARTS` of the step.

    Returns
    -------
    bool
        False if a rate is not finite, or so fast that the step cannot be resolved.
    """
    n = rates.shape[0]
    ports = entries.size
    norm = 0.0
    for j in range(n):
        total = 0.0
        for i in range(n):
            total += abs(rates[i, j])
        norm = max(norm, total)
    norm *= hours
    if not norm < math.inf:
        return False
    # Three doublings at least, so that the step has parts, and its digits are the same whether they are wanted or not.
    norm /= PARTS
    doublings = 3
    while norm > 0.5:
        norm *= 0.5
        doublings += 1
    if doublings > _LONGEST:
        return False
    short = hours * 0.5**doublings

    scaled = rates * short
    once = np.zeros((n, n))
    twice = np.zeros((n, n))
    spare = np.empty((n, n))
    # phi2 = sum of Z^j / (j + 2)!, by Horner.
    weight = 1.0
    for j in range(2, _TERMS + 3):
        weight /= j
    for i in range(n):
        twice[i, i] = weight
    for j in range(_TERMS + 1, 1, -1):
        weight *= j + 1
        multiply(scaled, twice, spare)
        for i in range(n):
            for k in range(n):
                twice[i, k] = spare[i, k]
            twice[i, i] += weight
    multiply(scaled, twice, once)
    for i in range(n):
        once[i, i] += 1.0
    multiply(scaled, once, carried)
    for i in range(n):
        carried[i, i] += 1.0
    for i in range(n):
        total = 0.0
        for k in range(n):
            total += observed[k] * once[k, i]
        area[i] = total * short
    for p in range(ports):
        total = 0.0
        for i in range(n):
            infused[i, p] = once[i, entries[p]] * short
            total += observed[i] * twice[i, entries[p]]
        infused_area[p] = total * short * short

    more = np.empty((n, ports))
    later = np.empty(n)
    for doubling in range(doublings):
        if doubling == doublings - 3:
            part_carried[:, :] = carried
            part_infused[:, :] = infused
        for p in range(ports):
            total = 0.0
            for i in range(n):
                total += area[i] * infused[i, p]
            infused_area[p] = 2.0 * infused_area[p] + total
        multiply(carried, infused, more)
        for i in range(n):
            for p in range(ports):
                infused[i, p] += more[i, p]
        for i in range(n):
            total = 0.0
            for k in range(n):
                total += area[k] * carried[k, i]
            later[i] = total
        for i in range(n):
            area[i] += later[i]
        multiply(carried, carried, spare)
        for i in range(n):
            for k in range(n):
                carried[i, k] = spare[i, k]
    return True


@njit(cache=True, fastmath=CONTRACT)
def move(carried: Array, infused: Array, rate: Array, state: Array, spare: Array) -> None:
    """state = P state + U rate."""
    for i in range(state.size):
        total = 0.0
        for k in range(state.size):
            total += carried[i, k] * state[k]
        for p in range(rate.size):
            total += infused[i, p] * rate[p]
        spare[i] = total
    for i in range(state.size):
        state[i] = spare[i]
