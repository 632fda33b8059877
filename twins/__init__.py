"""Patients' models: mathematics first, storage and jobs as its outer shell.

What a researcher needs hangs on this name and is loaded when it is first used, so that ``import twins`` costs next to
nothing and needs no Django:

>>> import twins
>>> course = twins.Course.from_data(
...     drug="vancomycin",
...     doses=[(0, 1000, 1), (12, 1000, 1)],
...     levels=[(11.5, 9.1)],
...     covariates={"age_y": 61, "sex": "male", "weight_kg": 80, "creatinine_mg_per_dl": 1.1},
... )
>>> twin = twins.individualise("vancomycin-goti-2018", course)  # doctest: +SKIP
>>> twins.optimise(twin).to_frame()  # doctest: +SKIP

The names in ``__all__`` are stable; docs/researchers.md leads through them. Everything else of the folders below may
change between versions.
"""

from importlib import import_module

TYPE_CHECKING = False
"""Type checkers take it as true; importing `typing` for it would double what this module costs."""

if TYPE_CHECKING:
    from twins.api import structures
    from twins.api.ahead import (
        AskError,
        compare,
        dose_for_auc,
        dose_for_concentration,
        explain,
        forecast,
        interval_for_trough,
        optimise,
        pta,
        rate_for_steady_state,
        regimen,
        simulate,
        target,
        time_to_fall_to,
    )
    from twins.api.equations import equations
    from twins.api.levels import next_level, suspects
    from twins.api.library import drug, drugs, model, models, read_model
    from twins.api.named import ModelError
    from twins.api.own import define, residual
    from twins.api.several import Averaged, average
    from twins.api.tables import to_nonmem
    from twins.api.twin import NoTwinError, Twin, individualise
    from twins.estimation.averaging import Weighting
    from twins.estimation.evidence import BelowLimit
    from twins.estimation.individualise import Options
    from twins.forecasts.limits import Limits
    from twins.pharmacology import body_size, renal
    from twins.pharmacology.population import Derived, Eta, Link, PopulationModel
    from twins.pharmacology.regimen import Plan, Regimen
    from twins.pharmacology.structure import compartments
    from twins.pharmacology.target import Metric, Target
    from twins.quantities.dose import Dose, Route, SteadyState
    from twins.samples.course import Course, CovariateValue, DialysisSession, Level
    from twins.samples.dataset import DatasetError
    from twins.solvers.system import CarryRule, Input, Output, System

_WHERE = {
    "twins.api": ("structures",),
    "twins.api.ahead": (
        "AskError", "compare", "dose_for_auc", "dose_for_concentration", "explain", "interval_for_trough",
        "rate_for_steady_state", "forecast", "optimise", "pta",
        "regimen", "simulate", "target", "time_to_fall_to",
    ),
    "twins.api.equations": ("equations",),
    "twins.api.levels": ("next_level", "suspects"),
    "twins.api.library": ("drug", "drugs", "model", "models", "read_model"),
    "twins.api.named": ("ModelError",),
    "twins.api.own": ("define", "residual"),
    "twins.api.several": ("Averaged", "average"),
    "twins.api.tables": ("to_nonmem",),
    "twins.api.twin": ("NoTwinError", "Twin", "individualise"),
    "twins.estimation.averaging": ("Weighting",),
    "twins.estimation.evidence": ("BelowLimit",),
    "twins.estimation.individualise": ("Options",),
    "twins.forecasts.limits": ("Limits",),
    "twins.pharmacology": ("body_size", "renal"),
    "twins.pharmacology.population": ("Derived", "Eta", "Link", "PopulationModel"),
    "twins.pharmacology.regimen": ("Plan", "Regimen"),
    "twins.pharmacology.structure": ("compartments",),
    "twins.pharmacology.target": ("Metric", "Target"),
    "twins.quantities.dose": ("Dose", "Route", "SteadyState"),
    "twins.samples.course": ("Course", "CovariateValue", "DialysisSession", "Level"),
    "twins.samples.dataset": ("DatasetError",),
    "twins.solvers.system": ("CarryRule", "Input", "Output", "System"),
}  # fmt: skip
_HOME = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "AskError",
    "Averaged",
    "BelowLimit",
    "CarryRule",
    "Course",
    "CovariateValue",
    "DatasetError",
    "Derived",
    "DialysisSession",
    "Dose",
    "Eta",
    "Input",
    "Level",
    "Limits",
    "Link",
    "Metric",
    "ModelError",
    "NoTwinError",
    "Options",
    "Output",
    "Plan",
    "PopulationModel",
    "Regimen",
    "Route",
    "SteadyState",
    "System",
    "Target",
    "Twin",
    "Weighting",
    "average",
    "body_size",
    "compare",
    "compartments",
    "define",
    "dose_for_auc",
    "dose_for_concentration",
    "drug",
    "drugs",
    "equations",
    "explain",
    "forecast",
    "individualise",
    "interval_for_trough",
    "model",
    "models",
    "next_level",
    "optimise",
    "pta",
    "rate_for_steady_state",
    "read_model",
    "regimen",
    "renal",
    "residual",
    "simulate",
    "structures",
    "suspects",
    "target",
    "time_to_fall_to",
    "to_nonmem",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Load what is asked for, once."""
    if name not in _HOME:
        raise AttributeError(f"module 'twins' has no attribute {name!r}")
    home = _HOME[name]
    whole = home in ("twins.api", "twins.pharmacology")
    found: object = import_module(f"{home}.{name}") if whole else getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
