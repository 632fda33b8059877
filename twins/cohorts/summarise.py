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

Array = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
EVERYBODY = "all"


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
        Quantiles 5, 25, 50, 75 and 95 % on the last day; mg·h/L, and mg/L.
    p_in_target, p_above, p_below : float
        Shares of the patients by AUC24 on the last day.
    p_in_target_first : float
        Share in the target by AUC24 on the first day.
    standard_error : float
        Of `p_in_target`, from the number of patients simulated.
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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "GroupExposure":
        return cls(**{**data, **{name: tuple(data[name]) for name in ("auc24", "peak", "trough")}})


def group_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Names of the groups that the clearances `edges` part, in ascending order."""
    if not edges:
        return ()
    between = [f"{low:g} to below {high:g} mL/min" for low, high in pairwise(edges)]
    return (f"below {edges[0]:g} mL/min", *between, f"{edges[-1]:g} mL/min and above")


def summarise(spec: StudySpec, names: Sequence[str], table: Array) -> tuple[GroupExposure, ...]:
    """One row for each regimen and group, everybody first; groups without a patient are left out.

    Parameters
    ----------
    names
        Of the columns of `table`, as ``twins.cohorts.expose.columns`` gives them.
    table : ndarray, shape (patients, len(names))
    """
    column = {name: table[:, index] for index, name in enumerate(names)}
    edges = spec.renal_groups_ml_per_min
    member = np.searchsorted(np.array(edges), column[CLEARANCE], side="right")
    groups = [(EVERYBODY, np.ones(table.shape[0], dtype=np.bool_))]
    groups += [(name, member == number) for number, name in enumerate(group_names(edges))]
    rows = []
    for number, arm in enumerate(spec.regimens, 1):
        for group, inside in groups:
            if inside.any():
                values = {
                    name.rpartition("_")[0]: column[name][inside] for name in names if name.endswith(f"_last_{number}")
                }
                values["auc24_first"] = column[f"auc24_first_{number}"][inside]
                rows.append(_row(spec, arm.label, group, values))
    return tuple(rows)


def _row(spec: StudySpec, regimen: str, group: str, values: dict[str, Array]) -> GroupExposure:
    low, high = spec.target.low, spec.target.high
    last, first = values["auc24_last"], values["auc24_first"]
    inside = float(np.mean((last >= low) & (last <= high)))
    return GroupExposure(
        regimen=regimen,
        group=group,
        patients=int(last.size),
        auc24=_quantiles(last),
        peak=_quantiles(values["peak_last"]),
        trough=_quantiles(values["trough_last"]),
        p_in_target=inside,
        p_above=float(np.mean(last > high)),
        p_below=float(np.mean(last < low)),
        p_in_target_first=float(np.mean((first >= low) & (first <= high))),
        standard_error=float(np.sqrt(inside * (1.0 - inside) / last.size)),
    )


def _quantiles(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, QUANTILES))


def result_digest(names: Sequence[str], table: Array) -> str:
    """SHA-256 of the column names and the numbers (float64 little-endian, by rows): equal results, equal digest."""
    header = json.dumps(list(names), separators=(",", ":")).encode()
    return hashlib.sha256(header + b"\n" + np.ascontiguousarray(table, dtype="<f8").tobytes()).hexdigest()
