"""`PopulationModel`: a published model with everything that a reader needs to judge it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.residual import Residual
from twins.solvers.system import System

Array = NDArray[np.float64]


class Link(IntEnum):
    """How a component's individual value follows from its typical value and the sum x of what etas add to it."""

    LOG = 0
    """typical · exp(x)"""
    LOGIT = 1
    """The inverse logit of logit(typical) + x: stays between 0 and 1."""
    IDENTITY = 2
    """typical + x"""


@dataclass(frozen=True, slots=True)
class Eta:
    """One random effect.

    Parameters
    ----------
    name
        As shown; that of the component where it acts on one alone.
    on
        The components it moves and by how much of it; ``((name, 1.0),)`` where left out.
    box_cox
        Its shape: eta enters as (exp(eta)^shape - 1) / shape; None: as it is.
    """

    name: str
    on: tuple[tuple[str, float], ...] = ()
    box_cox: float | None = None

    @property
    def targets(self) -> tuple[tuple[str, float], ...]:
        return self.on or ((self.name, 1.0),)


def on(*names: str) -> tuple[Eta, ...]:
    """An eta for each of these components: the usual case."""
    return tuple(Eta(name) for name in names)


@dataclass(frozen=True, slots=True)
class Occasions:
    """Inter-occasion variability: `etas` with covariance `omega`, drawn anew on each occasion.

    Parameters
    ----------
    every_h
        A new occasion begins every so many hours from the first dose. A course that names its own occasions goes first.
    """

    etas: tuple[Eta, ...]
    omega: Array
    every_h: float = 24.0


@dataclass(frozen=True, slots=True)
class CovariateRange:
    """A covariate the model uses and the range of the population it was fitted in (None: not stated by the source).

    `default` is what holds where nothing is charted (None: the model cannot be used without it).
    """

    name: str
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    median: float | None = None
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """How a covariate is computed where the chart does not give it: ``compute(**inputs)``, arrays of one shape."""

    inputs: tuple[str, ...]
    compute: Callable[..., Array]
    words: str
    """The equation's name and source, as the page shows it."""


@dataclass(frozen=True, slots=True)
class Citation:
    text: str
    doi: str
    read_in: tuple[str, ...]
    """The public files that the numbers were read in (the article itself was not reachable)."""


@dataclass(frozen=True, slots=True)
class RenalRule:
    """How the model's creatinine clearance is to be computed: Cockcroft-Gault on total weight, with these limits.

    Parameters
    ----------
    cap_ml_per_min
        The clearance is not taken as higher than this; None: not capped.
    creatinine_floor_mg_per_dl, floor_over_age_y
        Serum creatinine below the floor is set to it in patients older than this; None: taken as measured.
    """

    cap_ml_per_min: float | None = None
    creatinine_floor_mg_per_dl: float | None = None
    floor_over_age_y: float | None = None


@dataclass(frozen=True, slots=True)
class PopulationModel:
    """A published population model.

    Parameters
    ----------
    system
        The equations; its parameters are what the components below add up to.
    typical
        Maps covariates by name (arrays of one shape) to typical values of the components by name (same shape), in the
        units that the names state.
    etas, omega
        Between-subject variability; `omega` is the covariance of the etas in order, shape (len(etas), len(etas)).
    residuals
        By the output's name; an output without one cannot be fitted to.
    covariates
        Those that `typical` reads, with the range of the source population.
    clinical_inputs
        The chart values that the covariates are computed from; without one of them there is no twin.
    derived
        Covariates that are computed from others where the chart does not give them.
    sums
        A system's parameter that is the sum of several components, each with variability of its own; all others are
        components themselves.
    links
        Of components whose individual value is not ``typical · exp(eta)``.
    steps_h
        Hours after the first dose at which `typical` changes with ``hours_since_first_dose``, a covariate that is
        always there.
    intended, cautioned
        Sentences for the card: what the model is for, and where to be careful.
    """

    id: str
    version: str
    drug: str
    title: str
    system: System
    typical: Callable[[Mapping[str, Array]], dict[str, Array]]
    etas: tuple[Eta, ...]
    omega: Array
    omega_convention: str
    residuals: Mapping[str, Residual]
    covariates: tuple[CovariateRange, ...]
    clinical_inputs: tuple[str, ...]
    population: str
    citation: Citation
    conflicts: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    renal: RenalRule = RenalRule()
    derived: Mapping[str, Derived] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    occasions: Occasions | None = None
    steps_h: tuple[float, ...] = ()
    intended: tuple[str, ...] = ()
    cautioned: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Of the system, in the order of its columns."""
        return self.system.parameters

    @property
    def components(self) -> tuple[str, ...]:
        """What `typical` gives: the system's parameters, with each sum replaced by its parts."""
        return tuple(part for name in self.parameters for part in self.sums.get(name, (name,)))

    @property
    def eta_on(self) -> tuple[str, ...]:
        """Names of the etas, in the order of `omega`."""
        return tuple(eta.name for eta in self.etas)

    @property
    def residual(self) -> Residual:
        """Of the first output."""
        return self.residuals[self.system.outputs[0].name]
