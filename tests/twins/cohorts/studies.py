"""A small study as plain data, in the layout of its file."""

from typing import Any

from twins.cohorts.read import build
from twins.cohorts.study import StudySpec


def written(**changes: Any) -> dict[str, Any]:
    """As a file would hold it; `changes` replace whole keys, None leaves one out."""
    data = {
        "title": "A small study",
        "model": "vancomycin-goti-2018",
        "patients": 300,
        "seed": 42,
        "days": 2,
        "regimens": [
            {"label": "low", "amount_mg": 750, "interval_h": 12, "duration_h": 1},
            {"label": "high", "amount_mg": 1500, "interval_h": 12, "duration_h": 1.5, "loading_mg": 2000},
        ],
        "covariates": {
            "age_y": {
                "distribution": "normal",
                "mean": 60,
                "sd": 15,
                "low": 18,
                "high": 100,
                "assumed": "for the test",
            },
            "male": {"distribution": "share", "share": 0.5, "assumed": "for the test"},
            "weight_kg": {"distribution": "uniform", "low": 50, "high": 120, "assumed": "for the test"},
            "creatinine_mg_per_dl": {
                "distribution": "lognormal",
                "median": 1.0,
                "cv": 0.5,
                "low": 0.4,
                "high": 6,
                "source": "for the test",
            },
        },
    }
    data.update(changes)
    return {key: value for key, value in data.items() if value is not None}


def small(**changes: Any) -> StudySpec:
    return build(written(**changes))
