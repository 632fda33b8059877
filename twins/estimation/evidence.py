"""What the data say: predictions at the levels, and how likely a patient's effects are given them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.estimation.engine import (
    DRAFTS,
    EXACT,
    STEPPED,
    TOLERANCE,
    compartments,
    prepared,
    reach,
    superposes,
    with_doses,
)
from twins.pharmacology.covariates import CovariateHistory, histories, history
from twins.pharmacology.individual import Individual, root
from twins.pharmacology.population import PopulationModel
from twins.quantities.dose import Dose
from twins.quantities.sentence import MEASURED, Sentence, names
from twins.samples.course import Course, Level
from twins.solvers import ask, likelihood, scoring
from twins.solvers.case import Case, pack
from twins.solvers.likelihood import M1, M3, M4, Levels
from twins.solvers.pointed import pointer
from twins.solvers.schedule import START, expand
from twins.solvers.solve import Predictor
from twins.solvers.system import CarryRule, Equations
from twins.solvers.timeline import tabulate

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


_INTERPOLATED = Sentence(
    "covariates are interpolated, which the closed form of {model} cannot follow; carry them forward or backward, or "
    "write the system as equations"
)
_OTHER_OUTPUT = Sentence("a level is of {output}, but {model} has {known}; name one of these")
_NO_ERROR = Sentence("{model} states no residual error of {output}; no level of it can be fitted")
_NOT_FINITE = Sentence("a level is {value} at {time} h; give finite numbers")
_NO_LOGARITHM = Sentence(
    "a {what} is {value:g} at {time:g} h, but the error of {model} is of its logarithm; give a positive number, or "
    "leave the level out",
    what=names("limit of quantification", "level"),
    value=MEASURED,
)


class BelowLimit(StrEnum):
    """What a level below the limit of quantification says; named as in Beal 2001, doi 10.1023/A:1012299115260."""

    M1 = "M1: left out"
    M3 = "M3: that it is below the limit"
    M4 = "M4: that it is below the limit, and positive as every level is"


_RULES = {BelowLimit.M1: M1, BelowLimit.M3: M3, BelowLimit.M4: M4}


class EvidenceError(ValueError):
    """Levels that a model cannot be fitted to; names what is wrong and the remedy."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One patient's levels against one model.

    Attributes
    ----------
    individual
        Effects of the occasions up to the last level.
    observed : ndarray, shape (levels,)
        In the unit of each level's output; the limit where it is below quantification.
    columns : ndarray of int, shape (levels,)
        Which of the case's times each level lies at.
    case
        All of it as arrays, for the kernels.
    numbers, wholes
        The case, packed.
    drafts : ndarray
        As `numbers`, with the looser tolerance that draws ask of a solver that steps; slopes need the tight one.
    flatten : float
        Factor of the prior's covariance.
    """

    individual: Individual
    observed: Array
    columns: Whole
    case: Case
    numbers: Array
    wholes: Whole
    drafts: Array
    predictor: Predictor
    flatten: float

    @property
    def model(self) -> PopulationModel:
        return self.individual.model

    @property
    def size(self) -> int:
        """How many effects are to be found."""
        return self.individual.size

    @property
    def omega(self) -> Array:
        """Covariance of the effects, flattened where that was asked for, shape (size, size)."""
        return self.individual.omega * self.flatten

    @property
    def factor(self) -> Array:
        """What takes independent standard normals to effects, lower triangular, shape (size, size)."""
        return np.asarray(self.individual.factor * np.sqrt(self.flatten))

    @classmethod
    def of(
        cls,
        model: PopulationModel,
        course: Course,
        levels: Sequence[Level],
        *,
        chart: CovariateHistory | None = None,
        below: BelowLimit = BelowLimit.M3,
        half_life_h: float | None = None,
        flatten: float = 1.0,
        like: "Evidence | None" = None,
    ) -> "Evidence":
        """The evidence of these levels of a course, with its doses, covariates, resets and carry rule.

        Parameters
        ----------
        half_life_h
            The variance of a level's residual doubles with every so many hours of its age at the course's end; None:
            old levels count like new ones.
        flatten
            Factor of the prior's covariance; above 1 the population says less.
        like
            See `gather`.

        Raises
        ------
        EvidenceError, CovariateError, TimelineError
        """
        weights = (
            None
            if half_life_h is None
            else [2.0 ** (max(course.until_h - level.time_h, 0.0) / half_life_h) for level in levels]
        )
        return cls.gather(
            model,
            history(model, course) if chart is None else chart,
            [dose for dose in course.doses if dose.start_h <= course.until_h],
            [level.time_h for level in levels],
            [level.value for level in levels],
            rule=course.carry,
            outputs=[level.output for level in levels],
            censored=[level.below_limit for level in levels],
            below=below,
            weights=weights,
            flatten=flatten,
            resets_h=course.resets_h,
            like=like,
        )

    @classmethod
    def of_many(
        cls,
        model: PopulationModel,
        courses: Sequence[Course],
        *,
        below: BelowLimit = BelowLimit.M3,
        half_life_h: float | None = None,
        flatten: float = 1.0,
    ) -> "list[Evidence]":
        """The evidence of all levels of each course, in order, the same as by `of` and sooner.

        Raises
        ------
        EvidenceError, CovariateError, TimelineError
        """
        found: list[Evidence] = []
        for course, chart in zip(courses, histories(model, courses), strict=True):
            one = cls.of(
                model,
                course,
                course.levels,
                chart=chart,
                below=below,
                half_life_h=half_life_h,
                flatten=flatten,
                like=found[0] if found else None,
            )
            found.append(one)
        return found

    @classmethod
    def gather(
        cls,
        model: PopulationModel,
        chart: CovariateHistory,
        doses: Sequence[Dose],
        times_h: Sequence[float],
        observed: Sequence[float],
        *,
        rule: CarryRule = CarryRule.FORWARD,
        outputs: Sequence[str] = (),
        censored: Sequence[bool] = (),
        below: BelowLimit = BelowLimit.M3,
        weights: Sequence[float] | None = None,
        flatten: float = 1.0,
        resets_h: Sequence[float] = (),
        like: "Evidence | None" = None,
    ) -> "Evidence":
        """The evidence of levels at `times_h`, in any order, ties allowed.

        Parameters
        ----------
        outputs
            What each level is of, by the system's name; the first output where it is empty or left out.
        censored
            Which levels lie below the limit of quantification that `observed` then states.
        weights
            Factor of each level's residual variance; 1 where left out.
        like
            Evidence of the same model and `flatten`: what does not differ between patients is taken over.

        Raises
        ------
        EvidenceError
            If a level is of an output that the model does not have or has no residual error for, or of 0 where the
            error is of its logarithm; or a factor is not positive.
        """
        count = len(times_h)
        if rule is CarryRule.INTERPOLATED and not isinstance(model.system.equations, Equations):
            raise EvidenceError(_INTERPOLATED(model=model.title))
        if not flatten > 0.0:
            raise EvidenceError(f"flatten is {flatten}; give a positive factor of the prior's covariance")
        names = [output.name for output in model.system.outputs]
        number = [_output(model, names, name) for name in (outputs or [""] * count)]
        observations = np.array(observed, dtype=np.float64)
        low = np.array(censored or [False] * count, dtype=np.bool_)
        for j, at in enumerate(number):
            _check_level(model, names[at], float(observations[j]), bool(low[j]), times_h[j])
        times, output_of_time, columns = _lay(times_h, number)
        table = tabulate(model.system, doses)
        if rule is CarryRule.INTERPOLATED:
            chart = with_doses(chart, expand(table, times[-1] if count else 0.0)[:, START])
        until = float(times[-1]) if count else -np.inf
        individual = Individual.of(model, chart, until_h=until, like=None if like is None else like.individual)
        residuals = [model.residuals[names[at]] for at in number]
        quantified = -M4 if below is BelowLimit.M4 else 0
        rules = np.array([_RULES[below] if one else quantified for one in low], dtype=np.int64)
        levels = Levels(
            observed=observations,
            column=columns,
            kind=np.array([int(residual.kind) for residual in residuals], dtype=np.int64),
            error=np.array(
                [(residual.additive, residual.proportional, residual.power) for residual in residuals],
                dtype=np.float64,
            ).reshape(count, 3),
            weight=np.ones(count) if weights is None else np.array(weights, dtype=np.float64),
            below=rules,
        )
        if not bool(np.all((levels.weight > 0.0) & np.isfinite(levels.weight))):
            raise EvidenceError("weights hold a number that is not positive; give factors of the residual variance")
        carried = prepared(model.system, rule)
        plain = superposes(model, individual, table, len(resets_h))
        if like is None:
            occasions = model.occasions
            between = np.sqrt(flatten) * root(model.omega)
            within = np.sqrt(flatten) * root(occasions.omega) if occasions else np.zeros((0, 0))
        else:
            between, within = like.case.between, like.case.within
        case = Case(
            layout=carried.layout,
            scales=carried.scales,
            ports=carried.ports,
            tolerance=TOLERANCE,
            steps=STEPPED if isinstance(model.system.equations, Equations) else EXACT,
            plain=np.array([compartments(model.system) if plain else 0, model.system.outputs[0].scale]),
            between=between,
            within=within,
            reach=reach(model) if like is None else like.case.reach,
            effects=individual.effects,
            doses=np.ascontiguousarray(expand(table, times[-1])[:, :8]) if plain and count else table,
            epochs_h=individual.times_h,
            times_h=times,
            resets_h=np.array(resets_h, dtype=np.float64),
            backward=np.array([int(rule is CarryRule.BACKWARD)], dtype=np.int64),
            output_of_time=output_of_time,
            levels=levels,
        )
        numbers, wholes = pack(case)
        drafts = numbers if case.steps is EXACT else pack(case._replace(tolerance=DRAFTS))[0]
        return cls(individual, observations, columns, case, numbers, wholes, drafts, carried, flatten)

    def predict(self, etas: ArrayLike) -> Array:
        """At the levels, shape (n, levels), in each level's unit; not a number where the solver failed."""
        rows = np.ascontiguousarray(np.atleast_2d(np.asarray(etas, dtype=np.float64)))
        found = self._ask(ask.PREDICTION, rows, (rows.shape[0], self.case.times_h.size))
        return np.ascontiguousarray(found[:, self.columns])

    def height(self, normals: Array) -> Array:
        """`objective` of rows of independent standard normals, shape (n, size) -> (n,), as precise as draws need."""
        return self._ask(ask.HEIGHT, np.ascontiguousarray(normals), (normals.shape[0], 1), self.drafts)[:, 0]

    def _ask(self, question: int, rows: Array, shape: tuple[int, int], numbers: Array | None = None) -> Array:
        out = np.empty(shape)
        kernel = pointer(ask.answer, ask.ANSWER.signature)
        given = self.numbers if numbers is None else numbers
        kernel(self.predictor.function, given, self.wholes, question, rows, out)
        return out

    def objective(self, etas: ArrayLike) -> Array:
        """Minus two log posterior density of rows of effects, shape (n, size) -> (n,); ln(v) is kept.

        Of the levels without ln 2π, of the effects without the logarithm of omega's determinant. Infinite where no
        patient is so far from typical, or the solver failed.
        """
        rows = self.normals(etas)
        return self._ask(ask.HEIGHT, rows, (rows.shape[0], 1))[:, 0]

    def effects(self, normals: Array) -> Array:
        """Effects from rows of independent standard normals, shape (n, size)."""
        return np.asarray(likelihood.affine(np.ascontiguousarray(normals), np.zeros(self.size), self.factor))

    def normals(self, etas: ArrayLike) -> Array:
        """Independent standard normals of rows of effects; 0 for an effect without variance of its own."""
        rows = np.atleast_2d(np.asarray(etas, dtype=np.float64))
        factor = self.factor
        found = np.zeros(rows.shape)
        for k in range(self.size):
            if factor[k, k] > 0.0:
                rest = rows[:, k].copy()
                for j in range(k):
                    rest -= factor[k, j] * found[:, j]
                found[:, k] = rest / factor[k, k]
        return found

    def slope(self, eta: ArrayLike) -> tuple[Array, Array]:
        """Gradient (size,) of `objective` by the effects, and its expected curvature (size, size).

        The expected curvature is twice the Fisher information of the levels plus twice the prior's precision.
        """
        found = self._ask(ask.SLOPES, self.normals(eta), (1 + self.size, self.size + 1))
        return self._by_effect(found[0, :-1], found[1:, :-1])

    def hessian(self, eta: ArrayLike) -> Array:
        """Full curvature of `objective` by the effects, shape (size, size), by fourth-order differences."""
        at = self.normals(eta)[0]
        curvature = np.empty((self.size, self.size))

        def answer(_: object, __: Array, ___: Whole, question: int, rows: Array, out: Array) -> None:
            out[:] = self._ask(question, rows, (out.shape[0], out.shape[1]))

        scoring.curve(answer, answer, self.numbers, self.wholes, float(self.case.steps[1]), at, curvature)
        return self._by_effect(np.zeros(self.size), curvature)[1]

    def _by_effect(self, gradient: Array, curvature: Array) -> tuple[Array, Array]:
        inverse = np.linalg.inv(self.factor)
        return inverse.T @ gradient, inverse.T @ curvature @ inverse


