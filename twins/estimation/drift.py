"""Does the patient change? Older levels against newer ones, and refits that trust the newer ones more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from twins.estimation.describe import parameters
from twins.estimation.evidence import Evidence
from twins.estimation.individualise import Options
from twins.estimation.map import Mode, find_mode
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import ResidualKind
from twins.samples.course import Course, Level
from twins.samples.quality import usable_levels

Array = NDArray[np.float64]

CHANCE = 0.01
"""Newer levels so unlikely by the fit to the older ones are called a drift."""
FLATTEN = 4.0
"""House setting of the flattened refit: the population's variances times this, its standard deviations doubled."""
_NUDGE = 1e-4


class DriftOutcome(StrEnum):
    """What was found; each member is the words a reader sees."""

    TOO_FEW = "too few levels to tell older from newer ones"
    STEADY = "the newer levels are as the older ones lead to expect"
    DRIFTS = "the newer levels are not what the older ones lead to expect"


@dataclass(frozen=True, slots=True)
class Refit:
    """One way to fit, and how it would have foretold the newest level from those before it.

    Attributes
    ----------
    parameters : dict of str to float
        At the course's end, from all levels.
    missed : float
        (newest level - prediction from the levels before it) / prediction.
    """

    name: str
    options: Options
    parameters: dict[str, float]
    missed: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Older against newer.

    Attributes
    ----------
    split_h : float
        Levels at or after this are the newer ones.
    chance : float
        Of newer levels at least so far from what the older ones lead to expect, if nothing has changed.
    deviations : tuple of float
        Of each newer level, in standard deviations of its own prediction by the older ones.
    older, newer : dict of str to float
        Parameters at the course's end by a fit to either alone.
    certainty : dict of str to float
        How many standard errors lie between the logarithms of the two, of parameters that have an error.
    refits
        All levels alike, a flattened prior, and old levels weighted down, in this order.
    """

    outcome: DriftOutcome
    split_h: float
    chance: float
    deviations: tuple[float, ...]
    older: dict[str, float]
    newer: dict[str, float]
    certainty: dict[str, float]
    refits: tuple[Refit, ...]

    @property
    def sentence(self) -> str:
        """For the page."""
        if self.outcome is not DriftOutcome.DRIFTS:
            return f"No drift is seen: {self.outcome.value}."
        name, factor = self._moved()
        return (
            f"From {self.split_h:.1f} h on {self.outcome.value} (chance {self.chance:.1g} if nothing has changed): "
            f"{name} is {factor:.2g} times what it was; consider a fit that weighs older levels down."
        )

    @property
    def best(self) -> Refit | None:
        """The refit that would have foretold the newest level best; of equal ones the plainest."""
        return min(self.refits, key=lambda one: round(abs(one.missed), 6), default=None)

    def _moved(self) -> tuple[str, float]:
        """The parameter that changed most for how well both fits know it, and its factor."""
        name = max(self.certainty, key=lambda one: self.certainty[one])
        return name.removesuffix("_l_per_h").removesuffix("_l").replace("_", " "), self.newer[name] / self.older[name]


def drift(
    model: PopulationModel, course: Course, *, since_h: float | None = None, below: Options | None = None
) -> Drift:
    """Whether newer levels fit what older ones lead to expect, and what fits that trust the newer more say.

    The newer levels are held jointly against their prediction by a fit to the older ones, with their errors and what
    the older leave open of the parameters (a chi-square of as many degrees as there are newer levels).

    Parameters
    ----------
    since_h
        From when on levels count as newer; the middle of the time that the levels span where left out.
    below
        Options of the plain fit, for how levels below quantification count.
    """
    plain = Options() if below is None else below
    levels = sorted(usable_levels(course), key=lambda level: level.time_h)
    nothing = Drift(DriftOutcome.TOO_FEW, 0.0, 1.0, (), {}, {}, {}, ())
    if len(levels) < 2:
        return nothing
    split = 0.5 * (levels[0].time_h + levels[-1].time_h) if since_h is None else since_h
    older = [level for level in levels if level.time_h < split]
    newer = [level for level in levels if level.time_h >= split and not level.below_limit]
    if not older or not newer:
        return replace(nothing, split_h=split)
    deviations, chance = _foretold(model, course, older, newer, plain)
    (before, unsure), (after, unsurer) = (_individual(model, course, part, plain) for part in (older, newer))
    certainty = {
        name: abs(float(np.log(after[name] / before[name]))) / float(np.hypot(unsure[name], unsurer[name]))
        for name in before
        if name in after and unsure[name] > 0 and unsurer[name] > 0
    }
    refits = () if len(levels) < 3 else tuple(_refit(model, course, levels, *one) for one in _ways(levels, plain))
    return Drift(
        outcome=DriftOutcome.DRIFTS if chance < CHANCE else DriftOutcome.STEADY,
        split_h=split,
        chance=chance,
        deviations=deviations,
        older=before,
        newer=after,
        certainty=certainty,
        refits=refits,
    )


def _ways(levels: Sequence[Level], plain: Options) -> tuple[tuple[str, Options], ...]:
    half_life = max(0.25 * (levels[-1].time_h - levels[0].time_h), 1.0)
    return (
        ("all levels alike", plain),
        ("flattened prior", replace(plain, flatten=FLATTEN * plain.flatten)),
        (f"error variance doubling every {half_life:.3g} h of age", replace(plain, half_life_h=half_life)),
    )


def _evidence(model: PopulationModel, course: Course, levels: Sequence[Level], options: Options) -> Evidence:
    return Evidence.of(
        model,
        course,
        list(levels),
        below=options.below,
        half_life_h=options.half_life_h,
        flatten=options.flatten,
    )


def _individual(
    model: PopulationModel, course: Course, levels: Sequence[Level], options: Options
) -> tuple[dict[str, float], dict[str, float]]:
    """Parameters at the course's end, and their relative standard errors."""
    evidence = _evidence(model, course, levels, options)
    mode = find_mode(evidence)
    found, errors = parameters(evidence.individual, course.until_h, mode.eta, mode.covariance)
    names = [name for name in model.parameters if found[name] > 0]
    return {name: found[name] for name in names}, {name: errors[name] / found[name] for name in names}


