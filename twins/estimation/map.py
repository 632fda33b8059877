"""The mode of the posterior (maximum a posteriori), of one patient or of many at once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence
from twins.solvers import ask, search
from twins.solvers.case import chain
from twins.solvers.pointed import pointer
from twins.solvers.scoring import CONVERGED, FAILED
from twins.solvers.shares import SHARE, counter
from twins.solvers.threads import side_by_side

Array = NDArray[np.float64]
COVARIANCE_KIND = "inverse of the expected (Fisher) information at the mode, prior included"
HESSIAN_KIND = "inverse of half the full Hessian of -2 log posterior at the mode"
PRIOR_KIND = "between-subject variability of the population model; no level yet"

STARTS = 4
"""From how many starts a mode is sought at most: the typical patient, and the best points of a coarse grid."""
_GRID_SD = 1.5
"""Spacing of that grid, in prior standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """The posterior's mode.

    Attributes
    ----------
    eta : ndarray, shape (size,)
    normals : ndarray, shape (size,)
        The same in independent standard normals.
    expected, full : ndarray, shape (size, size)
        Covariance of the normals by expected information and by the full Hessian; `full` is not a number where it was
        not asked for or the Hessian is not positive definite.
    evidence
        What it is the mode of.
    objective : float
        Minus two log posterior at the mode, without constants.
    gradient : float
        The steepest slope of the objective at the mode by a standard normal.
    iterations : int
        From all starts.
    minima : int
        How many different ones were found; the lowest is this one.
    converged : bool
        Whether the last step or the decrease still expected was below tolerance.
    failed : bool
        No finite density anywhere: the model's equations could not be solved, or its error is 0 at a level.
    population, predicted : ndarray, shape (levels,)
        What the typical patient and the mode predict.
    """

    eta: Array
    normals: Array
    expected: Array
    full: Array
    evidence: Evidence = field(repr=False)
    objective: float
    gradient: float
    iterations: int
    minima: int
    converged: bool
    failed: bool
    population: Array
    predicted: Array

    @property
    def covariance(self) -> Array:
        """Of the effects, shape (size, size); see `COVARIANCE_KIND`."""
        return _spread(self.evidence.factor, self.expected)

    @property
    def hessian_covariance(self) -> Array:
        """Of the effects, shape (size, size); see `HESSIAN_KIND`. Not a number where there is none."""
        return _spread(self.evidence.factor, self.full)


def _spread(factor: Array, covariance: Array) -> Array:
    found = factor @ covariance @ factor.T
    return np.asarray(0.5 * (found + found.T))


def find_mode(evidence: Evidence, *, starts: int = STARTS, hessian: bool = False) -> Mode:
    """The lowest minimum of the objective found from the typical patient and from the best points of a coarse grid.

    Contradictory levels can give the posterior two modes. The typical patient's is kept unless another is lower.
    """
    return fit_many([evidence], starts=starts, hessian=hessian)[0]


