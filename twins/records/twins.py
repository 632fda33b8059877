"""The stored twins as the values that the mathematics speaks in."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.estimation.fit import Fit
from twins.forecasts.forecast import ComparisonResult
from twins.pharmacology.regimen import Plan
from twins.records.followed import model_ids
from twins.records.former import renamed
from twins.records.models import Comparison, Subject, TwinVersion
from twins.samples.course import Course


def latest(subject: Subject, drug: str, model_id: str | None = None) -> TwinVersion | None:
    """The newest version for `model_id` (default: the drug's first model), or None where there is none yet."""
    wanted = model_id or model_ids(drug)[0]
    return TwinVersion.objects.filter(subject=subject, drug=drug, model_id=wanted).order_by("-number").first()


def course_of(version: TwinVersion) -> Course:
    """The frozen course that the version was computed from."""
    return Course.from_json(renamed(version.course))


def fit_of(version: TwinVersion) -> Fit:
    """The stored fit with its draws, read-only, shape (n, number of etas)."""
    names = len(version.fit["eta_names"])
    draws = np.frombuffer(bytes(version.draws), dtype="<f8").reshape(-1, names) if names else np.empty((0, 0))
    return Fit.from_json(renamed(version.fit), draws)


def plans_of(comparison: Comparison) -> tuple[Plan, ...]:
    return tuple(Plan.from_json(plan) for plan in comparison.plans)


def result_of(comparison: Comparison) -> ComparisonResult:
    return ComparisonResult.from_json(renamed(comparison.result))


def draw_bytes(draws: NDArray[np.float64]) -> bytes:
    """Float64 little-endian, row-major: how draws are stored."""
    return np.ascontiguousarray(draws, dtype="<f8").tobytes()


def canonical(data: Any) -> bytes:
    """JSON with sorted keys and shortest exact floats: what digests are taken of."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
