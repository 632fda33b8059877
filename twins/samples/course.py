"""`Course`: all that one twin may know at one moment, frozen and digestible."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from twins.quantities.dose import Dose, Modelled, Route, SteadyState
from twins.solvers.system import CarryRule


class CourseError(ValueError):
    """A course that no patient can have had; names the field, the value and the remedy."""


class FindingCode(StrEnum):
    """What is wrong or doubtful with the data of a course; never repaired in silence."""

    LEVEL_BEFORE_FIRST_DOSE = "level-before-first-dose"
    LEVEL_IN_FUTURE = "level-in-future"
    LEVEL_SOON_AFTER_DOSE = "level-soon-after-dose"
    DUPLICATE_LEVEL = "duplicate-level"
    DUPLICATE_DOSE = "duplicate-dose"
    ORDERED_NOT_GIVEN = "ordered-not-given"
    INFUSION_END_MISSING = "infusion-end-missing"
    UNUSABLE_RECORD = "unusable-record"
    """Never in a course, which cannot know of it: pages say it of what waits to be read when they are opened."""
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
    """A measured value at `time_h` hours since the course's start, in the canonical unit of the drug's channel.

    Parameters
    ----------
    value : float
        Where `below_limit` is set, the limit of quantification that the value lies below.
    output : str
        What was measured, as the model names its outputs; empty for the drug's concentration.
    """

    time_h: float
    value: float
    source: str = ""
    output: str = ""
    below_limit: bool = False


@dataclass(frozen=True, slots=True)
class DialysisSession:
    """A session that takes drug from the central compartment with this clearance, beside the patient's own."""

    start_h: float
    end_h: float
    clearance_l_per_h: float
    source: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_h) and math.isfinite(self.end_h) and self.end_h > self.start_h):
            raise CourseError(
                f"dialysis from {self.start_h} to {self.end_h} h; give hours since the course's start, end after start"
            )
        if not (math.isfinite(self.clearance_l_per_h) and self.clearance_l_per_h > 0):
            raise CourseError(f"clearance_l_per_h of dialysis is {self.clearance_l_per_h}; give a positive number")


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
    """What was prescribed: `amount_mg` over `duration_h` every `interval_h`, from `start_h` to `end_h` (None: on).

    `route` is None where the order does not say it.
    """

    start_h: float
    amount_mg: float
    interval_h: float
    duration_h: float
    end_h: float | None = None
    source: str = ""
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """Doses, levels, covariates and orders of one drug in one patient, known up to `until_h`.

    It holds no name, no date of birth and no subject key: equal data give an equal `digest` wherever they are stored.

    Attributes
    ----------
    dialysis
        Sessions in order of time that do not overlap.
    resets_h
        Moments at which everything in the body is set back to what it was before any dose (NONMEM's EVID 3 and 4).
    occasions_h
        When each occasion but the first begins; empty: as the model's own rule has it.
    carry
        How covariates hold between their records.
    """

    drug: str
    start: datetime
    until_h: float
    doses: tuple[Dose, ...] = ()
    levels: tuple[Level, ...] = ()
    covariates: tuple[CovariateValue, ...] = ()
    orders: tuple[OrderedRegimen, ...] = ()
    findings: tuple[Finding, ...] = ()
    dialysis: tuple[DialysisSession, ...] = ()
    resets_h: tuple[float, ...] = ()
    occasions_h: tuple[float, ...] = ()
    carry: CarryRule = CarryRule.FORWARD

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise CourseError(
                f"start is {self.start.isoformat()} without a time zone; give an instant, for example in UTC"
            )
        if not (math.isfinite(self.until_h) and self.until_h >= 0):
            raise CourseError(f"until_h is {self.until_h}; give the hours from start to the last known moment")
        for level in self.levels:
            if not (math.isfinite(level.value) and level.value >= 0):
                raise CourseError(f"level of {level.value} at {level.time_h} h; give a value of 0 or more")
        for name, times in (
            ("doses", [dose.start_h for dose in self.doses]),
            ("levels", [level.time_h for level in self.levels]),
            ("dialysis", [session.start_h for session in self.dialysis]),
            ("resets_h", list(self.resets_h)),
            ("occasions_h", list(self.occasions_h)),
        ):
            if any(not math.isfinite(t) for t in times):
                raise CourseError(f"{name} hold a time that is not finite; give hours since the course's start")
            if times != sorted(times):
                raise CourseError(f"{name} are not in order of time; sort them")

        if any(one.end_h > other.start_h for one, other in pairwise(self.dialysis)):
            raise CourseError("dialysis sessions overlap; end each before the next begins")

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
        # What a course does not have is left out, so that a digest stays the same when courses learn to hold more.
        for name in ("dialysis", "resets_h", "occasions_h"):
            if not data[name]:
                del data[name]
        if self.carry is CarryRule.FORWARD:
            del data["carry"]
        data["doses"] = [_told(dose, _PLAIN_DOSE) for dose in data["doses"]]
        data["levels"] = [_told(level, _PLAIN_LEVEL) for level in data["levels"]]
        data["orders"] = [_told(order, _PLAIN_ORDER) for order in data["orders"]]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Course":
        return cls(
            drug=data["drug"],
            start=datetime.fromisoformat(data["start"]),
            until_h=data["until_h"],
            doses=tuple(_dose(dose) for dose in data["doses"]),
            levels=tuple(Level(**level) for level in data["levels"]),
            covariates=tuple(CovariateValue(**value) for value in data["covariates"]),
            orders=tuple(_order(order) for order in data["orders"]),
            findings=tuple(Finding(**{**f, "code": FindingCode(f["code"])}) for f in data["findings"]),
            dialysis=tuple(DialysisSession(**session) for session in data.get("dialysis", ())),
            resets_h=tuple(data.get("resets_h", ())),
            occasions_h=tuple(data.get("occasions_h", ())),
            carry=CarryRule(data.get("carry", CarryRule.FORWARD)),
        )

    @classmethod
    def from_data(cls, **data: Any) -> "Course":
        """A course from plain lists and dicts; see `twins.samples.plain.from_data`."""
        from twins.samples import plain  # it needs this module whole

        return plain.from_data(**data)

    @classmethod
    def from_frame(cls, frame: Any, **asked: Any) -> "Course | dict[Any, Course]":
        """A course from a DataFrame of events, or one for each subject; see `twins.samples.plain.from_frame`."""
        from twins.samples import plain

        return plain.from_frame(frame, **asked)

    @classmethod
    def from_nonmem(cls, table: Any, **asked: Any) -> "dict[int | str, Course]":
        """A course for each subject of a NONMEM-style DataFrame or file; see `twins.samples.dataset.read`."""
        from twins.samples import dataset

        return dataset.read(table, **asked)

    def digest(self) -> str:
        """SHA-256 of the course as canonical JSON (sorted keys, shortest exact floats)."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


_PLAIN_DOSE = {"interval_h": 0.0, "additional": 0, "steady_state": 0, "modelled": 0, "into": ""}
_PLAIN_LEVEL = {"output": "", "below_limit": False}
_PLAIN_ORDER = {"route": None}


def _told(data: dict[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in plain or value != plain[name]}


def _dose(data: Mapping[str, Any]) -> Dose:
    known = {"route": Route, "steady_state": SteadyState, "modelled": Modelled}
    return Dose(**{name: known[name](value) if name in known else value for name, value in data.items()})


def _order(data: Mapping[str, Any]) -> OrderedRegimen:
    told: dict[str, Any] = {name: Route(value) if name == "route" else value for name, value in data.items()}
    return OrderedRegimen(**told)