class Modes(Sequence[Mode]):
    """Modes of many patients, in order; each is made when it is asked for.

    Attributes
    ----------
    objective, gradient : ndarray, shape (n,)
    converged : ndarray of bool, shape (n,)
    minima, iterations : ndarray of int, shape (n,)
        As in `Mode`.
    """

    def __init__(self, batches: Sequence["_Batch"], places: Sequence[NDArray[np.int64]]) -> None:
        order = np.argsort(np.concatenate([np.zeros(0, dtype=np.int64), *places]), kind="stable")
        heights = np.concatenate([np.zeros((0, 2)), *(batch.found for batch in batches)])[order]
        counts = np.concatenate([np.zeros((0, 3), dtype=np.int64), *(batch.counts for batch in batches)])[order]
        self._batches = batches
        self._batch = np.repeat(np.arange(len(batches)), [found.size for found in places])[order]
        self._place = np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(found.size) for found in places)])[order]
        self.objective, self.gradient = heights[:, 0], heights[:, 1]
        self.converged = counts[:, 0] == CONVERGED
        self.iterations, self.minima = counts[:, 1], counts[:, 2]

    def __len__(self) -> int:
        return int(self._place.size)

    @overload
    def __getitem__(self, at: int) -> Mode: ...
    @overload
    def __getitem__(self, at: slice) -> list[Mode]: ...
    def __getitem__(self, at: int | slice) -> Mode | list[Mode]:
        if isinstance(at, slice):
            return [self[k] for k in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(f"mode {at} of {len(self)}")
        return self._batches[int(self._batch[at])].mode(int(self._place[at]))


def fit_many(evidences: Sequence[Evidence], *, threads: int = 1, starts: int = STARTS, hessian: bool = False) -> Modes:
    """The mode of each, in order; a patient's digits depend on neither the patients beside it nor the threads.

    Parameters
    ----------
    starts
        From how many points the mode is sought at most; 1: from the typical patient alone.
    hessian
        Whether the covariance by the full Hessian is wanted too.
    """
    models = [id(evidence.individual.model) for evidence in evidences]
    owner = np.fromiter(models, dtype=np.int64)
    places = [np.flatnonzero(owner == model) for model in dict.fromkeys(models)]
    groups = [evidences] if len(places) == 1 else [[evidences[k] for k in each.tolist()] for each in places]
    batches = [_Batch(group, hessian) for group in groups]
    for batch in batches:
        batch.fit(threads, max(starts, 1))
    return Modes(batches, places)


class _Batch:
    """Patients under one model: their cases behind one another, and what is found of them."""

    def __init__(self, group: Sequence[Evidence], hessian: bool) -> None:
        self.group = group
        model = group[0].model
        sizes = np.full(len(group), len(model.etas), dtype=np.int64)
        if model.occasions:
            sizes += len(model.occasions.etas) * np.array([evidence.individual.occasions for evidence in group])
        numbers: list[Any] = [evidence.numbers for evidence in group]
        wholes: list[Any] = [evidence.wholes for evidence in group]
        # One copy of many small arrays: NumPy's own concatenation takes three times as long, as it looks at each.
        self.numbers = np.frombuffer(bytearray().join(numbers), dtype=np.float64)
        self.wholes = np.frombuffer(bytearray().join(wholes), dtype=np.int64)
        self.number_at, self.whole_at = chain(map(len, numbers)), chain(map(len, wholes))
        self.effect_at = chain(sizes)
        self.time_at = chain(len(evidence.case.times_h) for evidence in group)
        self.square_at = chain(sizes * sizes)
        self.normals, self.etas = np.zeros(self.effect_at[-1]), np.zeros(self.effect_at[-1])
        self.found = np.zeros((len(group), 2))
        self.counts = np.zeros((len(group), 3), dtype=np.int64)
        self.expected = np.full(self.square_at[-1], np.nan)
        self.full = np.full(self.square_at[-1] if hessian else 0, np.nan)
        self.predicted = np.zeros((2, self.time_at[-1]))

    def fit(self, threads: int, starts: int) -> None:
        answer = pointer(ask.answer, ask.ANSWER.signature)
        kernel = pointer(search.fit, search.FIT)
        function = self.group[0].predictor.function
        places = (self.number_at, self.whole_at, self.effect_at, self.time_at, self.square_at)
        grid = _grid(len(self.group[0].model.etas))
        filled = (self.normals, self.etas, self.found, self.counts, self.expected, self.full, self.predicted)

        taken = counter()

        def run() -> None:
            kernel(answer, function, self.numbers, self.wholes, *places, taken, grid, starts, *filled)

        # Patients differ in how long they take: a thread takes the next few when it has done those before.
        side_by_side(*[run] * max(1, min(threads, -(-len(self.group) // SHARE))))

    def mode(self, k: int) -> Mode:
        evidence = self.group[k]
        here = slice(self.effect_at[k], self.effect_at[k + 1])
        square = slice(self.square_at[k], self.square_at[k + 1])
        shape = (evidence.size, evidence.size)
        seen = self.predicted[:, self.time_at[k] + evidence.columns]
        return Mode(
            eta=self.etas[here],
            normals=self.normals[here],
            # Twice the inverse of the curvature of -2 log posterior.
            expected=2.0 * self.expected[square].reshape(shape),
            full=2.0 * self.full[square].reshape(shape) if self.full.size else np.full(shape, np.nan),
            evidence=evidence,
            objective=float(self.found[k, 0]),
            gradient=float(self.found[k, 1]),
            iterations=int(self.counts[k, 1]),
            minima=int(self.counts[k, 2]),
            converged=int(self.counts[k, 0]) == CONVERGED,
            failed=int(self.counts[k, 0]) == FAILED,
            population=seen[0],
            predicted=seen[1],
        )


@lru_cache(maxsize=32)
def _grid(etas: int) -> Array:
    """The typical patient, then further starts, in standard normals: corners and edges, of many etas pairs."""
    steps = (-_GRID_SD, 0.0, _GRID_SD)
    if etas <= 4:
        points = sorted(itertools.product(steps, repeat=etas), key=lambda point: any(point))
        return np.array(points, dtype=np.float64).reshape(len(points), etas)
    found = np.zeros((1 + 2 * etas * etas, etas))
    at = 1
    for i in range(etas):
        for sign in (-_GRID_SD, _GRID_SD):
            found[at, i] = sign
            at += 1
        for k, first, second in itertools.product(range(i), steps[::2], steps[::2]):
            found[at, i], found[at, k] = first, second
            at += 1
    return found
