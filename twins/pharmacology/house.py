"""A hospital's own limits within the published ones: it may be stricter than its formulary, never laxer."""

import math
from dataclasses import dataclass, fields, replace

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ANY, MEASURED, Sentence

_FROM = Sentence("from {low:g}", low=MEASURED)
_RANGE = Sentence("{low:g}–{high:g}", low=MEASURED, high=MEASURED)
_NO_TARGET = Sentence("low and high: {drug} has no published target to lie within; leave them empty", drug=ANY)
_PRACTICE = Sentence("{house}. As published: {published}", house=ANY, published=ANY)
_BELOW_RANGE = Sentence(
    "low is {low:g} {unit}; the published range begins at {least:g}, go no lower", low=MEASURED, least=MEASURED
)
_NO_UPPER_LIMIT = Sentence(
    "high is {high:g} {unit}; the published target has no upper limit, leave it empty", high=MEASURED
)
_ABOVE_RANGE = Sentence(
    "high is {high:g} {unit}; the published range ends at {most:g}, go no higher", high=MEASURED, most=MEASURED
)
_NO_SHARE = Sentence("low is {low:g}; it is a share of the time, give at most 1")
_NOTHING_BETWEEN = Sentence(
    "low is {low:g} and high is {high:g} {unit}; give a low below the high", low=MEASURED, high=MEASURED
)
_NAME = Sentence("{published}, here {here}", published=ANY, here=(_FROM, _RANGE))
_SOURCE = Sentence("{house}, within {published}", house=ANY)
_NOT_LESS = Sentence("{field} is {value:g} {unit}; give more than 0 and at most the published {most:g}")
_INTERVALS = Sentence("intervals_h is {intervals}; choose one or more of {known}")
_LESS_THAN_ONE_DOSE = Sentence("max_mg is {amount:g} mg; the least dose is {least:g}, give no less")
_NO_MULTIPLE = Sentence("max_mg is {amount:g} mg; give a multiple of {step:g}")
_TOO_LITTLE_A_DAY = Sentence(
    "max_daily_mg is {amount:g} mg; the least dose at the longest interval makes {least:g}, give at least that"
)
_TOO_SLOW = Sentence(
    "max_rate_mg_per_h is {rate:g} mg/h; the least dose would take longer than the shortest interval, give a higher "
    "rate"
)


class HouseLimitsError(ValueError):
    """A limit that lies outside the published one or leaves nothing to give; names the field, the value, the remedy."""


@dataclass(frozen=True, slots=True)
class HouseLimits:
    """What a hospital sets for one drug; None: as published. All None: everything as published.

    Parameters
    ----------
    low, high : float
        Of the drug's first target, in the target's unit.
    max_mg, max_daily_mg : float
        In one dose, and in a day.
    max_rate_mg_per_h : float
    intervals_h : tuple of float
        Those that may be chosen, h.
    """

    low: float | None = None
    high: float | None = None
    max_mg: float | None = None
    max_daily_mg: float | None = None
    max_rate_mg_per_h: float | None = None
    intervals_h: tuple[float, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return all(getattr(self, field.name) is None for field in fields(self))


def within(drug: Drug, limits: HouseLimits, *, name: str) -> Drug:
    """The drug under the house's limits; `name` says in the target's and the practice's source whose they are.

    Raises
    ------
    HouseLimitsError
        A limit lies outside the published one, or leaves nothing to aim at or to give.
    """
    changes: dict[str, object] = {}
    if limits.low is not None or limits.high is not None:
        if not drug.targets:
            raise HouseLimitsError(_NO_TARGET(drug=drug.title))
        changes["targets"] = (_target(drug.targets[0], limits, name), *drug.targets[1:])
    practice = _practice(drug.practice, limits)
    if practice != drug.practice:
        changes["practice"] = replace(practice, source=_PRACTICE(house=name, published=practice.source))
    return replace(drug, **changes)  # type: ignore[arg-type]


def _target(published: Target, limits: HouseLimits, name: str) -> Target:
    low = published.low if limits.low is None else limits.low
    high = published.high if limits.high is None else limits.high
    unit = published.unit
    if not (math.isfinite(low) and published.low <= low):
        raise HouseLimitsError(_BELOW_RANGE(low=low, unit=unit, least=published.low))
    if limits.high is not None and not published.has_limit:
        raise HouseLimitsError(_NO_UPPER_LIMIT(high=high, unit=unit))
    if not high <= published.high:
        raise HouseLimitsError(_ABOVE_RANGE(high=high, unit=unit, most=published.high))
    if published.metric in (Metric.TIME_ABOVE, Metric.TIME_IN_RANGE) and low > 1.0:
        raise HouseLimitsError(_NO_SHARE(low=low))
    if not low < high:
        raise HouseLimitsError(_NOTHING_BETWEEN(low=low, high=high, unit=unit))
    here = _RANGE(low=low, high=high) if published.has_limit else _FROM(low=low)
    return replace(
        published,
        name=_NAME(published=published.name, here=here),
        low=low,
        high=high,
        source=_SOURCE(house=name, published=published.source),
    )


def _practice(published: Practice, limits: HouseLimits) -> Practice:
    if replace(limits, low=None, high=None).is_empty:
        return published
    for field, unit in (("max_mg", "mg"), ("max_daily_mg", "mg"), ("max_rate_mg_per_h", "mg/h")):
        value, most = getattr(limits, field), getattr(published, field)
        if value is not None and not 0 < value <= most:
            raise HouseLimitsError(_NOT_LESS(field=field, value=value, unit=unit, most=most))
    intervals = published.intervals_h
    if limits.intervals_h is not None:
        unknown = [hours for hours in limits.intervals_h if hours not in published.intervals_h]
        if unknown or not limits.intervals_h:
            known = ", ".join(f"{hours:g}" for hours in published.intervals_h)
            raise HouseLimitsError(_INTERVALS(intervals=limits.intervals_h, known=known))
        intervals = tuple(sorted(set(limits.intervals_h)))
    found = replace(
        published,
        max_mg=limits.max_mg or published.max_mg,
        max_daily_mg=limits.max_daily_mg or published.max_daily_mg,
        max_rate_mg_per_h=limits.max_rate_mg_per_h or published.max_rate_mg_per_h,
        intervals_h=intervals,
    )
    if found.max_mg < published.min_mg:
        raise HouseLimitsError(_LESS_THAN_ONE_DOSE(amount=found.max_mg, least=published.min_mg))
    steps = found.max_mg / published.step_mg
    if limits.max_mg is not None and not math.isclose(steps, round(steps)):
        raise HouseLimitsError(_NO_MULTIPLE(amount=found.max_mg, step=published.step_mg))
    least_daily = published.min_mg * 24.0 / max(found.intervals_h)
    if found.max_daily_mg < least_daily:
        raise HouseLimitsError(_TOO_LITTLE_A_DAY(amount=found.max_daily_mg, least=least_daily))
    if published.min_mg / found.max_rate_mg_per_h > min(found.intervals_h):
        raise HouseLimitsError(_TOO_SLOW(rate=found.max_rate_mg_per_h))
    return found
