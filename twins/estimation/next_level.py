"""Which level to take next: the sampling time that tells most about what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twins.estimation.fit import Fit
from twins.pharmacology.covariates import history
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import ResidualKind
from twins.quantities.dose import Dose
from twins.samples.course import Course
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]

_AFTER_H = 0.5
"""A level during an infusion or this soon after one says more of the clock than of the patient."""


class Criterion(StrEnum):
    """What the best time is best for; each member is the words a reader sees."""

    EXPOSURE = "expected uncertainty of the exposure"
    """Least expected posterior variance of the logarithm of the area under the curve over the window asked about."""
    INFORMATION = "information on all parameters"
    """Greatest expected information on the effects: half the logarithm of how much more a level's predictions scatter
    than its error does (a D-criterion)."""


class NextLevelError(ValueError):
    """A question without an answer; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sampling time.

    Attributes
    ----------
    since_dose_h : float
        Hours since the last dose began; negative where there is none before it.
    expected, spread : float
        Mean and standard deviation of the level to be seen there, its error included, in the output's unit.
    sd_after : float
        Expected standard deviation of the logarithm of the exposure after the level.
    information : float
        Nats of information on the effects.
    """

    time_h: float
    since_dose_h: float
    expected: float
    spread: float
    sd_after: float
    information: float


@dataclass(frozen=True, slots=True)
class Advice:
    """What to take next.

    Attributes
    ----------
    best
        In the order in which they are chosen, each given those before it.
    candidates
        All times that were compared, as a single next level, in order of time.
    sd_now : float
        Standard deviation of the logarithm of the exposure as things stand.
    window_h
        What the exposure is of.
    """

    best: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]
    sd_now: float
    window_h: tuple[float, float]
    criterion: Criterion

    @property
    def sentence(self) -> str:
        """For the page."""
        times = " and ".join(f"{one.time_h:.4g} h" for one in sorted(self.best, key=lambda one: one.time_h))
        several = f"Levels at {times} are" if len(self.best) > 1 else f"A level at {times}"
        if len(self.best) == 1:
            several += f", {self.best[0].since_dose_h:.3g} h after a dose began, is" if self._after_a_dose else " is"
        begin, end = self.window_h
        return (
            f"{several} expected to lower the uncertainty of the AUC from {begin:.4g} to {end:.4g} h "
            f"from {_percent(self.sd_now)} to {_percent(self.best[-1].sd_after)} (best by {self.criterion.value})."
        )

    @property
    def _after_a_dose(self) -> bool:
        return self.best[0].since_dose_h >= 0.0


def next_level(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    *,
    from_h: float,
    until_h: float,
    ahead: Sequence[Dose] = (),
    window_h: tuple[float, float] | None = None,
    every_h: float = 0.5,
    levels: int = 1,
    criterion: Criterion = Criterion.EXPOSURE,
    after_h: float = _AFTER_H,
) -> Advice:
    """The best of the times `every_h` apart from `from_h` to `until_h` for the next level, or the next few.

    Under each posterior draw of the fit the level at each time and the exposure are computed; their covariances say how
    much of the exposure's variance a level there, with its error, is expected to take away (exact where all are
    normal). With several levels the next is chosen given those already chosen. The answer depends on the fit's draws
    and has no chance of its own.

    Parameters
    ----------
    ahead
        Doses to come, beside those of the course.
    window_h
        What the exposure is asked of; the 24 h after the course's end where left out.
    after_h
        No level is asked for during an infusion into the blood or until so long after it ends.

    Raises
    ------
    NextLevelError
        If no time is left to choose from, they lie before the course's end, or the model states no error of its levels.
    """
    asked = (course.until_h, course.until_h + 24.0) if window_h is None else window_h
    _check(model, course, from_h, until_h, every_h, levels, asked, fit)
    doses = sorted((*(dose for dose in course.doses if dose.start_h <= course.until_h), *ahead), key=_start)
    times = _times(doses, from_h, until_h, every_h, after_h)
    if not times.size:
        raise NextLevelError(
            f"from_h {from_h:g} to until_h {until_h:g} lies within infusions or soon after; give a longer interval"
        )
    levels_, exposure = _look_ahead(model, course, fit, doses, times, asked)
    residual = model.residual
    noise = residual.variance(levels_).mean(axis=0)
    if residual.kind is ResidualKind.LOG:
        noise = noise * np.square(levels_).mean(axis=0)
    joint = _covariance(np.column_stack([np.log(exposure), levels_]))
    now = float(np.sqrt(joint[0, 0]))
    candidates = tuple(_candidate(k, times, doses, levels_, joint, noise) for k in range(times.size))
    chosen = []
    for _ in range(min(levels, times.size)):
        found = [_candidate(k, times, doses, levels_, joint, noise) for k in range(times.size)]
        best = min(found, key=lambda one: _rank(one, criterion))
        chosen.append(best)
        at = 1 + found.index(best)
        column = joint[:, at].copy()
        joint = joint - np.outer(column, column) / (column[at] + noise[at - 1])
    return Advice(tuple(chosen), candidates, now, asked, criterion)


def _check(
    model: PopulationModel,
    course: Course,
    from_h: float,
    until_h: float,
    every_h: float,
    levels: int,
    window_h: tuple[float, float],
    fit: Fit,
) -> None:
    if not until_h >= from_h or not every_h > 0:
        raise NextLevelError(f"from_h {from_h:g}, until_h {until_h:g}, every_h {every_h:g}; give times that go forward")
    if from_h < course.until_h - 1e-9:
        raise NextLevelError(
            f"from_h {from_h:g} lies before the course's end at {course.until_h:g} h; a level can only be drawn later"
        )
    if not window_h[1] > window_h[0]:
        raise NextLevelError(f"window_h is {window_h}; give a beginning and a later end")
    if levels < 1:
        raise NextLevelError(f"levels is {levels}; ask for at least 1")
    if model.system.outputs[0].name not in model.residuals:
        raise NextLevelError(f"{model.title} states no residual error; choose a model that does")
    if fit.draws.shape[0] < 2:
        raise NextLevelError(f"the fit has {fit.draws.shape[0]} draws; fit with more of them")


def _times(doses: Sequence[Dose], from_h: float, until_h: float, every_h: float, after_h: float) -> Array:
    grid = from_h + every_h * np.arange(int(np.floor((until_h - from_h) / every_h + 1e-9)) + 1)
    held = np.zeros(grid.size, dtype=np.bool_)
    for dose in doses:
        for number in range(dose.additional + 1):
            begin = dose.start_h + number * dose.interval_h
            held |= (grid > begin) & (grid < begin + dose.duration_h + after_h)
    return np.asarray(grid[~held])


def _look_ahead(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    doses: Sequence[Dose],
    times: Array,
    window_h: tuple[float, float],
) -> tuple[Array, Array]:
    """Levels (draws, times) and the exposure over the window (draws,) under each draw."""
    end = max(float(times[-1]), window_h[1])
    chart = history(model, replace(course, doses=tuple(doses), until_h=max(end, course.until_h)))
    individual = Individual.of(model, chart)
    parameters = individual.parameters(individual.widen(fit.draws, seed=fit.seed))
    moments = np.unique(np.concatenate((times, np.array(window_h))))
    start = min(float(moments[0]), *(dose.start_h for dose in doses)) if doses else float(moments[0])
    timeline = Timeline(
        tabulate(model.system, doses),
        individual.times_h,
        moments,
        resets_h=np.array(course.resets_h),
        start_h=start,
        carry=course.carry,
    )
    run = solve(model.system, parameters, timeline, exposure=True)
    kept = run.failed == 0
    if not bool(np.any(kept)):
        raise NextLevelError(f"the equations of {model.title} have no solution for this patient's draws")
    first, last = np.searchsorted(moments, window_h)
    exposure = run.auc[kept, last] - run.auc[kept, first]
    if not bool(np.all(exposure > 0)):
        raise NextLevelError(f"no drug is in the body in the window {window_h}; give a window after a dose")
    return np.ascontiguousarray(run.concentration[kept][:, np.searchsorted(moments, times)]), np.asarray(exposure)


def _covariance(rows: Array) -> Array:
    """Of the columns, each sum in one order whatever is beside it, shape (columns, columns)."""
    left = rows - rows.sum(axis=0) / rows.shape[0]
    return np.asarray(np.einsum("ni,nj->ij", left, left, optimize=False) / (rows.shape[0] - 1))


def _candidate(k: int, times: Array, doses: Sequence[Dose], levels: Array, joint: Array, noise: Array) -> Candidate:
    scatter = float(joint[k + 1, k + 1])
    seen = scatter + float(noise[k])
    left = float(joint[0, 0]) - float(joint[0, k + 1]) ** 2 / seen
    time = float(times[k])
    begun = [
        dose.start_h + number * dose.interval_h
        for dose in doses
        for number in range(dose.additional + 1)
        if dose.start_h + number * dose.interval_h <= time
    ]
    return Candidate(
        time_h=time,
        since_dose_h=time - max(begun) if begun else -1.0,
        expected=float(levels[:, k].mean()),
        spread=float(np.sqrt(seen)),
        sd_after=float(np.sqrt(max(left, 0.0))),
        information=0.5 * float(np.log1p(scatter / float(noise[k]))),
    )


def _rank(candidate: Candidate, criterion: Criterion) -> tuple[float, float]:
    """Smaller is better; of equal ones the earlier."""
    worth = candidate.sd_after if criterion is Criterion.EXPOSURE else -candidate.information
    return (round(worth, 12), candidate.time_h)


def _start(dose: Dose) -> float:
    return dose.start_h


def _percent(spread: float) -> str:
    return f"{100.0 * float(np.sqrt(np.expm1(spread**2))):.0f} %"
