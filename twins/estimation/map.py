"""The mode of the posterior (maximum a posteriori), of one patient or of many at once."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence
from twins.solvers import ask, scoring
from twins.solvers.case import chain
from twins.solvers.pointed import pointer
from twins.solvers.scoring import CONVERGED, FAILED

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


def fit_many(
    evidences: Sequence[Evidence], *, threads: int = 1, starts: int = STARTS, hessian: bool = False
) -> list[Mode]:
    """The mode of each, in order; a patient's digits depend on neither the patients beside it nor the threads.

    Parameters
    ----------
    starts
        From how many points the mode is sought at most; 1: from the typical patient alone.
    hessian
        Whether the covariance by the full Hessian is wanted too.
    """
    found: dict[int, Mode] = {}
    groups: dict[int, list[int]] = {}
    for k, evidence in enumerate(evidences):
        groups.setdefault(id(evidence.model), []).append(k)
    for places in groups.values():
        group = [evidences[k] for k in places]
        found.update(zip(places, _fit(group, threads, starts, hessian), strict=True))
    return [found[k] for k in range(len(evidences))]


def _fit(group: Sequence[Evidence], threads: int, starts: int, hessian: bool) -> list[Mode]:
    """Modes of patients under one model."""
    n = len(group)
    numbers = np.concatenate([evidence.numbers for evidence in group])
    wholes = np.concatenate([evidence.wholes for evidence in group])
    sizes = [evidence.size for evidence in group]
    number_at = chain([evidence.numbers.size for evidence in group])
    whole_at = chain([evidence.wholes.size for evidence in group])
    effect_at = chain(sizes)
    time_at = chain([evidence.case.times_h.size for evidence in group])
    square_at = chain([size * size for size in sizes])
    normals, etas = np.zeros(effect_at[-1]), np.zeros(effect_at[-1])
    found = np.zeros((n, 2))
    counts = np.zeros((n, 3), dtype=np.int64)
    expected = np.full(square_at[-1], np.nan)
    full = np.full(square_at[-1] if hessian else 0, np.nan)
    predicted = np.zeros((2, time_at[-1]))
    grid = _grid(len(group[0].model.etas))
    answer = pointer(ask.answer, ask.ANSWER.signature)
    places = (numbers, wholes, number_at, whole_at, effect_at, time_at, square_at)
    filled = (normals, etas, found, counts, expected, full, predicted)
    kernel = pointer(scoring.fit, scoring.FIT)

    def run(first: int, last: int) -> None:
        kernel(answer, group[0].predictor.function, *places, first, last, grid, max(starts, 1), *filled)

    if threads <= 1 or n == 1:
        run(0, n)
    else:
        # Small shares, taken as threads come free: patients differ in how long they take.
        edges = np.unique(np.linspace(0, n, min(8 * threads, n) + 1).astype(np.int64))
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, edges[:-1].tolist(), edges[1:].tolist()))
    modes = []
    for k, evidence in enumerate(group):
        here = slice(effect_at[k], effect_at[k + 1])
        square = slice(square_at[k], square_at[k + 1])
        shape = (sizes[k], sizes[k])
        seen = predicted[:, time_at[k] + evidence.columns]
        modes.append(
            Mode(
                eta=etas[here],
                normals=normals[here],
                # Twice the inverse of the curvature of -2 log posterior.
                expected=2.0 * expected[square].reshape(shape),
                full=2.0 * full[square].reshape(shape) if hessian else np.full(shape, np.nan),
                evidence=evidence,
                objective=float(found[k, 0]),
                gradient=float(found[k, 1]),
                iterations=int(counts[k, 1]),
                minima=int(counts[k, 2]),
                converged=int(counts[k, 0]) == CONVERGED,
                failed=int(counts[k, 0]) == FAILED,
                population=seen[0],
                predicted=seen[1],
            )
        )
    return modes


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
