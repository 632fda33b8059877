"""Many parameter rows through one schedule: concentrations, exact cumulative AUC and highest concentration."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.exponential import CONTRACT
from twins.solvers.former import Schedule

Array = NDArray[np.float64]

CLEARANCE, CENTRAL_VOLUME, INTERCOMPARTMENTAL_CLEARANCE, PERIPHERAL_VOLUME = 0, 1, 2, 3
"""Columns of the parameter arrays of this folder: L/h, L, L/h, L."""


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


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What came of a schedule; rows are those of the parameters, columns the schedule's output times.

    Attributes
    ----------
    concentration : ndarray, shape (n, times)
        mg/L, just before a bolus given at that very time.
    auc : ndarray, shape (n, times) or (n, 0)
        mg·h/L from the schedule's start, exact; a window is the difference of two columns.
    highest : ndarray, shape (n, times) or (n, 0)
        Highest concentration at any event since the output before, mg/L; a bolus counts from its own moment on.
    state : ndarray, shape (n, 2)
        Amounts in the central and peripheral compartment at the schedule's end, mg.
    """

    concentration: Array
    auc: Array
    highest: Array
    state: Array


def run(parameters: Array, schedule: Schedule, *, state: Array | None = None, exposure: bool = False) -> Trajectory:
    """Carry every row through the schedule.

    Parameters
    ----------
    parameters : ndarray, shape (n, epochs, 4)
        Clearance (L/h), central volume (L), intercompartmental clearance (L/h), peripheral volume (L) of each row in
        each of the schedule's epochs; all positive.
    state : ndarray, shape (n, 2), optional
        Amounts at the schedule's start, mg; empty compartments when left out.
    exposure : bool
        Whether `auc` and `highest` are wanted.

    Notes
    -----
    A row's result is the same bit for bit whatever rows are beside it.
    """
    parameters = np.ascontiguousarray(parameters, dtype=np.float64)
    rows = parameters.shape[0]
    last = parameters.shape[1] - 1
    if parameters.ndim != 3 or parameters.shape[2] != 4 or int(schedule.epoch.max(initial=0)) > last:
        raise ValueError(
            f"parameters have shape {parameters.shape}; give (rows, epochs, 4) with an epoch for each of the schedule's"
        )
    final = np.zeros((rows, 2)) if state is None else np.array(state, dtype=np.float64, order="C")
    columns = schedule.times_h.size
    concentration = np.zeros((rows, columns))
    wanted = columns if exposure else 0
    auc = np.zeros((rows, wanted))
    highest = np.zeros((rows, wanted))
    _run(
        parameters,
        schedule.hours,
        schedule.rate_mg_per_h,
        schedule.bolus_mg,
        schedule.epoch,
        schedule.output,
        schedule.output_epoch,
        final,
        concentration,
        auc,
        highest,
    )
    return Trajectory(concentration, auc, highest, final)


