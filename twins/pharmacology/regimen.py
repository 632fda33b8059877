"""What could be given: a regimen, a plan that a comparison shows, and the doses they stand for."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twins.quantities.dose import Dose, Route
from twins.quantities.sentence import ANY, NOTHING, Sentence, names
from twins.samples.course import Course

LATE_DOSE_H = 2.0
"""House setting: how late a dose may be and still be expected."""
SHORTEST_INTERVAL_H = 4.0
"""House setting: doses closer than this are not read as a regimen."""


_WAYS = {
    Route.INTRAVENOUS: "into a vein",
    Route.ORAL: "by mouth",
    Route.RECTAL: "rectally",
    Route.SUBCUTANEOUS: "under the skin",
    Route.INTRAMUSCULAR: "into a muscle",
}


WAYS = names(*_WAYS.values())


def way(route: Route) -> str:
    """How a dose goes in, in words: ``by mouth``."""
    return _WAYS[route]


_BOLUS = Sentence(" as a bolus")
_OVER = Sentence(" over {hours:g} h")
_LENGTH = Sentence(" over {hours:.3g} h")
_BY = Sentence(" {way}", way=WAYS)
_BY_OVER = Sentence(" {way} over {hours:g} h", way=WAYS)
_FIRST = Sentence(", first {amount:g} mg{over}", over=(_LENGTH, NOTHING))
SCHEME = Sentence(
    "{amount:g} mg{infused} every {interval:g} h{first}",
    infused=(_BOLUS, _OVER, _BY_OVER, _BY),
    first=(_FIRST, NOTHING),
)
"""How a regimen reads, whole or inside another sentence."""
NO_DOSES = Sentence("no further doses")
CURRENT, *_ = names("Current", "Stop", "As signed", "Draft order")
"""Labels of plans."""
TITLE = Sentence("{label}: {plan}", label=ANY, plan=ANY)


_NOT_POSITIVE = Sentence("{name} is {value}; give a positive number")
_TOO_LONG = Sentence("duration_h is {duration}; give 0 for a bolus, or at most the interval of {interval} h")
_NO_START = Sentence("start_h is {start}; give hours since the course's start")
_NO_LOADING = Sentence("loading_mg is {amount}; give a positive amount or leave it out")
_NO_LOADING_LENGTH = Sentence(
    "loading_h is {hours}; give the length of a loading dose that is given, at most the interval"
)
_LOADING_LENGTH_MISSING = Sentence("loading_h is missing; a loading dose before a continuous infusion needs its length")
_NOT_INFUSED = Sentence("duration_h is {duration:g}; a dose {way} is not infused: give 0 or another route", way=WAYS)


class RegimenError(ValueError):
    """A regimen that cannot be given; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Regimen:
    """`amount_mg` infused over `duration_h` every `interval_h`, first at `start_h` hours since the course's start.

    A `loading_mg`, if any, replaces the first amount and is infused at the same rate, or over `loading_h` where that is
    given. An infusion as long as its interval is a continuous one; its loading dose goes before it and needs
    `loading_h`. By mouth there is no infusion: `duration_h` is 0.
    """

    amount_mg: float
    interval_h: float
    duration_h: float
    start_h: float
    loading_mg: float | None = None
    route: Route = Route.INTRAVENOUS
    loading_h: float | None = None

    def __post_init__(self) -> None:
        for name in ("amount_mg", "interval_h"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise RegimenError(_NOT_POSITIVE(name=name, value=value))
        if not (math.isfinite(self.duration_h) and 0 <= self.duration_h <= self.interval_h):
            raise RegimenError(_TOO_LONG(duration=self.duration_h, interval=self.interval_h))
        if not math.isfinite(self.start_h):
            raise RegimenError(_NO_START(start=self.start_h))
        if self.loading_mg is not None and not (math.isfinite(self.loading_mg) and self.loading_mg > 0):
            raise RegimenError(_NO_LOADING(amount=self.loading_mg))
        if self.loading_h is not None and not (
            self.loading_mg is not None and math.isfinite(self.loading_h) and 0 <= self.loading_h <= self.interval_h
        ):
            raise RegimenError(_NO_LOADING_LENGTH(hours=self.loading_h))
        if self.continuous and self.loading_mg is not None and self.loading_h is None:
            raise RegimenError(_LOADING_LENGTH_MISSING())
        if (self.duration_h or self.loading_h) and self.route in (Route.ORAL, Route.RECTAL):
            raise RegimenError(_NOT_INFUSED(duration=self.duration_h, way=self.way))

    @property
    def continuous(self) -> bool:
        """Whether one infusion follows the other without a pause."""
        return self.duration_h == self.interval_h

    @property
    def way(self) -> str:
        """How it goes in, in words: ``by mouth``."""
        return way(self.route)

    @property
    def daily_mg(self) -> float:
        return self.amount_mg * 24.0 / self.interval_h

    def doses(self, until_h: float) -> tuple[Dose, ...]:
        """The doses that start in [start_h, until_h), in order of time."""
        begin = self.start_h
        given = []
        if self.loading_mg is not None and begin < until_h - 1e-9:
            given.append(Dose(begin, self.loading_mg, self._loading_length, self.route))
            begin += self._loading_length if self.continuous else self.interval_h
        count = max(0, math.ceil((until_h - begin) / self.interval_h - 1e-9))
        for k in range(count):
            given.append(Dose(begin + k * self.interval_h, self.amount_mg, self.duration_h, self.route))
        return tuple(given)

    @property
    def _loading_length(self) -> float:
        if self.loading_mg is None or self.loading_h is not None:
            return self.loading_h or 0.0
        return self.duration_h * self.loading_mg / self.amount_mg

    def sentence(self) -> str:
        """In words: ``1250 mg over 1.5 h every 12 h``, ``5 mg by mouth every 12 h``."""
        if self.route is Route.INTRAVENOUS:
            infused = _OVER(hours=self.duration_h) if self.duration_h else _BOLUS()
        else:
            infused = (_BY_OVER if self.duration_h else _BY)(way=self.way, hours=self.duration_h)
        first = ""
        if self.loading_mg is not None:
            length = self._loading_length
            first = _FIRST(amount=self.loading_mg, over=_LENGTH(hours=length) if length else "")
        return SCHEME(amount=self.amount_mg, infused=infused, interval=self.interval_h, first=first)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the intravenous route is left out, as in records from before there were others."""
        data = {**asdict(self), "route": str(self.route)}
        if self.route is Route.INTRAVENOUS:
            del data["route"]
        if self.loading_h is None:
            del data["loading_h"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Regimen":
        return cls(**{**data, "route": Route(data.get("route", Route.INTRAVENOUS))})


@dataclass(frozen=True, slots=True)
class Plan:
    """One choice of a comparison: a label and a regimen, or None for no further doses."""

    label: str
    regimen: Regimen | None

    def sentence(self) -> str:
        return self.regimen.sentence() if self.regimen else NO_DOSES()

    def to_json(self) -> dict[str, Any]:
        return {"label": self.label, "regimen": self.regimen.to_json() if self.regimen else None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        return cls(data["label"], Regimen.from_json(data["regimen"]) if data["regimen"] else None)


def current_plan(course: Course) -> Plan | None:
    """The plan in force at the course's end, or None where nothing was ordered and nothing was given.

    The running order says how much and how often; the last dose given says when the next one is due. Without an order
    the last two doses given are read as the regimen; doses closer than `SHORTEST_INTERVAL_H` are taken as parts of one
    and tell no interval. An infusion is never longer than its interval. Where an order does not say its way in, that of
    the last dose given is taken, else the vein.
    """
    running = [
        order
        for order in course.orders
        if order.start_h <= course.until_h and (order.end_h is None or order.end_h > course.until_h)
    ]
    given = [dose for dose in course.doses if dose.start_h <= course.until_h]
    last = given[-1] if given else None
    route = last.route if last is not None else Route.INTRAVENOUS
    if running:
        order = max(running, key=lambda o: o.start_h)
        follows = last is not None and last.start_h >= order.start_h
        due = last.start_h + order.interval_h if last is not None and follows else order.start_h
        way = order.route or route
        return Plan(CURRENT(), _from(order.amount_mg, order.interval_h, order.duration_h, due, course.until_h, way))
    if course.orders:
        return Plan(CURRENT(), None)
    earlier = [dose for dose in given if last is not None and last.start_h - dose.start_h >= SHORTEST_INTERVAL_H]
    if last is not None and earlier:
        interval = last.start_h - earlier[-1].start_h
        due = last.start_h + interval
        return Plan(CURRENT(), _from(last.amount_mg, interval, last.duration_h, due, course.until_h, route))
    return None


def _from(amount_mg: float, interval_h: float, duration_h: float, due_h: float, now_h: float, route: Route) -> Regimen:
    """The regimen from its next dose: one that is a little late is given now, one that was missed is not made up for.

    "A little" is a quarter of the interval and at most `LATE_DOSE_H`, the time in which a dose given may not yet be
    charted.
    """
    duration_h = 0.0 if route in (Route.ORAL, Route.RECTAL) else min(duration_h, interval_h)
    if 0 < now_h - due_h <= min(LATE_DOSE_H, interval_h / 4):
        return Regimen(amount_mg, interval_h, duration_h, now_h, route=route)
    missed = max(0, math.ceil((now_h - due_h) / interval_h - 1e-9))
    return Regimen(amount_mg, interval_h, duration_h, due_h + missed * interval_h, route=route)
