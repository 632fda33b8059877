"""The plain sentence of a plan, and the short label of a proposal."""

from collections.abc import Sequence

from twins.forecasts.exposure import WINDOWS, Attainment, Window
from twins.forecasts.forecast import Attained, DayExposure
from twins.pharmacology.regimen import WAYS, Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Route
from twins.quantities.sentence import ANY, MEASURED, MIC, NOTHING, Sentence, names
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


_UNDER, _OVER, _PERCENT = Sentence("under 1 %"), Sentence("over 99 %"), Sentence("{share:.0f} %")
CHANCE = (_UNDER, _OVER, _PERCENT)
"""What `percent` says."""
_UNIT = (Sentence(" {unit}"), NOTHING)
_LEAST = Sentence("at least {low:g}{unit}", low=MEASURED, unit=_UNIT)
_MOST = Sentence("at most {high:g}{unit}", high=MEASURED, unit=_UNIT)
_BETWEEN = Sentence("{low:g}–{high:g}{unit}", low=MEASURED, high=MEASURED, unit=_UNIT)
_SPAN = (_LEAST, _MOST, _BETWEEN)
_TIME = Sentence(
    "that the concentration is above {threshold:g}{unit} for at least {share:g} % of the time",
    threshold=MIC,
    unit=_UNIT,
)
_UNBOUND = Sentence(
    "that the unbound concentration is above {threshold:g}{unit} for at least {share:g} % of the time",
    threshold=MIC,
    unit=_UNIT,
)
_MOMENT = Sentence("that a moment's {output} is {span}", output=ANY, span=_SPAN)
_VALUE = Sentence("of {what} of {span}", what=ANY, span=_SPAN)
_KNOWN = names(*_NAMES.values(), "an effect", "concentration", "bispectral index")
_AT, _WITHIN = Sentence("at {hours:g} h"), Sentence("over {hours:g} h")
_ABOVE = Sentence(", {chance} chance above {high:g}", chance=CHANCE, high=MEASURED)
_BELOW = Sentence(", {chance} below {low:g}", chance=CHANCE, low=MEASURED)
_RISES = Sentence("; the chance above {high:g} rises to {chance} on day {day:d}", chance=CHANCE, high=MEASURED)
_SAID = Sentence(
    "{chance} chance {aim} {when}{above}{below}{rises}.",
    chance=CHANCE,
    aim=(_TIME, _UNBOUND, _MOMENT, _VALUE),
    when=(*WINDOWS, _AT, _WITHIN),
    above=(_ABOVE, NOTHING),
    below=(_BELOW, NOTHING),
    rises=(_RISES, NOTHING),
)
_SCHEME = Sentence("{amount:g} mg every {interval:g} h")
_BY = Sentence("{amount:g} mg {way} every {interval:g} h", way=WAYS)
_CONTINUOUS = Sentence("{amount:g} mg per {interval:g} h, continuously")
_FIRST = Sentence("{scheme}, first {loading:g} mg", scheme=(_SCHEME, _BY, _CONTINUOUS))
_HOLD = Sentence("Hold {hold:g} h, then {scheme}", scheme=ANY)


def percent(share: float) -> str:
    """``78 %``; never 0 or 100 %, which a number of draws cannot say."""
    if share < 0.01:
        return _UNDER()
    if share > 0.99:
        return _OVER()
    return _PERCENT(share=100 * share)


def sentence(window: Window, headline: Attainment | Attained, table: Sequence[DayExposure], target: Target) -> str:
    """``78 % chance of an AUC24 of 400–600 mg·h/L on day 2, 3 % chance above 600.``"""
    above = below = rises = ""
    if target.has_limit and not _is_most(target):
        above = _ABOVE(chance=percent(headline.p_above), high=target.high)
    if headline.p_below >= _WORTH_SAYING and target.has_floor and target.metric is not Metric.TIME_ABOVE:
        below = _BELOW(chance=percent(headline.p_below), low=target.low)
    last = table[-1] if table else None
    one_day = window.to_h - window.from_h == 24.0
    if target.has_limit and one_day and last is not None and last.p_above >= headline.p_above + _WORTH_SAYING:
        rises = _RISES(high=target.high, chance=percent(last.p_above), day=len(table))
    return _SAID(
        chance=percent(headline.p_in_target),
        aim=_aim(target),
        when=_when(window, target),
        above=above,
        below=below,
        rises=rises,
    )


def _aim(target: Target) -> str:
    if target.metric is Metric.TIME_ABOVE:
        share = target.low if target.unit == "%" else 100.0 * target.low
        return (_UNBOUND if target.unbound != 1.0 else _TIME)(threshold=target.threshold, unit="", share=share)
    span = _span(target, target.unit)
    if target.metric is Metric.TIME_IN_RANGE:
        return _MOMENT(output=target.output.replace("_", " ") or "concentration", span=span)
    return _VALUE(what=_NAMES.get(target.metric) or _output(target), span=span)


def _output(target: Target) -> str:
    """``INR`` for an output of that name; ``an effect`` where it has none."""
    name = target.output.replace("_", " ")
    return name.upper() if 0 < len(name) <= _ABBREVIATION else name or "an effect"


def _span(target: Target, unit: str) -> str:
    words = readable(unit)
    behind = f" {words}" if words not in ("", "%", _output(target)) else ""
    if not target.has_limit:
        return _LEAST(low=target.low, unit=behind)
    if _is_most(target):
        return _MOST(high=target.high, unit=behind)
    return _BETWEEN(low=target.low, high=target.high, unit=behind)


def _is_most(target: Target) -> bool:
    return not target.has_floor and target.metric not in (Metric.TIME_ABOVE, Metric.TIME_IN_RANGE)


def _when(window: Window, target: Target) -> str:
    if target.metric is Metric.EFFECT:
        return _AT(hours=window.to_h)
    if target.metric is Metric.AUC:
        return _WITHIN(hours=window.to_h)
    return window.said(averaged=target.metric in (Metric.AUC24, Metric.AVERAGE, Metric.RATIO))


def label(regimen: Regimen, hold_h: float = 0.0) -> str:
    """``1000 mg every 12 h``, with its first dose, its way in, or the wait before it where there is one."""
    scheme = _SCHEME if regimen.route is Route.INTRAVENOUS else _BY
    if regimen.continuous:
        scheme = _CONTINUOUS
    words = scheme(amount=regimen.amount_mg, way=regimen.way, interval=regimen.interval_h)
    if regimen.loading_mg is not None:
        words = _FIRST(scheme=words, loading=regimen.loading_mg)
    return _HOLD(hold=hold_h, scheme=words) if hold_h else words