def _refit(model: PopulationModel, course: Course, levels: Sequence[Level], name: str, options: Options) -> Refit:
    *before, newest = levels
    told = find_mode(_evidence(model, course, before, options))
    expected = _predict(model, course, before, [newest], told, options)[0][0]
    return Refit(name, options, _individual(model, course, levels, options)[0], float(newest.value / expected - 1.0))


def _predict(
    model: PopulationModel, course: Course, known: Sequence[Level], asked: Sequence[Level], mode: Mode, options: Options
) -> tuple[Array, Array]:
    """What a mode from the known levels predicts of others, and the slopes by its covariance's root (levels, p).

    Occasions that the known levels do not tell of scatter as the population does.
    """
    wide = _evidence(model, course, [*known, *asked], options)
    p = mode.normals.size
    root = np.eye(wide.size)
    root[:p, :p] = np.linalg.cholesky(mode.expected)
    centre = np.zeros(wide.size)
    centre[:p] = mode.normals
    rows = [centre]
    for k in range(wide.size):
        rows += [centre + _NUDGE * root[:, k], centre - _NUDGE * root[:, k]]
    values = wide.predict(wide.effects(np.array(rows)))[:, len(known) :]
    return values[0], np.asarray((values[1::2] - values[2::2]).T / (2.0 * _NUDGE))


def _foretold(
    model: PopulationModel, course: Course, older: Sequence[Level], newer: Sequence[Level], options: Options
) -> tuple[tuple[float, ...], float]:
    """Deviation of each newer level, and the chance of all of them together."""
    mode = find_mode(_evidence(model, course, older, options))
    expected, slopes = _predict(model, course, older, newer, mode, options)
    names = [level.output or model.system.outputs[0].name for level in newer]
    residuals = [model.residuals[name] for name in names]
    noise = np.array([float(one.variance(np.array([f]))[0]) for one, f in zip(residuals, expected, strict=True)])
    logged = np.array([one.kind is ResidualKind.LOG for one in residuals])
    values = np.array([level.value for level in newer])
    apart = np.where(logged, np.log(np.maximum(values, 1e-300) / expected), values - expected)
    slopes = np.where(logged[:, None], slopes / expected[:, None], slopes)
    joint = np.einsum("ip,jp->ij", slopes, slopes, optimize=False) + np.diag(noise)
    deviations = apart / np.sqrt(np.diag(joint))
    return tuple(map(float, deviations)), float(chi2.sf(float(apart @ np.linalg.solve(joint, apart)), len(newer)))
