"""Read a study's target from plain data."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from twins.cohorts.plain import brief, number
from twins.pharmacology import formulary
from twins.pharmacology.drug import NoTargetError
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ANY, Sentence
from twins.quantities.unit import of_area, readable

_NO_TABLE = Sentence("target: write it as a table of {known}")
_NO_METRIC = Sentence("target.metric: is {value}; give one of {known}")
_NO_ENDS = Sentence("target: give low and high as {asked}, low below high")
_NOT_POSITIVE = Sentence("target.{key}: is {value}; give a positive number")
_NO_THRESHOLD = Sentence("target.threshold: missing; {metric} needs the concentration it is held against")
_NO_OUTPUT = Sentence("target.output: {model} has no {output}")
_NO_SOURCE = Sentence("target.source: missing; say where the target comes from")
_NO_TARGET = Sentence("target: missing, and {why}", why=ANY)


def read_target(item: Any, model: PopulationModel | None, wrong: list[str]) -> Target | None:
    """The target that a study's table describes, or the drug's first; mistakes are added to `wrong`."""
    if item is None:
        return _usual_target(model, wrong)
    known = tuple(field.name for field in fields(Target))
    if not isinstance(item, dict) or set(item) - set(known):
        wrong.append(_NO_TABLE(known=", ".join(known)))
        return None
    metric = item.get("metric", str(Metric.AUC24))
    if not isinstance(metric, str) or metric not in set(Metric):
        wrong.append(_NO_METRIC(value=brief(metric), known=", ".join(Metric)))
        return None
    low, high = number(item.get("low", 0.0)), number(item.get("high")) if "high" in item else math.inf
    asked = f"{metric} in {readable(_unit(item, model))}".removesuffix(" in ")
    if low is None or high is None or not 0 <= low < high:
        wrong.append(_NO_ENDS(asked=asked))
        return None
    numbers: dict[str, float] = {}
    for key in ("threshold", "unbound", "window_h"):
        value = number(item[key]) if key in item else None
        if key in item and not (value is not None and value > 0):
            wrong.append(_NOT_POSITIVE(key=key, value=brief(item[key])))
        elif value is not None:
            numbers[key] = value
    if Metric(metric) in (Metric.TIME_ABOVE, Metric.RATIO) and "threshold" not in item:
        wrong.append(_NO_THRESHOLD(metric=metric))
    if item.get("output") and model and item["output"] not in [output.name for output in model.system.outputs]:
        wrong.append(_NO_OUTPUT(model=model.title, output=brief(item["output"])))
    source = item.get("source")
    if not (isinstance(source, str) and source.strip()):
        wrong.append(_NO_SOURCE())
        return None
    name = str(item.get("name") or f"{metric} {low:g}–{high:g} {readable(_unit(item, model))}".strip())
    return Target(
        name,
        low,
        high,
        source.strip(),
        metric=Metric(metric),
        unit=_unit(item, model),
        output=str(item.get("output", "")),
        harm=str(item.get("harm", "")),
        **numbers,
    )


def _usual_target(model: PopulationModel | None, wrong: list[str]) -> Target | None:
    """The first target of the model's drug."""
    if model is None:
        return None
    try:
        return formulary.drug(model.drug).target
    except (formulary.UnknownDrugError, NoTargetError) as error:
        wrong.append(_NO_TARGET(why=error))
        return None


def _unit(item: Mapping[str, Any], model: PopulationModel | None) -> str:
    """The unit of the target's metric, as given or as the model's output has it."""
    if isinstance(item.get("unit"), str):
        return str(item["unit"])
    metric = item.get("metric", str(Metric.AUC24))
    concentration = model.system.outputs[0].unit if model else "mg/L"
    if metric in (Metric.AUC24, Metric.AUC):
        return of_area(concentration)
    return "1" if metric in (Metric.TIME_ABOVE, Metric.RATIO) else concentration
