"""`Individual`: a population model for one patient's covariates, as a map from random effects to parameters."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.covariates import CovariateHistory
from twins.pharmacology.population import Eta, Link, PopulationModel
from twins.solvers import individual as kernels
from twins.solvers.individual import Effects
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]

_FUTURE = 0x0CCA
"""Sets the streams of future occasions apart from others of the same seed."""


@dataclass(frozen=True, slots=True, eq=False)
class Individual:
    """One patient's parameters as a function of the effects: etas, then the kappas of each occasion in turn.

    Attributes
    ----------
    times_h : ndarray, shape (epochs,)
        When each epoch begins; the first reaches back, the last forward without end.
    occasions : int
        How many occasions have kappas; 0 for a model without inter-occasion variability.
    """

    model: PopulationModel
    times_h: Array
    occasions: int
    effects: Effects

    @classmethod
    def of(
        cls,
        model: PopulationModel,
        chart: CovariateHistory,
        *,
        until_h: float | None = None,
        like: "Individual | None" = None,
    ) -> "Individual":
        """The individual of a covariate history.

        Parameters
        ----------
        until_h
            Occasions that begin after this have no kappas here: what is predicted up to then does not depend on them.
            None: all occasions of the history have theirs.
        like
            Another individual of the same model, whose tables of effects are taken over.
        """
        within = () if model.occasions is None else model.occasions.etas
        occasion = np.ascontiguousarray(chart.occasion, dtype=np.int64)
        if until_h is not None and within:
            # Carried backward, or between records, a level is read with the record that comes after it too.
            side: Literal["left", "right"] = "right" if chart.carry is CarryRule.FORWARD else "left"
            seen = int(np.searchsorted(chart.times_h, until_h, side=side)) + int(side == "left")
            known = int(occasion[: max(seen, 1)].max()) + 1 if until_h > -np.inf else 0
            occasion = np.where(occasion < known, occasion, -1)
        effects = _unmoved(model) if like is None else like.effects
        return cls(
            model=model,
            times_h=np.ascontiguousarray(chart.times_h, dtype=np.float64),
            occasions=int(occasion.max()) + 1 if within else 0,
            effects=effects._replace(
                typical=np.ascontiguousarray(chart.typical, dtype=np.float64),
                added=np.ascontiguousarray(chart.added, dtype=np.float64),
                occasion=occasion,
            ),
        )

    @property
    def size(self) -> int:
        """How many effects a row has: etas + occasions · kappas."""
        return len(self.model.etas) + self.occasions * len(self._within)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the effects in order; a kappa's says its occasion, counted from 1."""
        return self.model.eta_on + tuple(
            f"{eta.name}, occasion {number + 1}" for number in range(self.occasions) for eta in self._within
        )

    @property
    def omega(self) -> Array:
        """Covariance of the effects, shape (size, size): that of the etas, then that of each occasion's kappas."""
        return self._blocks(self.model.omega, self._kappa_omega)

    @property
    def factor(self) -> Array:
        """Lower triangular, shape (size, size): `factor` times its transpose is `omega`; rows of no variance are 0."""
        return self._blocks(root(self.model.omega), root(self._kappa_omega))

    @property
    def _within(self) -> tuple[Eta, ...]:
        return () if self.model.occasions is None else self.model.occasions.etas

    @property
    def _kappa_omega(self) -> Array:
        return np.zeros((0, 0)) if self.model.occasions is None else self.model.occasions.omega

    def _blocks(self, between: Array, within: Array) -> Array:
        found = np.zeros((self.size, self.size))
        at = between.shape[0]
        found[:at, :at] = between
        for _ in range(self.occasions):
            end = at + within.shape[0]
            found[at:end, at:end] = within
            at = end
        return found

    def parameters(self, etas: ArrayLike) -> Array:
        """Of the system, shape (n, epochs, parameters), for effects of shape (n, size) or (size,).

        Raises
        ------
        ValueError
            If the rows do not have `size` effects; see `widen`.
        """
        return np.asarray(kernels.parameters(self.effects, self._rows(etas)))

    def components(self, etas: ArrayLike) -> Array:
        """What `PopulationModel.components` names, shape (n, epochs, components); without what is added."""
        return np.asarray(kernels.components(self.effects, self._rows(etas)))

    def widen(self, etas: ArrayLike, *, seed: int | None = None) -> Array:
        """Rows of effects with the kappas of occasions that they do not know yet, shape (n, size).

        Parameters
        ----------
        etas : array_like, shape (n, known) or (known,)
            Etas, and the kappas of the first occasions; what lies beyond this individual's occasions is cut off.
        seed
            None: the new kappas are exactly 0, for a point forecast. A number: they are drawn from the population, for
            a posterior that is simulated; each occasion has a stream of its own, so that a row's digits depend on the
            seed, the occasion and the row's place alone.
        """
        rows = np.atleast_2d(np.asarray(etas, dtype=np.float64))
        between, within = len(self.model.etas), len(self._within)
        known = rows.shape[1] - between
        if known < 0 or (known % within if within else known):
            raise ValueError(
                f"the rows have {rows.shape[1]} effects; {self.model.id} has {between} etas and {within} an occasion"
            )
        found = np.zeros((rows.shape[0], self.size))
        shared = min(rows.shape[1], self.size)
        found[:, :shared] = rows[:, :shared]
        if seed is None or not within:
            return found
        spread = root(self._kappa_omega)
        for number in range(known // within, self.occasions):
            key = np.random.SeedSequence(seed, spawn_key=(_FUTURE, number))
            normal = np.random.Generator(np.random.Philox(key)).standard_normal((rows.shape[0], within))
            at = between + number * within
            for k in range(within):
                for other in range(k + 1):
                    found[:, at + k] += spread[k, other] * normal[:, other]
        return found

    def epoch_at(self, time_h: float) -> int:
        """The epoch that holds at a time, a value holding from its own time on."""
        return max(0, int(np.searchsorted(self.times_h, time_h, side="right")) - 1)

    def _rows(self, etas: ArrayLike) -> Array:
        rows = np.ascontiguousarray(np.atleast_2d(np.asarray(etas, dtype=np.float64)))
        if rows.shape[1] != self.size:
            raise ValueError(f"the rows have {rows.shape[1]} effects, this individual has {self.size}; widen them")
        return rows


def _unmoved(model: PopulationModel) -> Effects:
    """How effects move the components of any individual, still without one's typical values."""
    names = model.components
    etas = (*model.etas, *(() if model.occasions is None else model.occasions.etas))
    terms = [(names.index(name), which, factor) for which, eta in enumerate(etas) for name, factor in eta.targets]
    columns = [k for k, name in enumerate(model.parameters) for _ in model.sums.get(name, (name,))]
    return Effects(
        typical=np.zeros((0, len(names))),
        added=np.zeros((0, len(model.parameters))),
        occasion=np.zeros(0, dtype=np.int64),
        links=np.array([int(model.links.get(name, Link.LOG)) for name in names], dtype=np.int64),
        columns=np.array(columns, dtype=np.int64),
        component=np.array([term[0] for term in terms], dtype=np.int64),
        effect=np.array([term[1] for term in terms], dtype=np.int64),
        factor=np.array([term[2] for term in terms], dtype=np.float64),
        box_cox=np.array([eta.box_cox or 0.0 for eta in etas], dtype=np.float64),
        counts=np.array([len(model.etas), len(etas) - len(model.etas)], dtype=np.int64),
    )


def root(covariance: Array) -> Array:
    """Lower triangular L with L Lᵀ = covariance, shape (p, p); a variance of 0 gives a row and a column of 0.

    Raises
    ------
    ValueError
        If the matrix is no covariance.
    """
    p = covariance.shape[0]
    found = np.zeros((p, p))
    for k in range(p):
        left = float(covariance[k, k]) - sum(float(found[k, j]) ** 2 for j in range(k))
        if left < -1e-12 * abs(float(covariance[k, k])) or not np.isfinite(left):
            raise ValueError("the matrix is no covariance: it has a negative eigenvalue")
        if left <= 1e-12 * float(covariance[k, k]):
            continue  # what is left of a variance that others determine is rounding, not spread
        found[k, k] = np.sqrt(left)
        for i in range(k + 1, p):
            rest = float(covariance[i, k]) - sum(float(found[i, j] * found[k, j]) for j in range(k))
            found[i, k] = rest / found[k, k]
    return found
