"""`Trajectory`: what came of a timeline, a row for each row of parameters."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from twins.quantities.sentence import names

Array = NDArray[np.float64]


class Failure(IntEnum):
    """Why a row has no answer; its values are then not a number."""

    NONE = 0
    STEPS = 1
    STEP_SIZE = 2
    NOT_FINITE = 3
    STEADY_STATE = 4
    PARAMETER = 5

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Failure.NONE: "solved",
    Failure.STEPS: "the solver took as many steps as it may without reaching the end; the equations may be stiff",
    Failure.STEP_SIZE: "the solver's step became too small to move on; the equations may have a singularity",
    Failure.NOT_FINITE: "the state left the numbers that a computer can hold",
    Failure.STEADY_STATE: "no steady state was found; the doses may exceed what can be eliminated",
    Failure.PARAMETER: "a parameter is not positive where it must be",
}
WORDS = names(*_WORDS.values())


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What came of a timeline; rows are those of the parameters, columns the timeline's output times.

    Attributes
    ----------
    values : ndarray, shape (outputs, n, times)
        In each output's own unit, just before a dose given at that very time.
    auc : ndarray, shape (n, times) or (n, 0)
        Of the output of exposure, unit·h from the timeline's start, exact; a window is the difference of two columns.
    highest : ndarray, shape (n, times) or (n, 0)
        Highest value of it since the output time before; a bolus counts from its own moment on.
    state : ndarray, shape (n, states)
        At the last output time, before what is given at that very time; mg.
    failed : ndarray of int, shape (n,)
        0, or a `Failure`; a failed row's values are not a number.
    """

    values: Array
    auc: Array
    highest: Array
    state: Array
    failed: NDArray[np.int64]

    @property
    def concentration(self) -> Array:
        """The first output, shape (n, times)."""
        return np.asarray(self.values[0])

    def failures(self) -> dict[int, str]:
        """Which rows have no answer, and why, in words."""
        return {int(row): Failure(int(self.failed[row])).words for row in np.flatnonzero(self.failed)}
