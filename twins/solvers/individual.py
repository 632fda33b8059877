"""From random effects to one individual's parameters: compiled, so that an estimation kernel may call it.

The effects of one row are its etas, then for each occasion its kappas. `column` finds them: etas act on every epoch,
a kappa on the epochs of its own occasion alone.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

LOG, LOGIT, IDENTITY = 0, 1, 2
"""How a component follows from its typical value and what the effects add; numbers of ``population.Link``."""


class Effects(NamedTuple):
    """What the kernels of this file read.

    Attributes
    ----------
    typical : ndarray, shape (epochs, components)
    added : ndarray, shape (epochs, parameters)
        Added to the parameters themselves, untouched by any effect: a dialysis session's clearance.
    occasion : ndarray of int, shape (epochs,)
        -1 where no occasion of this individual holds: its kappas are 0.
    links : ndarray of int, shape (components,)
    columns : ndarray of int, shape (components,)
        The system's parameter that each component is, or is a part of.
    component, effect : ndarray of int, shape (terms,)
        Which component each term moves, and which effect moves it: etas from 0, then kappas of one occasion.
    factor : ndarray, shape (terms,)
        How much of the effect enters.
    box_cox : ndarray, shape (etas + kappas of one occasion,)
        Shape of each; 0 where it enters as it is.
    counts : ndarray of int, shape (2,)
        Etas; kappas of one occasion.
    """

    typical: Array
    added: Array
    occasion: Whole
    links: Whole
    columns: Whole
    component: Whole
    effect: Whole
    factor: Array
    box_cox: Array
    counts: Whole


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def move(effects: Effects, first: int, last: int, eta: Array, shift: Array, out: Array) -> None:
    """Components of one row in the epochs from `first` to before `last`.

    Parameters
    ----------
    eta : ndarray, shape (etas + occasions · kappas,)
    shift : ndarray, shape (components,)
        Written over.
    out : ndarray, shape (last - first, components)
    """
    etas, kappas = effects.counts[0], effects.counts[1]
    for now in range(first, last):
        if now == first or (kappas > 0 and effects.occasion[now] != effects.occasion[now - 1]):
            shift[:] = 0.0
            for term in range(effects.effect.size):
                which = effects.effect[term]
                at = which
                if which >= etas:
                    if effects.occasion[now] < 0:
                        continue
                    at = which + effects.occasion[now] * kappas
                x = eta[at]
                shape = effects.box_cox[which]
                if shape != 0.0:
                    x = math.expm1(shape * x) / shape
                shift[effects.component[term]] += effects.factor[term] * x
            for part in range(shift.size):
                if effects.links[part] != IDENTITY:
                    shift[part] = math.exp(shift[part])
        for part in range(shift.size):
            typical = effects.typical[now, part]
            link = effects.links[part]
            if link == LOG:
                out[now - first, part] = typical * shift[part]
            elif link == LOGIT:
                out[now - first, part] = typical * shift[part] / (1.0 - typical + typical * shift[part])
            else:
                out[now - first, part] = typical + shift[part]


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def gather(effects: Effects, first: int, last: int, parts: Array, out: Array) -> None:
    """Parameters, shape (last - first, parameters), from components: sums, and what is added to them."""
    for now in range(last - first):
        for column in range(out.shape[1]):
            out[now, column] = effects.added[first + now, column]
        for part in range(parts.shape[1]):
            out[now, effects.columns[part]] += parts[now, part]


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
def components(effects: Effects, etas: Array) -> Array:
    """Components of each row of etas, shape (n, epochs, components)."""
    epochs, parts = effects.typical.shape
    out = np.empty((etas.shape[0], epochs, parts))
    shift = np.empty(parts)
    for row in range(etas.shape[0]):
        move(effects, 0, epochs, etas[row], shift, out[row])
    return out


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
def parameters(effects: Effects, etas: Array) -> Array:
    """Parameters of each row of etas, shape (n, epochs, parameters)."""
    epochs, parts = effects.typical.shape
    out = np.empty((etas.shape[0], epochs, effects.added.shape[1]))
    shift = np.empty(parts)
    moved = np.empty((epochs, parts))
    for row in range(etas.shape[0]):
        move(effects, 0, epochs, etas[row], shift, moved)
        gather(effects, 0, epochs, moved, out[row])
    return out
