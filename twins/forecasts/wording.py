"""The plain sentence of a plan, and the short label of a proposal."""

from collections.abc import Sequence

from twins.forecasts.exposure import Attainment, Window
from twins.forecasts.forecast import Attained, DayExposure
from twins.pharmacology.regimen import Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Route
from twins.quantities.unit import readable

_WORTH_SAYING = 0.10
"""A chance of too little, or a later rise of the chance of too much, is put into the sentence from here on."""
_ABBREVIATION = 3
"""Names of outputs up to this length are abbreviations."""
_NAMES = {
    Metric.AUC24: "an AUC24",
    Metric.AUC: "an AUC",
    Metric.TROUGH: "a trough",
    Metric.PEAK: "a peak",
    Metric.AVERAGE: "an average concentration",
    Metric.RATIO: "an AUC24/MIC",
}


def percent(share: float) -> str:
    """``78 %``; never 0 or 100 %, which a number of draws cannot say."""
    if share < 0.01:
        return "under 1 %"
    if share > 0.99:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def sentence(window: Window, headline: Attainment | Attained, table: Sequence[DayExposure], target: Target) -> str:
    """``78 % chance of an AUC24 of 400–600 mg·h/L on day 2, 3 % chance above 600.``"""
    words = f"{percent(headline.p_in_target)} chance {_aim(target)} {_when(window, target)}"
    if target.has_limit and not _is_most(target):
        words += f", {percent(headline.p_above)} chance above {target.high:g}"
    if headline.p_below >= _WORTH_SAYING and target.low > 0 and target.metric is not Metric.TIME_ABOVE:
        words += f", {percent(headline.p_below)} below {target.low:g}"
    last = table[-1] if table else None
    one_day = window.to_h - window.from_h == 24.0
    if target.has_limit and one_day and last is not None and last.p_above >= headline.p_above + _WORTH_SAYING:
        words += f"; the chance above {target.high:g} rises to {percent(last.p_above)} on day {len(table)}"
    return words + "."


def _aim(target: Target) -> str:
    if target.metric is Metric.TIME_ABOVE:
        which = "unbound " if target.unbound != 1.0 else ""
        share = target.low if target.unit == "%" else 100.0 * target.low
        return f"that the {which}concentration is above {target.threshold:g} for at least {share:g} % of the time"
    if target.metric is Metric.TIME_IN_RANGE:
        return f"that a moment's {target.output.replace('_', ' ') or 'concentration'} is {_span(target, target.unit)}"
    return f"of {_NAMES.get(target.metric) or _output(target)} of {_span(target, target.unit)}"


def _output(target: Target) -> str:
    """``INR`` for an output of that name; ``an effect`` where it has none."""
    name = target.output.replace("_", " ")
    return name.upper() if 0 < len(name) <= _ABBREVIATION else name or "an effect"


def _span(target: Target, unit: str) -> str:
    words = readable(unit)
    behind = f" {words}" if words not in ("", "%", _output(target)) else ""
    if not target.has_limit:
        return f"at least {target.low:g}{behind}"
    if _is_most(target):
        return f"at most {target.high:g}{behind}"
    return f"{target.low:g}–{target.high:g}{behind}"


def _is_most(target: Target) -> bool:
    return target.low <= 0 and target.metric not in (Metric.TIME_ABOVE, Metric.TIME_IN_RANGE)


def _when(window: Window, target: Target) -> str:
    if target.metric is Metric.EFFECT:
        return f"at {window.to_h:g} h"
    if target.metric is Metric.AUC:
        return f"over {window.to_h:g} h"
    averaged = target.metric in (Metric.AUC24, Metric.AVERAGE, Metric.RATIO)
    return (
        window.words if averaged else window.words.replace("on average over", "on").replace("on average from", "from")
    )


def label(regimen: Regimen, hold_h: float = 0.0) -> str:
    """``1000 mg every 12 h``, with its first dose, its way in, or the wait before it where there is one."""
    way = "" if regimen.route is Route.INTRAVENOUS else f" {regimen.way}"
    words = f"{regimen.amount_mg:g} mg{way} every {regimen.interval_h:g} h"
    if regimen.continuous:
        words = f"{regimen.amount_mg:g} mg per {regimen.interval_h:g} h, continuously"
    if regimen.loading_mg is not None:
        words += f", first {regimen.loading_mg:g} mg"
    return f"Hold {hold_h:g} h, then {words}" if hold_h else words
