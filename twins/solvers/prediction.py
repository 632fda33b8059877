"""A few levels at a time for kernels of estimation; a text that `specialise` compiles for each set of equations."""

# ruff: noqa: ARG001, F821
# mypy: disable-error-code="name-defined, no-any-return"
import numpy as np
from numpy.typing import NDArray

from twins.solvers.itinerary import file_all
from twins.solvers.schedule import START, expand

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def predict(
    layout: Integers,
    scales: Array,
    ports: Integers,
    parameters: Array,
    doses: Array,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    backward: bool,
    output_of_time: Integers,
    tolerance: Array,
    out: Array,
) -> None:
    rows, columns = out.shape
    begin = times_h[0] if columns else 0.0
    for row in range(doses.shape[0]):
        begin = min(begin, doses[row, START])
    values = out.reshape((1, rows, columns))
    state = np.full((rows, layout[1]), np.nan)
    nothing = np.empty((rows, 0))
    failed = np.zeros(rows, dtype=np.int64)
    single = expand(doses, times_h[-1] if columns else begin)
    limits = np.empty(2, dtype=np.int64)
    limits[0] = MOST_STEPS
    limits[1] = 0
    todo = np.arange(rows)
    moving = layout[0] == 1
    ends, flows, wholes, arrivals, counts = file_all(
        todo, parameters, single, ports, epochs_h, times_h, resets_h, begin, backward, moving
    )
    CARRY(
        np.zeros(SIZE), np.zeros(BOOK, dtype=np.int64), ends, flows, wholes, arrivals, counts, todo, parameters, ports,
        epochs_h, begin, times_h[-1] if columns else begin, moving, tolerance, limits, output_of_time, state, values,
        nothing, nothing, failed,
    )  # fmt: skip
