"""A target in the words of pages: its bounds, with no limit said where none is known, and what its metric came to."""

from collections.abc import Callable

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.measures.numbers import plain
from clinic.twin_words.said import said
from twins.forecasts.forecast import Band
from twins.pharmacology.target import Metric, Target
from twins.quantities.unit import readable

_SHARE = "1"
_SHOWN_OF_ANY = (Metric.AUC24, Metric.AUC, Metric.TROUGH, Metric.PEAK)
"""What tables of a plan's days show of every drug, and areas over more than a day, which no day has."""


def bound(target: Target, value: float) -> str:
    """``600``; a share of time as ``100 %``."""
    return f"{plain(100.0 * value)} %" if target.unit == _SHARE else plain(value)


def above(target: Target) -> str:
    if not target.has_limit:
        return _("Above: no limit known")
    return _("Above {high}").format(high=bound(target, target.high))


def chance_above(target: Target, chance: float) -> str:
    """A dash where no limit is known, and so no chance of being above it."""
    return words.percent(chance) if target.has_limit else "–"


def below(target: Target) -> str:
    if not target.has_floor:
        return _("Below: nothing is too little")
    return _("Below {low}").format(low=bound(target, target.low))


def chance_below(target: Target, chance: float) -> str:
    """A dash where nothing is too little."""
    return words.percent(chance) if target.has_floor else "–"


def harm(target: Target) -> str:
    if not target.has_limit:
        return _("Harm: no limit known")
    return _("Harm: above {high}").format(high=bound(target, target.high))


def too_little(target: Target) -> str:
    if not target.has_floor:
        return _("Too little: nothing is")
    return _("Too little: below {low}").format(low=bound(target, target.low))


def limit(target: Target) -> str:
    """What lies above it, as a sentence."""
    if not target.has_limit:
        return _("No limit above it is known.")
    return _("Above {high} is the safety limit.").format(high=bound(target, target.high))


def is_auc24(target: Target) -> bool:
    """Whether it can be drawn among AUC24s."""
    return target.metric is Metric.AUC24 and not target.output and target.unbound == 1.0


def is_beside(target: Target) -> bool:
    """Whether the target's own metric stands beside what tables of a plan's days show of every drug."""
    return target.metric not in _SHOWN_OF_ANY


def metric(target: Target) -> str:
    if target.metric is Metric.AUC24:
        return "AUC24"
    return _("time above the MIC") if target.metric is Metric.TIME_ABOVE else said(target.metric.value)


def metric_and_unit(target: Target) -> str:
    """``AUC24 in mg·h/L``."""
    return _("{metric} in {unit}").format(metric=metric(target), unit=_unit(target))


def metric_heading(target: Target) -> str:
    """``AUC24, mg·h/L``, over a column of its values."""
    return _("{metric}, {unit}").format(metric=capfirst(metric(target)), unit=_unit(target))


def in_metric(target: Target, value: float) -> str:
    """A value of the target's own metric, without its unit; a share of time as ``90 %``."""
    return _shown(target)(value)


def median_of(target: Target, value: Band) -> str:
    """Of the target's own metric."""
    return _shown(target)(value.q50)


def range_of(target: Target, value: Band) -> str:
    """Of 90 %."""
    show = _shown(target)
    return f"{show(value.q05)}–{show(value.q95)}"


def in_words(target: Target, value: Band) -> str:
    """``time above the MIC 90 % (90 % 20 %–>99 %)``, inside a sentence."""
    median = median_of(target, value)
    if target.unit != _SHARE:
        median = f"{median} {_unit(target)}"
    said_of = _("{metric} {median} (90 % {range})")
    return said_of.format(metric=metric(target), median=median, range=range_of(target, value))


def _unit(target: Target) -> str:
    return "%" if target.unit == _SHARE else readable(target.unit)


def _shown(target: Target) -> Callable[[float], str]:
    if target.unit == _SHARE:
        return words.percent
    return words.exposure if target.metric in (Metric.AUC24, Metric.AUC) else words.concentration
