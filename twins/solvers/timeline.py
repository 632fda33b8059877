"""`Timeline`: doses, epochs and output times as the tables that compiled schedules are laid from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from twins.quantities.dose import Dose, Modelled, SteadyState
from twins.quantities.sentence import Sentence, names
from twins.solvers.schedule import (
    ADDITIONAL,
    ALWAYS,
    AMOUNT,
    COMPLEMENT,
    DURATION,
    DURATION_OF,
    FRACTION,
    INTERVAL,
    LAG,
    MODELLED,
    PORT,
    RATE_OF,
    START,
    STATE,
    STEADY,
)
from twins.solvers.system import CarryRule, Input, System

__all__ = [
    "ADDITIONAL",
    "ALWAYS",
    "AMOUNT",
    "COMPLEMENT",
    "DURATION",
    "DURATION_OF",
    "FRACTION",
    "INTERVAL",
    "LAG",
    "MODELLED",
    "PORT",
    "RATE_OF",
    "START",
    "STATE",
    "STEADY",
    "Ports",
    "Timeline",
    "TimelineError",
    "ports",
    "tabulate",
]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_NONE = np.empty(0)


_NO_WAY = Sentence("a dose enters by {way}, but {structure} takes {known}; use one of these")
_NOT_MODELLED = Sentence(
    "a dose by {way} leaves its {what} to the model, but {structure} has no such parameter there; record the dose's "
    "own duration_h",
    what=names("rate", "duration"),
)


class TimelineError(ValueError):
    """Events that cannot be laid on a line, or not into this system; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ways into a system.

    Attributes
    ----------
    table : ndarray of int, shape (ports, 7)
        STATE, LAG, FRACTION, COMPLEMENT, DURATION_OF, RATE_OF, ALWAYS: the state's number, parameter columns (-1: none)
        and two flags.
    ways : mapping
        Which rows of the table a dose enters by, keyed by route or compartment.
    """

    table: Integers
    ways: dict[str, tuple[int, ...]]


@lru_cache(maxsize=1024)
def ports(system: System) -> Ports:
    """The ways into a system; inputs that are the same under several names are one port.

    Raises
    ------
    TimelineError
        If an input names a compartment or a parameter that the system does not have.
    """
    inputs: list[Input] = []
    ways: dict[str, tuple[int, ...]] = {}
    for way, entries in system.inputs.items():
        for entry in entries:
            if entry not in inputs:
                inputs.append(entry)
        ways[str(way)] = tuple(inputs.index(entry) for entry in entries)
    table = np.full((len(inputs), 7), -1, dtype=np.int64)
    for row, entry in enumerate(inputs):
        if entry.state not in system.states:
            raise TimelineError(f"{system.name}: an input enters {entry.state!r}; give one of {list(system.states)}")
        table[row, STATE] = system.states.index(entry.state)
        for column, name in (
            (LAG, entry.lag),
            (FRACTION, entry.fraction),
            (DURATION_OF, entry.duration),
            (RATE_OF, entry.rate),
        ):
            if name and name not in system.parameters:
                raise TimelineError(
                    f"{system.name}: an input names the parameter {name!r}; give one of {list(system.parameters)}"
                )
            table[row, column] = system.column(name)
        table[row, COMPLEMENT] = int(entry.complement)
        table[row, ALWAYS] = int(entry.always)
    return Ports(table, ways)


def tabulate(system: System, doses: Sequence[Dose]) -> Array:
    """Doses as a table, shape (d, 8); a dose that enters by two inputs gives two rows.

    Raises
    ------
    TimelineError
        If the system has no such way in, or no parameter for a modelled rate or duration.
    """
    entry = ports(system)
    ways = entry.ways
    rows = []
    for dose in doses:
        way = dose.into or dose.route.value
        found = ways.get(way)
        if found is None:
            raise TimelineError(_NO_WAY(way=repr(way), structure=system.name, known=sorted(ways)))
        # Of a dose with two ways in, the second adds its steady state to the first's.
        steady = float(dose.steady_state)
        for port in found:
            if dose.modelled:
                _check_modelled(system, entry.table[port], dose.modelled, way)
            rows.append(
                (
                    dose.start_h,
                    dose.amount_mg,
                    dose.duration_h,
                    dose.interval_h,
                    dose.additional,
                    steady,
                    dose.modelled,
                    port,
                )
            )
            if steady:
                steady = float(SteadyState.ADDS)
    return np.array(rows, dtype=np.float64).reshape(len(rows), 8)


def _check_modelled(system: System, port: Integers, modelled: Modelled, way: str) -> None:
    column, words = (RATE_OF, "rate") if modelled is Modelled.RATE else (DURATION_OF, "duration")
    if port[column] < 0:
        raise TimelineError(_NOT_MODELLED(way=repr(way), what=words, structure=system.name))


def _column(values: ArrayLike) -> Array:
    return np.ascontiguousarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Everything that happens, in tables.

    Parameters
    ----------
    doses : ndarray, shape (d, 8)
        From `tabulate`.
    epochs_h : array_like, shape (epochs,)
        Ascending times from which (or, carried backward, until which) each set of parameters holds. The first reaches
        back and the last forward without end.
    times_h : array_like
        Output times, strictly ascending. Outputs before the first dose read the state as it was at the start.
    resets_h : array_like
        Ascending moments at which the body is set back to what it was before any dose.
    start_h : float, optional
        Where it begins; the first dose or output when left out.

    Raises
    ------
    TimelineError
        If times do not ascend, are not finite, or an output lies before `start_h`.
    """

    doses: Array
    epochs_h: Array
    times_h: Array
    resets_h: Array = field(default_factory=lambda: _NONE)
    start_h: float | None = None
    carry: CarryRule = CarryRule.FORWARD

    def __post_init__(self) -> None:
        for name in ("doses", "epochs_h", "times_h", "resets_h"):
            object.__setattr__(self, name, _column(getattr(self, name)))
        if self.doses.ndim != 2 or self.doses.shape[1] != 8:
            raise TimelineError(f"doses have shape {self.doses.shape}; give (doses, 8), as `tabulate` does")
        begin = np.nan if self.start_h is None else float(self.start_h)
        wrong, begin = _check(self.doses, self.epochs_h, self.times_h, self.resets_h, begin)
        if wrong:
            raise TimelineError(_WRONG[wrong].format(begin=begin, first=self.times_h[0] if self.times_h.size else 0.0))
        object.__setattr__(self, "start_h", begin)

    @property
    def begin_h(self) -> float:
        """Where it begins, h."""
        return float(self.start_h)  # type: ignore[arg-type]  # __post_init__ has set it

    @property
    def backward(self) -> bool:
        return self.carry is CarryRule.BACKWARD


