"""Where a target meets a model: its output and unit have to be those that the model gives."""

import re
from typing import Final

from twins.api.named import refuse_others
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.target import Metric, Target, TargetError
from twins.quantities.unit import of_area

_PREFIXES: Final = {"k": 1e3, "": 1.0, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
_PART: Final = re.compile(r"(k|d|c|m|u|n|p)?(g|mol|l)", re.IGNORECASE)
_SHARES: Final = ("1", "%")


def meet(target: Target, model: PopulationModel, *, threshold_needed: bool = True) -> Target:
    """The target as it is, if the model's outputs can be held against it.

    Raises
    ------
    TargetError
        If nothing can lie in it, or its unit is not what its metric gives of the output; names both.
    ModelError
        If the model has no such output, with the nearest.
    """
    target.refuse(threshold_needed=threshold_needed)
    outputs = {output.name: output for output in model.system.outputs}
    if target.output:
        refuse_others("output", [target.output], list(outputs))
    unit = outputs[target.output].unit if target.output else model.system.outputs[0].unit
    allowed = _units(target.metric, unit)
    if not any(_same(target.unit, other) for other in allowed):
        raise TargetError(
            f"unit is {target.unit!r}, but the {target.metric.value} of {model.title} is in {' or '.join(allowed)!r}; "
            f"give low and high in that unit and unit={allowed[0]!r}"
        )
    return target


def usual_unit(metric: Metric) -> str:
    """Of a target whose unit was not said: that of a drug measured in mg/L."""
    return _units(metric, "mg/L")[0]


def _units(metric: Metric, unit: str) -> tuple[str, ...]:
    """What `metric` of an output in `unit` can be stated in, the usual one first."""
    if metric in (Metric.AUC24, Metric.AUC):
        return (of_area(unit),)
    if metric is Metric.TIME_ABOVE:
        return _SHARES
    if metric is Metric.RATIO:
        return ("h", "1")
    return (unit, *_SHARES) if metric is Metric.TIME_IN_RANGE else (unit,)


def _same(one: str, other: str) -> bool:
    return one == other or _measure(one) == _measure(other)


def _measure(unit: str) -> tuple[str, ...]:
    """What a unit is of and how large: equal for ``ng/mL`` and ``µg/L``, and for ``mg.h/L`` and ``h*mg/L``."""
    plain = re.sub(r"[{}\[\]\s()]", "", unit).replace("µ", "u").replace("μ", "u").replace("mcg", "ug")
    above, _, below = re.sub(r"[·*×]", ".", plain).partition("/")
    parts = [_part(part) for part in above.split(".")] + [_part(part, "/") for part in below.split(".") if part]
    size = 1.0
    for number, _ in parts:
        size *= number
    return (*sorted(kind for _, kind in parts if kind), f"{size:.6g}")


def _part(text: str, sign: str = "") -> tuple[float, str]:
    found = _PART.fullmatch(text)
    if found:
        size = _PREFIXES[(found[1] or "").lower()]
        return (1.0 / size if sign else size), sign + found[2].lower()
    if text in ("", "1"):
        return 1.0, ""
    return 1.0, sign + {"hr": "h", "hrs": "h"}.get(text.lower(), text.lower())
