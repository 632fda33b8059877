"""`StudySpec`: what a study of virtual patients asks, whole and digestible."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twins.cohorts.distribution import Distribution, Shape
from twins.pharmacology.regimen import Regimen
from twins.pharmacology.target import Target

RENAL_GROUPS_ML_PER_MIN = (30.0, 60.0, 90.0, 130.0)
"""Where the groups of renal function are parted unless the study says otherwise: a house setting."""


@dataclass(frozen=True, slots=True)
class StudyRegimen:
    """One arm; `regimen.start_h` is 0. Every virtual patient is given every arm: arms differ by nothing else."""

    label: str
    regimen: Regimen


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A study: `patients` virtual patients of one model, each under every regimen for `days` days.

    Attributes
    ----------
    seed : int
        0 to 2⁶³ - 1. With a subject's number it names all of the subject's random numbers.
    covariates : mapping of str to Distribution
        By the covariate's name with its unit, drawn independently of each other.
    renal_groups_ml_per_min : tuple of float
        Ascending creatinine clearances that part the groups of the tables.
    """

    title: str
    model_id: str
    model_version: str
    regimens: tuple[StudyRegimen, ...]
    covariates: Mapping[str, Distribution]
    target: Target
    patients: int
    seed: int
    days: int
    renal_groups_ml_per_min: tuple[float, ...] = RENAL_GROUPS_ML_PER_MIN

    @property
    def until_h(self) -> float:
        """When its last day ends, in hours since the first dose."""
        return 24.0 * self.days

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `from_json` takes it."""
        return {
            "title": self.title,
            "model_id": self.model_id,
            "model_version": self.model_version,
            "regimens": [{"label": arm.label, "regimen": arm.regimen.to_json()} for arm in self.regimens],
            "covariates": {name: asdict(self.covariates[name]) for name in sorted(self.covariates)},
            "target": self.target.to_json(),
            "patients": self.patients,
            "seed": self.seed,
            "days": self.days,
            "renal_groups_ml_per_min": list(self.renal_groups_ml_per_min),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "StudySpec":
        return cls(
            title=data["title"],
            model_id=data["model_id"],
            model_version=data["model_version"],
            regimens=tuple(StudyRegimen(arm["label"], Regimen.from_json(arm["regimen"])) for arm in data["regimens"]),
            covariates={
                name: Distribution(**{**values, "shape": Shape(values["shape"])})
                for name, values in data["covariates"].items()
            },
            target=Target.from_json(data["target"]),
            patients=data["patients"],
            seed=data["seed"],
            days=data["days"],
            renal_groups_ml_per_min=tuple(data["renal_groups_ml_per_min"]),
        )

    def digest(self) -> str:
        """SHA-256 of the study as canonical JSON."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
