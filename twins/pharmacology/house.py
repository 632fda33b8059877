"""A hospital's own limits within the published ones: it may be stricter than its formulary, never laxer."""

import math
from dataclasses import dataclass, fields, replace

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.target import Metric, Target


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
            raise HouseLimitsError(
                f"low and high: {drug.title} has no published target to lie within; leave them empty"
            )
        changes["targets"] = (_target(drug.targets[0], limits, name), *drug.targets[1:])
    practice = _practice(drug.practice, limits)
    if practice != drug.practice:
        changes["practice"] = replace(practice, source=f"{name}. As published: {practice.source}")
    return replace(drug, **changes)  # type: ignore[arg-type]


def _target(published: Target, limits: HouseLimits, name: str) -> Target:
    low = published.low if limits.low is None else limits.low
    high = published.high if limits.high is None else limits.high
    unit = published.unit
    if not (math.isfinite(low) and published.low <= low):
        raise HouseLimitsError(f"low is {low:g} {unit}; the published range begins at {published.low:g}, go no lower")
    if limits.high is not None and not published.has_limit:
        raise HouseLimitsError(f"high is {high:g} {unit}; the published target has no upper limit, leave it empty")
    if not high <= published.high:
        raise HouseLimitsError(f"high is {high:g} {unit}; the published range ends at {published.high:g}, go no higher")
    if published.metric in (Metric.TIME_ABOVE, Metric.TIME_IN_RANGE) and low > 1.0:
        raise HouseLimitsError(f"low is {low:g}; it is a share of the time, give at most 1")
    if not low < high:
        raise HouseLimitsError(f"low is {low:g} and high is {high:g} {unit}; give a low below the high")
    here = f"{low:g}–{high:g}" if published.has_limit else f"from {low:g}"
    return replace(
        published,
        name=f"{published.name}, here {here}",
        low=low,
        high=high,
        source=f"{name}, within {published.source}",
    )


def _practice(published: Practice, limits: HouseLimits) -> Practice:
    if replace(limits, low=None, high=None).is_empty:
        return published
    for field, unit in (("max_mg", "mg"), ("max_daily_mg", "mg"), ("max_rate_mg_per_h", "mg/h")):
        value, most = getattr(limits, field), getattr(published, field)
        if value is not None and not 0 < value <= most:
            raise HouseLimitsError(f"{field} is {value:g} {unit}; give more than 0 and at most the published {most:g}")
    intervals = published.intervals_h
    if limits.intervals_h is not None:
        unknown = [hours for hours in limits.intervals_h if hours not in published.intervals_h]
        if unknown or not limits.intervals_h:
            known = ", ".join(f"{hours:g}" for hours in published.intervals_h)
            raise HouseLimitsError(f"intervals_h is {limits.intervals_h}; choose one or more of {known}")
        intervals = tuple(sorted(set(limits.intervals_h)))
    found = replace(
        published,
        max_mg=limits.max_mg or published.max_mg,
        max_daily_mg=limits.max_daily_mg or published.max_daily_mg,
        max_rate_mg_per_h=limits.max_rate_mg_per_h or published.max_rate_mg_per_h,
        intervals_h=intervals,
    )
    if found.max_mg < published.min_mg:
        raise HouseLimitsError(f"max_mg is {found.max_mg:g} mg; the least dose is {published.min_mg:g}, give no less")
    steps = found.max_mg / published.step_mg
    if limits.max_mg is not None and not math.isclose(steps, round(steps)):
        raise HouseLimitsError(f"max_mg is {found.max_mg:g} mg; give a multiple of {published.step_mg:g}")
    least_daily = published.min_mg * 24.0 / max(found.intervals_h)
    if found.max_daily_mg < least_daily:
        raise HouseLimitsError(
            f"max_daily_mg is {found.max_daily_mg:g} mg; the least dose at the longest interval makes {least_daily:g}, "
            "give at least that"
        )
    if published.min_mg / found.max_rate_mg_per_h > min(found.intervals_h):
        raise HouseLimitsError(
            f"max_rate_mg_per_h is {found.max_rate_mg_per_h:g} mg/h; the least dose would take longer than the "
            "shortest interval, give a higher rate"
        )
    return found