_WRONG = {
    1: "times_h do not ascend strictly; sort them and drop duplicates",
    2: "epochs_h must hold at least one time and ascend strictly",
    3: "resets_h do not ascend strictly; sort them and drop duplicates",
    4: "times_h begin at {first} h, before start_h {begin} h; leave out the earlier times",
    5: "doses hold a number that is not finite; give hours since the course's start and mg",
    6: "doses hold a series or a steady state without interval_h; give the hours between doses",
    7: "start_h is {begin}; give hours since the course's start",
}


@njit(cache=True, nogil=True)
def _check(doses: Array, epochs_h: Array, times_h: Array, resets_h: Array, start_h: float) -> tuple[int, float]:
    """Which sentence of `_WRONG` holds (0: none), and where the line begins."""
    begin = start_h
    if np.isnan(begin):
        begin = np.inf
        for row in range(doses.shape[0]):
            begin = min(begin, doses[row, START])
        if times_h.size:
            begin = min(begin, times_h[0])
        if begin == np.inf:
            begin = 0.0
    if not _ascend(times_h):
        return 1, begin
    if epochs_h.size == 0 or not _ascend(epochs_h):
        return 2, begin
    if not _ascend(resets_h):
        return 3, begin
    if times_h.size and times_h[0] < begin:
        return 4, begin
    for row in range(doses.shape[0]):
        for column in range(8):
            if not np.isfinite(doses[row, column]):
                return 5, begin
        if (doses[row, ADDITIONAL] > 0.0 or doses[row, STEADY] > 0.0) and not doses[row, INTERVAL] > 0.0:
            return 6, begin
    if not np.isfinite(begin):
        return 7, begin
    return 0, begin


@njit(cache=True, nogil=True)
def _ascend(times: Array) -> bool:
    """Whether times are finite and ascend strictly."""
    before = -np.inf
    for time in times:
        if not before < time < np.inf:
            return False
        before = time
    return True
