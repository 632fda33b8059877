"""`System`: the equations of one structure, as plain data and compiled functions, for the solvers to carry.

Amounts are in mg, volumes in L, times in h; an output that is a concentration is in mg/L times its own `scale`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any


class CarryRule(StrEnum):
    """Which covariate record holds between two records."""

    FORWARD = "last observation carried forward"
    """A value holds from its own time until the next one: how this project reads a chart."""
    BACKWARD = "next observation carried backward"
    """A value holds for the interval that its record ends: how NONMEM reads a data file."""
    INTERPOLATED = "linear interpolation between records"
    """Parameters move linearly between two records; for systems carried as equations alone."""


class Method(StrEnum):
    """How a system is carried from event to event."""

    AUTOMATIC = "automatic"
    CLOSED_FORM = "closed form"
    MATRIX = "matrix exponential"
    EXPLICIT = "explicit Runge-Kutta of order 5, adaptive"
    STIFF = "Rosenbrock, adaptive"


@dataclass(frozen=True, slots=True)
class Input:
    """One way into the body; empty names mean that nothing of the kind is there.

    Parameters
    ----------
    state
        The compartment that the drug enters.
    lag
        Parameter: hours until it arrives.
    fraction, complement
        Parameter: the share of the dose that arrives; with `complement`, one minus it.
    duration, rate
        Parameter: the drug enters at a constant rate over that many hours, or at that rate in mg/h. Applies to doses
        marked `Modelled`, and to every bolus where `always` is set (zero-order absorption).
    """

    state: str
    lag: str = ""
    fraction: str = ""
    complement: bool = False
    duration: str = ""
    rate: str = ""
    always: bool = False


class Response(IntEnum):
    """How an output follows from c: its state, divided by its volume, times its scale."""

    LINEAR = 0
    """c, times the parameter that `Output.of` names where it names one."""
    SIGMOID = 1
    """baseline + (greatest - baseline) c^steepness / (half^steepness + c^steepness): sigmoid Emax."""
    SATURABLE_BINDING = 2
    """c (1 + capacity · share / (c + affinity)): whole blood from plasma."""
    SPLIT_SIGMOID = 3
    """As `SIGMOID`, but with a steepness of its own above the half-effect concentration."""


@dataclass(frozen=True, slots=True)
class Output:
    """Something that can be measured.

    Parameters
    ----------
    name, unit
        ``concentration`` is the first output of every pharmacokinetic system; `unit` is a UCUM code.
    state, volume
        The state it is read from, divided by this parameter; an empty `volume` reads the state as it is.
    scale
        Times this, before any response: 1000 for ng/mL, so that half-effect concentrations are in ng/mL too.
    response, of
        See `Response`; `of` names its parameters in the order that its sentence has them.
    """

    name: str
    unit: str = "mg/L"
    state: str = "central"
    volume: str = "central_volume_l"
    scale: float = 1.0
    response: Response = Response.LINEAR
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """Linear transfer between states, as mg/h: amount in `source` times `times` times `rate`, divided by `volume`.

    An empty `rate` or `volume` is 1. An empty `target` leaves the body. `copies` fills the target without emptying the
    source (an effect compartment).
    """

    source: str
    target: str
    rate: str
    volume: str = ""
    copies: bool = False
    times: float = 1.0
    """A plain factor: the number of transit compartments where their mean time is the parameter."""


@dataclass(frozen=True, slots=True)
class Compartments:
    """Mammillary compartments in closed form: one to three, with or without first-order absorption.

    Parameter columns come in the order clearance, central volume, then for each further compartment its
    intercompartmental clearance and volume, then the absorption rate constant if there is a depot.
    """

    count: int
    depot: bool = False


@dataclass(frozen=True, slots=True)
class Flows:
    """Any linear wiring, carried by the matrix exponential."""

    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class Equations:
    """Ordinary differential equations, compiled by numba.

    Parameters
    ----------
    rhs
        ``rhs(t, y, p, dy)``: fills `dy`; `t` in h since the course's start, `y` the states, `p` one row of parameters.
        Infusions are added to `dy` by the solver. Written with plain indexing and scalar arithmetic.
    read
        ``read(t, y, p, out)``: fills the outputs in order. None: every output is read as its `Output` says.
    start
        ``start(p, y)``: fills the states as they are before any dose. None: all are 0.
    stiff
        Whether `Method.AUTOMATIC` starts with the stiff method.
    """

    rhs: Callable[..., Any]
    read: Callable[..., Any] | None = None
    start: Callable[..., Any] | None = None
    stiff: bool = False


@dataclass(frozen=True, eq=False)
class System:
    """One structure; two are the same only if they are one object.

    Parameters
    ----------
    name
        In words, as a reader sees it.
    parameters
        Names with their units, in the order of the columns of the solvers' parameter arrays.
    states
        Names of the compartments.
    inputs
        What a dose enters by, keyed by its route (``Route`` value) or by the compartment named in ``Dose.into``. More
        than one input splits the dose.
    outputs
        What can be measured.
    equations
        `Compartments`, `Flows` or `Equations`.
    """

    name: str
    parameters: tuple[str, ...]
    states: tuple[str, ...]
    inputs: Mapping[str, tuple[Input, ...]]
    outputs: tuple[Output, ...]
    equations: Compartments | Flows | Equations
    zero_allowed: frozenset[str] = field(default_factory=frozenset)
    """Parameters that may be 0; all others must be positive."""
    exposed: int = 0
    """Number of the output that exposure (area, highest value, hours above) is taken of; see `exposing`."""

    def column(self, parameter: str) -> int:
        """Column of a parameter, -1 for the empty name."""
        return self.parameters.index(parameter) if parameter else -1


@lru_cache(maxsize=256)
def exposing(system: System, output: int) -> System:
    """The same structure, with exposure taken of the output of this number."""
    return system if output == system.exposed else replace(system, exposed=output)
