"""`Limits`: what can be given in practice, as amounts, intervals and lengths to choose from, and why not others."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from twins.pharmacology.drug import Practice
from twins.quantities.dose import Route
from twins.quantities.sentence import Sentence

DAY_H = 24.0
SHORTEST_H = 1.0
"""House setting: no infusion is proposed to be shorter."""
_LARGEST = Sentence("the largest dose of {amount:g} mg")
_SMALLEST = Sentence("the smallest dose of {amount:g} mg")
_DAILY = Sentence("the most in a day, {amount:g} mg")
_FASTEST = Sentence("the fastest infusion, {rate:g} mg/h")
_STEPS, _SIZES = Sentence("steps of {step:g} mg"), Sentence("the sizes of the product")
_FACTORS = (0.25, 0.5, 1.5, 2.0, 3.0)
_MOST_PIECES = 8
"""Tablets or vials that one dose is put together from, at most."""


_NO_NUMBER = Sentence("{name} are {values}; give at least one positive number")
_NO_SUM = Sentence("no sum of sizes {sizes} mg lies from {low:g} to {high:g} mg; give other sizes")


class LimitsError(ValueError):
    """Limits that leave nothing to choose from; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a product and a ward allow.

    Parameters
    ----------
    amounts_mg
        Every amount that can be given at once, ascending.
    intervals_h
        Every interval that a ward keeps.
    max_daily_mg, max_rate_mg_per_h
        Limits of a day's amount and of an infusion's rate.
    step_mg
        Between amounts, in words for the reader; 0 where a product's sizes make them.
    lengths_h
        Lengths of infusion to try besides the shortest that the rate allows (extended infusions).
    continuous
        Whether one infusion after the other without a pause is tried, too.
    route
        By mouth, lengths and rates have no meaning.
    """

    amounts_mg: tuple[float, ...]
    intervals_h: tuple[float, ...]
    max_daily_mg: float = math.inf
    max_rate_mg_per_h: float = math.inf
    step_mg: float = 0.0
    lengths_h: tuple[float, ...] = ()
    continuous: bool = False
    shortest_h: float = SHORTEST_H
    route: Route = Route.INTRAVENOUS

    def __post_init__(self) -> None:
        for name in ("amounts_mg", "intervals_h"):
            values = getattr(self, name)
            if not values or not all(math.isfinite(value) and value > 0 for value in values):
                raise LimitsError(_NO_NUMBER(name=name, values=values))

    @classmethod
    def of(
        cls,
        practice: Practice,
        *,
        route: Route = Route.INTRAVENOUS,
        sizes_mg: tuple[float, ...] = (),
        lengths_h: tuple[float, ...] = (),
        continuous: bool = False,
    ) -> "Limits":
        """Those of a drug's practice.

        Parameters
        ----------
        sizes_mg
            Of the tablets or vials there are: an amount is then put together from whole ones, at most eight of them,
            within the practice's smallest and largest dose. Without it amounts go by the practice's steps.
        lengths_h, continuous
            Extended and continuous infusions to try.
        """
        if sizes_mg:
            amounts = tuple(_sums(sizes_mg, practice.min_mg, practice.max_mg))
            step = 0.0
        else:
            step = practice.step_mg
            count = int(practice.max_mg // step)
            amounts = tuple(k * step for k in range(1, count + 1) if k * step >= practice.min_mg)
        if not amounts:
            raise LimitsError(_NO_SUM(sizes=sizes_mg or (step,), low=practice.min_mg, high=practice.max_mg))
        return cls(
            amounts_mg=amounts,
            intervals_h=practice.intervals_h,
            max_daily_mg=practice.max_daily_mg,
            max_rate_mg_per_h=practice.max_rate_mg_per_h,
            step_mg=step,
            lengths_h=lengths_h if route is Route.INTRAVENOUS else (),
            continuous=continuous and route is Route.INTRAVENOUS,
            route=route,
        )

    @property
    def infused(self) -> bool:
        return self.route is Route.INTRAVENOUS

    def shortest(self, amount_mg: float) -> float:
        """Length of the shortest infusion of an amount, h: in half hours, no faster than the rate; 0 by mouth."""
        if not self.infused:
            return 0.0
        return max(self.shortest_h, math.ceil(2.0 * amount_mg / self.max_rate_mg_per_h - 1e-9) / 2.0)

    def lengths(self, amount_mg: float, interval_h: float) -> Iterator[float]:
        """Lengths of infusion to try: the shortest first."""
        shortest = self.shortest(amount_mg)
        yield shortest
        further = {length for length in self.lengths_h if shortest < length <= interval_h}
        if self.continuous and shortest < interval_h:
            further.add(interval_h)
        yield from sorted(further)

    def refusal(self, amount_mg: float, interval_h: float, length_h: float) -> str:
        """Which limit speaks against this dose; empty where none does."""
        if amount_mg > self.amounts_mg[-1] * (1.0 + 1e-9):
            return _LARGEST(amount=self.amounts_mg[-1])
        if amount_mg < self.amounts_mg[0] * (1.0 - 1e-9):
            return _SMALLEST(amount=self.amounts_mg[0])
        if amount_mg * DAY_H / interval_h > self.max_daily_mg:
            return _DAILY(amount=self.max_daily_mg)
        if self.infused and (length_h > interval_h or amount_mg / length_h > self.max_rate_mg_per_h * (1.0 + 1e-9)):
            return _FASTEST(rate=self.max_rate_mg_per_h)
        if not any(math.isclose(amount_mg, known) for known in self.amounts_mg):
            return _STEPS(step=self.step_mg) if self.step_mg else _SIZES()
        return ""

    def probes(self, amount_mg: float) -> tuple[float, ...]:
        """What else could be given if nothing stood against it: between two amounts, and well beyond the ends."""
        place = min(range(len(self.amounts_mg)), key=lambda k: abs(self.amounts_mg[k] - amount_mg))
        below, above = self.amounts_mg[max(place - 1, 0)], self.amounts_mg[min(place + 1, len(self.amounts_mg) - 1)]
        between = {0.5 * (below + amount_mg), 0.5 * (amount_mg + above)} - {amount_mg}
        step = self.step_mg or self.amounts_mg[0]
        beyond = {step * max(1.0, round(factor * amount_mg / step)) for factor in _FACTORS}
        beyond |= {factor * amount_mg for factor in _FACTORS if factor * amount_mg < self.amounts_mg[0]}
        return (*sorted(between), *sorted(beyond - {amount_mg}))

    def odd_intervals(self, interval_h: float) -> tuple[float, ...]:
        """Between an interval and its neighbours: what could be kept if the ward kept other hours."""
        kept = sorted(self.intervals_h)
        place = min(range(len(kept)), key=lambda k: abs(kept[k] - interval_h))
        neighbours = (kept[max(place - 1, 0)], kept[min(place + 1, len(kept) - 1)])
        return tuple(sorted({0.5 * (interval_h + other) for other in neighbours} - {interval_h}))

    def next_amount(self, amount_mg: float) -> float | None:
        """The next larger amount that can be given at once, or None."""
        return next((known for known in self.amounts_mg if known > amount_mg * (1.0 + 1e-9)), None)


def _sums(sizes_mg: tuple[float, ...], low_mg: float, high_mg: float) -> list[float]:
    """Ascending sums of at most `_MOST_PIECES` sizes from low to high."""
    found = {0.0}
    for _ in range(_MOST_PIECES):
        found |= {round(total + size, 6) for total in found for size in sizes_mg if total + size <= high_mg + 1e-9}
    return sorted(total for total in found if total >= low_mg - 1e-9 and total > 0)