# Rows go through a schedule side by side in lanes, so that the processor's vector units do the carrying. All lanes
# share one work buffer with constant offsets: the compiler can then see that its rows do not overlap. The number of
# lanes is fixed and short blocks leave lanes idle, so that every row goes through the same instructions whatever is
# beside it.
_LANES = 16
_L1, _L2, _W1, _W2, _C12, _C21, _PER_VOLUME = (k * _LANES for k in range(7))
_P11, _P12, _P21, _P22, _I11, _I12, _I21, _II11 = (k * _LANES for k in range(7, 15))
_CENTRAL, _PERIPHERAL, _AREA, _TOP = (k * _LANES for k in range(15, 19))
_WORK = 19 * _LANES


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _run(
    parameters: Array,
    hours: Array,
    rate: Array,
    bolus: Array,
    epoch: NDArray[np.int64],
    output: NDArray[np.int64],
    output_epoch: NDArray[np.int64],
    state: Array,
    concentration: Array,
    auc: Array,
    highest: Array,
) -> None:
    rows = parameters.shape[0]
    exposure = auc.shape[1] > 0
    work = np.zeros(_WORK)
    for first in range(0, rows, _LANES):
        live = min(_LANES, rows - first)
        work[:] = 0.0
        for k in range(live):
            work[_CENTRAL + k] = state[first + k, 0]
            work[_PERIPHERAL + k] = state[first + k, 1]
        known_epoch = -1
        known_hours = -1.0
        for j in range(hours.size):
            if epoch[j] != known_epoch:
                _enter_epoch(work, parameters, first, live, epoch[j])
            # Grids repeat their step: the exponentials are kept while step and parameters stay.
            if epoch[j] != known_epoch or hours[j] != known_hours:
                _set_step(work, live, hours[j])
            known_epoch = epoch[j]
            known_hours = hours[j]
            if bolus[j] != 0.0:
                for k in range(_LANES):
                    work[_CENTRAL + k] += bolus[j]
            if exposure:
                _measure(work, rate[j])
            _advance(work, rate[j])
            column = output[j]
            if exposure:
                _raise_top(work)
            if column < 0:
                continue
            if output_epoch[j] == epoch[j]:
                for k in range(live):
                    concentration[first + k, column] = work[_CENTRAL + k] * work[_PER_VOLUME + k]
            else:
                for k in range(live):
                    volume = parameters[first + k, output_epoch[j], CENTRAL_VOLUME]
                    concentration[first + k, column] = work[_CENTRAL + k] * (1.0 / volume)
            if exposure:
                for k in range(live):
                    auc[first + k, column] = work[_AREA + k]
                    highest[first + k, column] = work[_TOP + k]
                    work[_TOP + k] = 0.0
        for k in range(live):
            state[first + k, 0] = work[_CENTRAL + k]
            state[first + k, 1] = work[_PERIPHERAL + k]


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _enter_epoch(work: Array, parameters: Array, first: int, live: int, now: int) -> None:
    """The modes of each row's parameters in this epoch."""
    for k in range(live):
        volume = parameters[first + k, now, CENTRAL_VOLUME]
        l1, l2, w1, w2, c12, c21 = modes(
            parameters[first + k, now, CLEARANCE],
            volume,
            parameters[first + k, now, INTERCOMPARTMENTAL_CLEARANCE],
            parameters[first + k, now, PERIPHERAL_VOLUME],
        )
        work[_L1 + k] = l1
        work[_L2 + k] = l2
        work[_W1 + k] = w1
        work[_W2 + k] = w2
        work[_C12 + k] = c12
        work[_C21 + k] = c21
        work[_PER_VOLUME + k] = 1.0 / volume


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _set_step(work: Array, live: int, hours: float) -> None:
    """What one step of this length does to unit amounts and a unit rate: to the state (P) and to its integral (I)."""
    for k in range(live):
        e1, g1, h1 = decay(work[_L1 + k], hours)
        e2, g2, h2 = decay(work[_L2 + k], hours)
        w1, w2 = work[_W1 + k], work[_W2 + k]
        c12, c21 = work[_C12 + k], work[_C21 + k]
        work[_P11 + k] = w1 * e1 + w2 * e2
        work[_P12 + k] = c12 * (e2 - e1)
        work[_P21 + k] = c21 * (e2 - e1)
        work[_P22 + k] = w2 * e1 + w1 * e2
        work[_I11 + k] = w1 * g1 + w2 * g2
        work[_I12 + k] = c12 * (g2 - g1)
        work[_I21 + k] = c21 * (g2 - g1)
        work[_II11 + k] = w1 * h1 + w2 * h2


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _advance(work: Array, rate: float) -> None:
    """Carry the amounts over one step."""
    for k in range(_LANES):
        central = work[_CENTRAL + k]
        peripheral = work[_PERIPHERAL + k]
        work[_CENTRAL + k] = central * work[_P11 + k] + peripheral * work[_P12 + k] + rate * work[_I11 + k]
        work[_PERIPHERAL + k] = central * work[_P21 + k] + peripheral * work[_P22 + k] + rate * work[_I21 + k]


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _measure(work: Array, rate: float) -> None:
    """Before the step: the highest concentration so far, and the area under the step to come."""
    for k in range(_LANES):
        central = work[_CENTRAL + k]
        area = central * work[_I11 + k] + work[_PERIPHERAL + k] * work[_I12 + k] + rate * work[_II11 + k]
        work[_AREA + k] += area * work[_PER_VOLUME + k]
        now = central * work[_PER_VOLUME + k]
        work[_TOP + k] = now if now > work[_TOP + k] else work[_TOP + k]


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _raise_top(work: Array) -> None:
    """After the step: the highest concentration so far."""
    for k in range(_LANES):
        now = work[_CENTRAL + k] * work[_PER_VOLUME + k]
        work[_TOP + k] = now if now > work[_TOP + k] else work[_TOP + k]


def scale(typical: Array, columns: NDArray[np.int64], etas: Array) -> Array:
    """Individual parameters ``typical * exp(eta)``.

    Parameters
    ----------
    typical : ndarray, shape (epochs, parameters)
    columns : ndarray of int, shape (p,)
        Which parameter each eta belongs to.
    etas : ndarray, shape (n, p)

    Returns
    -------
    ndarray, shape (n, epochs, parameters)
    """
    return np.asarray(
        _scale(
            np.ascontiguousarray(typical, dtype=np.float64),
            np.ascontiguousarray(columns, dtype=np.int64),
            np.ascontiguousarray(etas, dtype=np.float64),
        )
    )


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _scale(typical: Array, columns: NDArray[np.int64], etas: Array) -> Array:
    rows = etas.shape[0]
    epochs, width = typical.shape
    out = np.empty((rows, epochs, width))
    for row in range(rows):
        for now in range(epochs):
            for column in range(width):
                out[row, now, column] = typical[now, column]
        for p in range(columns.size):
            factor = np.exp(etas[row, p])
            for now in range(epochs):
                out[row, now, columns[p]] *= factor
    return out
