"""Many parameter rows through one schedule: concentrations, exact cumulative AUC and highest concentration."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import (
    CENTRAL_VOLUME,
    CLEARANCE,
    CONTRACT,
    INTERCOMPARTMENTAL_CLEARANCE,
    PERIPHERAL_VOLUME,
    decay,
    modes,
)
from twins.solvers.schedule import Schedule

Array = NDArray[np.float64]


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
    exposure = auc.shape[1] > 0
    for row in range(parameters.shape[0]):
        central = state[row, 0]
        peripheral = state[row, 1]
        area = 0.0
        top = 0.0
        known_epoch = -1
        known_hours = -1.0
        l1 = l2 = w1 = w2 = c12 = c21 = 0.0
        p11 = p12 = p21 = p22 = i11 = i12 = i21 = ii11 = 0.0
        volume = 1.0
        for j in range(hours.size):
            now = epoch[j]
            length = hours[j]
            if now != known_epoch:
                volume = parameters[row, now, CENTRAL_VOLUME]
                l1, l2, w1, w2, c12, c21 = modes(
                    parameters[row, now, CLEARANCE],
                    volume,
                    parameters[row, now, INTERCOMPARTMENTAL_CLEARANCE],
                    parameters[row, now, PERIPHERAL_VOLUME],
                )
            # Grids repeat their step: the exponentials are kept while step and parameters stay.
            if now != known_epoch or length != known_hours:
                e1, g1, h1 = decay(l1, length)
                e2, g2, h2 = decay(l2, length)
                p11 = w1 * e1 + w2 * e2
                p12 = c12 * (e2 - e1)
                p21 = c21 * (e2 - e1)
                p22 = w2 * e1 + w1 * e2
                i11 = w1 * g1 + w2 * g2
                i12 = c12 * (g2 - g1)
                i21 = c21 * (g2 - g1)
                ii11 = w1 * h1 + w2 * h2
            known_epoch = now
            known_hours = length
            central += bolus[j]
            if exposure:
                top = max(top, central / volume)
                area += (central * i11 + peripheral * i12 + rate[j] * ii11) / volume
            before = central
            central = before * p11 + peripheral * p12 + rate[j] * i11
            peripheral = before * p21 + peripheral * p22 + rate[j] * i21
            if exposure:
                top = max(top, central / volume)
            k = output[j]
            if k >= 0:
                concentration[row, k] = central / parameters[row, output_epoch[j], CENTRAL_VOLUME]
                if exposure:
                    auc[row, k] = area
                    highest[row, k] = top
                    top = 0.0
        state[row, 0] = central
        state[row, 1] = peripheral


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
