"""`Course`: all that one twin may know at one moment, frozen and digestible."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from twins.quantities.dose import Dose, Route


class CourseError(ValueError):
    """A course that no patient can have had; names the field, the value and the remedy."""


class FindingCode(StrEnum):
    """What is wrong or doubtful with the data of a course; never repaired in silence."""

    LEVEL_BEFORE_FIRST_DOSE = "level-before-first-dose"
    LEVEL_IN_FUTURE = "level-in-future"
    LEVEL_SOON_AFTER_DOSE = "level-soon-after-dose"
    DUPLICATE_LEVEL = "duplicate-level"
    ORDERED_NOT_GIVEN = "ordered-not-given"
    INFUSION_END_MISSING = "infusion-end-missing"
    UNUSABLE_RECORD = "unusable-record"
    DECISION_NOT_FOLLOWED = "decision-not-followed"
    COVARIATE_MISSING = "covariate-missing"
    COVARIATE_STALE = "covariate-stale"
    EXCLUDED_BY_USER = "excluded-by-user"
    RETIMED_BY_USER = "retimed-by-user"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what, when (h since the course's start, if at a time), about which record, in words."""

    code: FindingCode
    sentence: str
    time_h: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A measured drug concentration in mg/L at `time_h` hours since the course's start."""

    time_h: float
    value_mg_per_l: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class CovariateValue:
    """A covariate from `time_h` on, until the next value of the same name (last observation carried forward).

    Names carry their unit: ``creatinine_mg_per_dl``, ``weight_kg``, ``height_cm``, ``age_y``, ``male`` (1 or 0),
    ``haemodialysis`` (1 or 0), ``creatinine_clearance_ml_per_min`` (used as given instead of an estimate).
    """

    name: str
    time_h: float
    value: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class OrderedRegimen:
    """What was prescribed: `amount_mg` over `duration_h` every `interval_h`, from `start_h` to `end_h` (None: on)."""

    start_h: float
    amount_mg: float
    interval_h: float
    duration_h: float
    end_h: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """Doses, levels, covariates and orders of one drug in one patient, known up to `until_h`.

    It holds no name, no date of birth and no subject key: equal data give an equal `digest` wherever they are stored.
    """

    drug: str
    start: datetime
    until_h: float
    doses: tuple[Dose, ...] = ()
    levels: tuple[Level, ...] = ()
    covariates: tuple[CovariateValue, ...] = ()
    orders: tuple[OrderedRegimen, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise CourseError(
                f"start is {self.start.isoformat()} without a time zone; give an instant, for example in UTC"
            )
        if not (math.isfinite(self.until_h) and self.until_h >= 0):
            raise CourseError(f"until_h is {self.until_h}; give the hours from start to the last known moment")
        for level in self.levels:
            if not (math.isfinite(level.value_mg_per_l) and level.value_mg_per_l >= 0):
                raise CourseError(
                    f"level of {level.value_mg_per_l} mg/L at {level.time_h} h; give a concentration of 0 or more"
                )
        for name, times in (
            ("doses", [dose.start_h for dose in self.doses]),
            ("levels", [level.time_h for level in self.levels]),
        ):
            if any(not math.isfinite(t) for t in times):
                raise CourseError(f"{name} hold a time that is not finite; give hours since the course's start")
            if times != sorted(times):
                raise CourseError(f"{name} are not in order of time; sort them")

    def covariate_at(self, name: str, time_h: float) -> CovariateValue | None:
        """The value in force at `time_h`: the last at or before it, else the first after it, else None."""
        later: CovariateValue | None = None
        current: CovariateValue | None = None
        for value in sorted((c for c in self.covariates if c.name == name), key=lambda c: c.time_h):
            if value.time_h <= time_h:
                current = value
            elif later is None:
                later = value
        return current or later

    def to_json(self) -> dict[str, Any]:
        """Plain data, floats kept to the last digit, for storage and for `digest`."""
        data = asdict(self)
        data["start"] = self.start.isoformat()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Course":
        return cls(
            drug=data["drug"],
            start=datetime.fromisoformat(data["start"]),
            until_h=data["until_h"],
            doses=tuple(Dose(**{**dose, "route": Route(dose["route"])}) for dose in data["doses"]),
            levels=tuple(Level(**level) for level in data["levels"]),
            covariates=tuple(CovariateValue(**value) for value in data["covariates"]),
            orders=tuple(OrderedRegimen(**order) for order in data["orders"]),
            findings=tuple(Finding(**{**f, "code": FindingCode(f["code"])}) for f in data["findings"]),
        )

    def digest(self) -> str:
        """SHA-256 of the course as canonical JSON (sorted keys, shortest exact floats)."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