def _output(model: PopulationModel, names: list[str], name: str) -> int:
    if name and name not in names:
        raise EvidenceError(_OTHER_OUTPUT(output=repr(name), model=model.title, known=" and ".join(names)))
    return names.index(name) if name else 0


def _check_level(model: PopulationModel, output: str, value: float, low: bool, time_h: float) -> None:
    residual = model.residuals.get(output)
    if residual is None:
        raise EvidenceError(_NO_ERROR(model=model.title, output=output))
    if not np.isfinite(value) or not np.isfinite(time_h):
        raise EvidenceError(_NOT_FINITE(value=value, time=time_h))
    if int(residual.kind) == 3 and not value > 0.0:
        words = "limit of quantification" if low else "level"
        raise EvidenceError(_NO_LOGARITHM(what=words, value=value, time=time_h, model=model.title))


def _lay(times_h: Sequence[float], outputs: Sequence[int]) -> tuple[Array, Whole, Whole]:
    """Distinct times with their outputs, and which of them each level is at.

    Two outputs at one moment are read a rounding error apart, the first of them earlier, since a timeline ascends.
    """
    pairs = sorted({(float(time), output) for time, output in zip(times_h, outputs, strict=True)})
    place = {pair: k for k, pair in enumerate(pairs)}
    times = np.array([time for time, _ in pairs], dtype=np.float64)
    for k in range(times.size - 2, -1, -1):
        if times[k] >= times[k + 1]:
            times[k] = np.nextafter(times[k + 1], -np.inf)
    columns = [place[float(time), output] for time, output in zip(times_h, outputs, strict=True)]
    return times, np.array([output for _, output in pairs], dtype=np.int64), np.array(columns, dtype=np.int64)
