"""From the virtual patients' exposures to the table that a reader wants: quantiles and attainment by renal function."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.cohorts.study import StudySpec
from twins.pharmacology.covariates import CLEARANCE
from twins.pharmacology.target import Target
from twins.quantities.sentence import Sentence

Array = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
EVERYBODY = "all"


_BETWEEN = Sentence("{low:g} to below {high:g} mL/min")
_LOWEST = Sentence("below {edge:g} mL/min")
_HIGHEST = Sentence("{edge:g} mL/min and above")


@dataclass(frozen=True, slots=True)
class GroupExposure:
    """One regimen in one group of renal function.

    Attributes
    ----------
    group : str
        ``all``, or the group's creatinine clearance in mL/min in words.
    patients : int
        How many virtual patients are in it.
    auc24, peak, trough : tuple of float
        Quantiles 5, 25, 50, 75 and 95 % on the last day; in the model's unit of concentration, AUC24 times h.
    p_in_target, p_above, p_below : float
        Shares of the patients by the target's metric on the last day; of the time, where that is time in range.
    p_in_target_first : float
        Share in the target on the first day.
    standard_error : float
        Of `p_in_target`, from the number of patients simulated.
    value : tuple of float, or None
        Quantiles of the target's metric on the last day, where that is not AUC24.
    """

    regimen: str
    group: str
    patients: int
    auc24: tuple[float, ...]
    peak: tuple[float, ...]
    trough: tuple[float, ...]
    p_in_target: float
    p_above: float
    p_below: float
    p_in_target_first: float
    standard_error: float
    value: tuple[float, ...] | None = None

    @property
    def aimed_at(self) -> tuple[float, ...]:
        """Quantiles of the target's metric."""
        return self.auc24 if self.value is None else self.value

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        if self.value is None:
            del data["value"]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "GroupExposure":
        tuples: dict[str, Any] = {
            name: tuple(data[name]) for name in ("auc24", "peak", "trough", "value") if name in data
        }
        return cls(**{**data, **tuples})


def group_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Names of the groups that the clearances `edges` part, in ascending order."""
    if not edges:
        return ()
    between = [_BETWEEN(low=low, high=high) for low, high in pairwise(edges)]
    return (_LOWEST(edge=edges[0]), *between, _HIGHEST(edge=edges[-1]))


def summarise(spec: StudySpec, names: Sequence[str], table: Array) -> tuple[GroupExposure, ...]:
    """One row for each regimen and group, everybody first; groups without a patient are left out.

    Patients of a model without a creatinine clearance are one group.

    Parameters
    ----------
    names
        Of the columns of `table`, as ``twins.cohorts.expose.columns`` gives them.
    table : ndarray, shape (patients, len(names))
    """
    column: dict[str, Array] = {name: table[:, index] for index, name in enumerate(names)}
    edges = spec.renal_groups_ml_per_min
    groups = [(EVERYBODY, np.ones(table.shape[0], dtype=np.bool_))]
    if CLEARANCE in column:
        member = np.searchsorted(np.array(edges), column[CLEARANCE], side="right")
        groups += [(name, member == number) for number, name in enumerate(group_names(edges))]
    rows = []
    for number, arm in enumerate(spec.regimens, 1):
        for group, inside in groups:
            if inside.any():
                values = {
                    name.removesuffix(f"_{number}"): column[name][inside]
                    for name in names
                    if name.endswith((f"_last_{number}", f"_first_{number}"))
                }
                rows.append(_row(spec, arm.label, group, values))
    return tuple(rows)


def _row(spec: StudySpec, regimen: str, group: str, values: dict[str, Array]) -> GroupExposure:
    plain = "target_last" not in values
    asked = values["auc24_last" if plain else "target_last"]
    at_first = values["auc24_first" if plain else "target_first"]
    last, first = (
        _lie(spec.target, asked, values.get("above_last")),
        _lie(spec.target, at_first, values.get("above_first")),
    )
    inside, above, below = (float(np.mean(part)) for part in last)
    return GroupExposure(
        regimen=regimen,
        group=group,
        patients=int(asked.size),
        auc24=_quantiles(values["auc24_last"]),
        peak=_quantiles(values["peak_last"]),
        trough=_quantiles(values["trough_last"]),
        p_in_target=inside,
        p_above=above,
        p_below=below,
        p_in_target_first=float(np.mean(first[0])),
        standard_error=float(np.std(last[0]) / np.sqrt(asked.size)),
        value=None if plain else _quantiles(asked),
    )


def _lie(target: Target, values: Array, above: Array | None) -> tuple[Array, Array, Array]:
    """How much of each patient lies in, above and below the target: all or nothing, or shares of the time."""
    if above is not None:
        return values, above, np.maximum(0.0, 1.0 - values - above)
    over, under = values > target.high, values < target.low
    return (~(over | under)).astype(np.float64), over.astype(np.float64), under.astype(np.float64)


def _quantiles(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, QUANTILES))


def result_digest(names: Sequence[str], table: Array) -> str:
    """SHA-256 of the column names and the numbers (float64 little-endian, by rows): equal results, equal digest."""
    header = json.dumps(list(names), separators=(",", ":")).encode()
    return hashlib.sha256(header + b"\n" + np.ascontiguousarray(table, dtype="<f8").tobytes()).hexdigest()
