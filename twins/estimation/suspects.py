"""Levels that do not fit the others: outliers, and levels or doses whose time or charting is in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence
from twins.estimation.individualise import Options
from twins.estimation.map import find_mode
from twins.pharmacology.covariates import CovariateError, history
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import ResidualKind
from twins.quantities.dose import Dose
from twins.samples.course import Course, Level
from twins.samples.quality import usable_levels
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, TimelineError, tabulate

Array = NDArray[np.float64]

OUTLYING = 2.6
"""A level is suspect from so many standard deviations of its prediction by the other levels on: 1 in 100 good ones."""
MOST_SHIFT_H = 6.0
"""House setting: how far a charted time may be wrong; farther off is another dose's level."""
SHIFT_SD_H = 2.0
"""House setting: a time wrong by so much is one standard deviation from right, the penalty of an explanation."""
STEP_H = 0.25
GAIN = 6.0
"""An explanation must lower the squared deviation by so much beyond its own penalty: a likelihood ratio of 20."""
_NUDGE = 1e-4


class Suspicion(StrEnum):
    """What may be wrong; each member is the words a reader sees."""

    OUTLIER = "the level does not fit the others"
    LEVEL_TIME = "the level's time"
    DOSE_TIME = "the time of the dose before it"
    DOSE_NOT_GIVEN = "whether the dose before it was given"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One level that the others contradict, and what would explain it.

    Attributes
    ----------
    expected : float
        At the level's charted time by a fit to the other levels, in the output's unit.
    deviation : float
        (level - expected) in standard deviations of that prediction: its error and what the others leave open.
    explanation
        The likeliest single mistake, `OUTLIER` where none explains it.
    shift_h : float
        By how many hours the level, or the dose before it, would have been later than charted; 0 without a shift.
    deviation_then : float
        As `deviation`, if the explanation is true.
    """

    level: Level
    expected: float
    deviation: float
    explanation: Suspicion
    shift_h: float
    deviation_then: float
    dose: Dose | None = None

    @property
    def sentence(self) -> str:
        """For the page."""
        where = "above" if self.deviation > 0 else "below"
        first = (
            f"The level of {self.level.value:g} at {self.level.time_h:.1f} h lies {abs(self.deviation):.1f} standard "
            f"deviations {where} the {self.expected:.3g} that the other levels lead to expect"
        )
        return f"{first}; {self._reason}."

    @property
    def _reason(self) -> str:
        hours = f"{abs(self.shift_h):g} h {'later' if self.shift_h > 0 else 'earlier'}"
        if self.explanation is Suspicion.LEVEL_TIME:
            return f"it fits a time {hours}: check when the sample was drawn"
        if self.dose is not None and self.explanation is Suspicion.DOSE_TIME:
            return f"it fits if the dose charted at {self.dose.start_h:.1f} h was given {hours}: check that dose's time"
        if self.dose is not None and self.explanation is Suspicion.DOSE_NOT_GIVEN:
            return f"it fits if the dose charted at {self.dose.start_h:.1f} h was not given: check that it was"
        return "no other time of it or of the dose before it explains that: check the sample and the doses"


@dataclass(frozen=True, slots=True)
class _Guess:
    """An explanation with its deviation and what it costs."""

    what: Suspicion
    shift_h: float
    deviation: float
    cost: float


def suspects(model: PopulationModel, course: Course, *, options: Options | None = None) -> tuple[Suspect, ...]:
    """Levels that a fit to the other levels does not expect, in order of time; empty where all fit.

    Each level is left out in turn; what the rest predicts at it, with the error of the level and of the prediction, is
    what it is held against. The one that deviates most, by more than `OUTLYING`, is named and put aside, and the others
    are held against each other again without it, for a wrong level makes right ones look wrong. For the one named, its
    own time and the time of the dose before it are shifted in steps of `STEP_H`, and the dose left out; the explanation
    with the least squared deviation plus penalty is kept if it gains `GAIN`. At most half of the levels are named.
    """
    chosen = Options() if options is None else options
    left = list(usable_levels(course))
    most = (len(left) + 1) // 2
    found: list[Suspect] = []
    while len(found) < most:
        doubted = []
        for level in left:
            if level.below_limit:
                continue
            try:
                one = _examine(model, course, level, [other for other in left if other is not level], chosen)
            except (CovariateError, TimelineError):
                return ()
            if one is not None:
                doubted.append(one)
        if not doubted:
            break
        worst = max(doubted, key=lambda one: abs(one.deviation))
        found.append(worst)
        left.remove(worst.level)
    return tuple(sorted(found, key=lambda one: one.level.time_h))


def _examine(
    model: PopulationModel, course: Course, level: Level, rest: Sequence[Level], options: Options
) -> Suspect | None:
    reader = _Reader.of(model, course, rest, level, options)
    doses = [dose for dose in course.doses if dose.start_h <= course.until_h]
    expected, deviation = reader.read(doses, np.array([level.time_h]), level)
    charted = float(deviation[0])
    if not abs(charted) > OUTLYING:
        return None
    guesses = [_Guess(Suspicion.OUTLIER, 0.0, charted, 0.0), *_level_elsewhen(reader, doses, level, course)]
    before = _dose_before(doses, level)
    if before is not None:
        guesses += _dose_otherwise(reader, doses, before, level)
    best = min(guesses[1:], key=lambda one: one.deviation**2 + one.cost, default=guesses[0])
    gained = charted**2 - best.deviation**2 - best.cost
    chosen = best if gained >= GAIN and abs(best.deviation) <= OUTLYING else guesses[0]
    about_dose = chosen.what in (Suspicion.DOSE_TIME, Suspicion.DOSE_NOT_GIVEN)
    return Suspect(
        level=level,
        expected=float(expected[0]),
        deviation=charted,
        explanation=chosen.what,
        shift_h=chosen.shift_h,
        deviation_then=chosen.deviation,
        dose=before if about_dose else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """Predictions of one output by a fit, and how far a level lies from them."""

    model: PopulationModel
    course: Course
    individual: Individual
    rows: Array
    """The mode, then pairs of rows nudged along each column of the covariance's root, shape (1 + 2p, effects)."""
    output: str

    @classmethod
    def of(
        cls, model: PopulationModel, course: Course, levels: Sequence[Level], level: Level, options: Options
    ) -> "_Reader":
        evidence = Evidence.of(
            model,
            course,
            list(levels),
            below=options.below,
            half_life_h=options.half_life_h,
            flatten=options.flatten,
        )
        centre, root = np.zeros(evidence.size), np.eye(evidence.size)
        if levels:
            mode = find_mode(evidence)
            centre, root = mode.normals, np.asarray(np.linalg.cholesky(mode.expected))
        pairs = [centre + side * _NUDGE * root[:, k] for k in range(evidence.size) for side in (1.0, -1.0)]
        chart = history(model, course)
        last = Individual.of(model, chart, until_h=level.time_h + MOST_SHIFT_H)
        known = last.widen(evidence.effects(np.array([centre, *pairs])))
        unknown = last.factor[evidence.size :, evidence.size :]
        fresh = [known[0].copy() for _ in range(2 * unknown.shape[0])]
        for k in range(unknown.shape[0]):  # occasions that no other level tells of scatter as the population does
            fresh[2 * k][evidence.size :] += _NUDGE * unknown[:, k]
            fresh[2 * k + 1][evidence.size :] -= _NUDGE * unknown[:, k]
        rows = np.vstack([known, *fresh])
        return cls(model, course, last, rows, level.output or model.system.outputs[0].name)

    def read(self, doses: Sequence[Dose], times: Array, level: Level) -> tuple[Array, Array]:
        """Expected values at ascending times, and the level's deviation from each in standard deviations."""
        timeline = Timeline(
            tabulate(self.model.system, doses),
            self.individual.times_h,
            times,
            resets_h=np.array(self.course.resets_h),
            carry=self.course.carry,
        )
        run = solve(self.model.system, self.individual.parameters(self.rows), timeline, outputs=[self.output])
        values = run.values[0]
        expected = values[0]
        residual = self.model.residuals[self.output]
        logged = residual.kind is ResidualKind.LOG
        scale = np.log(np.maximum(values, 1e-300)) if logged else values
        slopes = (scale[1::2] - scale[2::2]) / (2.0 * _NUDGE)
        variance = residual.variance(expected) + np.sum(np.square(slopes), axis=0)
        apart = (np.log(level.value) if logged else level.value) - scale[0]
        return expected, np.asarray(apart / np.sqrt(variance))


def _level_elsewhen(reader: _Reader, doses: Sequence[Dose], level: Level, course: Course) -> list[_Guess]:
    shifts = _shifts()
    first = min((dose.start_h for dose in doses), default=level.time_h)
    times = level.time_h + shifts
    kept = (times > first) & (times <= max(course.until_h, level.time_h))
    if not bool(np.any(kept)):
        return []
    _, deviations = reader.read(doses, times[kept], level)
    return [
        _Guess(Suspicion.LEVEL_TIME, float(shift), float(value), float(shift / SHIFT_SD_H) ** 2)
        for shift, value in zip(shifts[kept], deviations, strict=True)
    ]


def _dose_before(doses: Sequence[Dose], level: Level) -> Dose | None:
    """The single dose charted last before the level; a series has no time of one dose to doubt."""
    before = [dose for dose in doses if dose.start_h <= level.time_h and not dose.additional and not dose.steady_state]
    return max(before, key=lambda dose: dose.start_h, default=None)


def _dose_otherwise(reader: _Reader, doses: Sequence[Dose], dose: Dose, level: Level) -> list[_Guess]:
    others = [other for other in doses if other is not dose]
    at = np.array([level.time_h])
    guesses = []
    for shift in _shifts():
        moved = replace(dose, start_h=dose.start_h + float(shift))
        given = sorted((*others, moved), key=lambda one: one.start_h)
        _, deviation = reader.read(given, at, level)
        guesses.append(_Guess(Suspicion.DOSE_TIME, float(shift), float(deviation[0]), float(shift / SHIFT_SD_H) ** 2))
    if others:
        _, deviation = reader.read(others, at, level)
        far = (MOST_SHIFT_H / SHIFT_SD_H) ** 2  # charted as given, so as unlikely as the longest shift
        guesses.append(_Guess(Suspicion.DOSE_NOT_GIVEN, 0.0, float(deviation[0]), far))
    return guesses


def _shifts() -> Array:
    count = round(MOST_SHIFT_H / STEP_H)
    return np.array([STEP_H * k for k in range(-count, count + 1) if k])
