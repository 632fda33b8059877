"""One plain record, a tuple or a dict with units in its names, as the dose, level, session or covariate it means."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from twins.quantities.clock import hours_between
from twins.quantities.dose import Dose, Modelled, Route, SteadyState
from twins.samples.course import CourseError, CovariateValue, DialysisSession, Level

Moment = float | int | str | datetime
"""Hours since the course's start, or an instant: a datetime with a zone, or its ISO text."""
Record = Mapping[str, Any] | Sequence[Any]

FACTORS: Mapping[str, Mapping[str, float]] = {
    "time_h": {"time_h": 1.0, "time_min": 1 / 60, "time_days": 24.0},
    "amount_mg": {"amount_mg": 1.0, "amount_g": 1000.0, "amount_ug": 1e-3},
    "duration_h": {"duration_h": 1.0, "duration_min": 1 / 60},
    "interval_h": {"interval_h": 1.0, "interval_days": 24.0},
    "rate_mg_per_h": {"rate_mg_per_h": 1.0, "rate_mg_per_min": 60.0},
    "from_h": {"from_h": 1.0},
    "to_h": {"to_h": 1.0},
    "clearance_l_per_h": {"clearance_l_per_h": 1.0, "clearance_ml_per_min": 0.06},
}
MOST_ADDITIONAL = 100_000
"""House setting: more doses of one series than this are a slip, and would fill the memory."""
_DOSE = ("time_h", "at", "amount_mg", "duration_h", "rate_mg_per_h", "interval_h")
_DOSE_WORDS = ("route", "into", "additional", "steady_state", "modelled", "source")
_LEVEL_WORDS = ("at", "value", "output", "below_limit", "source")
_UNITS: Mapping[str, tuple[str, float]] = {
    "creatinine_umol_per_l": ("creatinine_mg_per_dl", 1 / 88.4),
    "weight_g": ("weight_kg", 1e-3),
    "height_m": ("height_cm", 100.0),
    "age_months": ("age_y", 1 / 12),
    "age_days": ("age_y", 1 / 365.25),
    "albumin_g_per_dl": ("albumin_g_per_l", 10.0),
    "creatinine_clearance_l_per_h": ("creatinine_clearance_ml_per_min", 1000 / 60),
}
_SEXES = {"male": 1.0, "m": 1.0, "female": 0.0, "f": 0.0}


class Clock:
    """Hours since `origin` of whatever says a moment."""

    def __init__(self, origin: datetime) -> None:
        if origin.tzinfo is None:
            raise CourseError(f"start is {origin.isoformat()} without a time zone; give an instant, for example in UTC")
        self._origin = origin

    def hours(self, moment: Moment, field: str) -> float:
        instant = _instant(moment, field)
        return _number(moment, field) if instant is None else hours_between(self._origin, instant)

    def event(self, moment: Moment, field: str) -> float:
        """Of what was done or measured: not before the start, where only covariates may have been charted."""
        hours = self.hours(moment, field)
        if hours < 0.0:
            remedy = (
                "give an earlier start, or none" if isinstance(moment, str | datetime) else "count from the first event"
            )
            raise CourseError(f"{field} is {moment}, which is {-hours:g} h before the course's start; {remedy}")
        return hours


def _instant(moment: Any, field: str) -> datetime | None:
    """The instant that `moment` says, None where it is a number of hours."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise CourseError(
                f"{field} is {moment!r}; give hours, or an instant such as 2026-03-02T08:00+01:00"
            ) from None
    if not isinstance(moment, datetime):
        return None
    if moment.tzinfo is None:
        raise CourseError(f"{field} is {moment.isoformat()} without a time zone; give an instant, for example in UTC")
    return moment


def _number(value: Any, field: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CourseError(f"{field} is {value!r}; give a number") from None


def _whole(value: Any, field: str) -> int:
    number = _number(value, field)
    if not (number.is_integer() and abs(number) <= MOST_ADDITIONAL):
        raise CourseError(f"{field} is {value!r}; give a whole number of doses, at most {MOST_ADDITIONAL}")
    return int(number)


def moments(records: Iterable[tuple[str, Any]]) -> list[Any]:
    """When covariates were charted."""
    return [pair[0] for _, series in records for pair in _pairs(series)]


def first_instant(records: Iterable[Any]) -> datetime | None:
    """The earliest instant among records and moments; None where all count hours."""
    found = []
    for record in records:
        if isinstance(record, Mapping):
            moment = record.get("at")
        elif isinstance(record, Sequence) and not isinstance(record, str):
            moment = record[0] if record else None
        else:
            moment = record
        instant = _instant(moment, "at") if isinstance(moment, str | datetime) else None
        if instant is not None:
            found.append(instant)
    return min(found, default=None)


def known_only(record: Mapping[str, Any], names: Iterable[str], field: str) -> None:
    known = tuple(names)
    for name in record:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise CourseError(f"{field} has {name!r}, which is unknown; did you mean {near!r}?")


def _spellings(*fields: str) -> list[str]:
    return [name for field in fields for name in FACTORS.get(field, {field: 1.0})]


def _take(record: Mapping[str, Any], name: str, field: str) -> float | None:
    """A quantity under any of its names, in the unit of `name`; None where it is not there."""
    there = [spelling for spelling in FACTORS[name] if spelling in record]
    if len(there) > 1:
        raise CourseError(f"{field} has both {there[0]} and {there[1]}; give one")
    return _number(record[there[0]], f"{field}.{there[0]}") * FACTORS[name][there[0]] if there else None


def when(record: Mapping[str, Any], field: str) -> Any:
    hours = _take(record, "time_h", field)
    if (hours is None) == ("at" not in record):
        raise CourseError(f"{field} has {'both time_h and at' if hours is not None else 'no time'}; give time_h or at")
    return record["at"] if hours is None else hours


def dose(record: Record, clock: Clock, field: str) -> Dose:
    if not isinstance(record, Mapping):
        record = _named(record, ("time_h", "amount_mg", "duration_h"), 2, field)
    known_only(record, (*_spellings(*_DOSE), *_DOSE_WORDS), field)
    amount = _take(record, "amount_mg", field)
    if amount is None:
        raise CourseError(f"{field} has no amount_mg; say how much was given")
    duration, rate = _take(record, "duration_h", field), _take(record, "rate_mg_per_h", field)
    if duration is not None and rate is not None:
        raise CourseError(f"{field} has both duration_h and rate_mg_per_h; give one")
    if rate is not None and not rate > 0:
        raise CourseError(f"{field}.rate_mg_per_h is {rate:g}; give a positive rate, or leave it out for a bolus")
    return Dose(
        start_h=clock.event(when(record, field), f"{field}.time_h"),
        amount_mg=amount,
        duration_h=amount / rate if rate is not None else duration or 0.0,
        route=_choice(Route, record.get("route", Route.INTRAVENOUS), f"{field}.route"),
        source=str(record.get("source", "")),
        interval_h=_take(record, "interval_h", field) or 0.0,
        additional=_whole(record.get("additional", 0), f"{field}.additional"),
        steady_state=_choice(SteadyState, record.get("steady_state", SteadyState.NO), f"{field}.steady_state"),
        modelled=_choice(Modelled, record.get("modelled", Modelled.NO), f"{field}.modelled"),
        into=str(record.get("into", "")),
    )


def level(record: Record, clock: Clock, field: str) -> Level:
    if not isinstance(record, Mapping):
        record = _named(record, ("time_h", "value"), 2, field)
    known_only(record, (*_spellings("time_h"), *_LEVEL_WORDS), field)
    if "value" not in record:
        raise CourseError(f"{field} has no value; say what was measured")
    return Level(
        clock.event(when(record, field), f"{field}.time_h"),
        _number(record["value"], f"{field}.value"),
        str(record.get("source", "")),
        str(record.get("output", "")),
        bool(record.get("below_limit", False)),
    )


def session(record: Record, clock: Clock, field: str) -> DialysisSession:
    if not isinstance(record, Mapping):
        record = _named(record, ("from_h", "to_h", "clearance_l_per_h"), 3, field)
    known_only(record, (*_spellings("from_h", "to_h", "clearance_l_per_h"), "source"), field)
    clearance = _take(record, "clearance_l_per_h", field)
    if clearance is None or "from_h" not in record or "to_h" not in record:
        raise CourseError(f"{field} needs from_h, to_h and clearance_l_per_h; add what is missing")
    begin, end = (clock.event(record[name], f"{field}.{name}") for name in ("from_h", "to_h"))
    return DialysisSession(begin, end, clearance, str(record.get("source", "")))


def _named(record: Sequence[Any], names: tuple[str, ...], least: int, field: str) -> dict[str, Any]:
    if isinstance(record, str) or not isinstance(record, Sequence):
        raise CourseError(
            f"{field} is {record!r}, which is no record; give a list of ({', '.join(names[:least])}), or of dicts"
        )
    if not least <= len(record) <= len(names):
        raise CourseError(f"{field} is {record!r}; give ({', '.join(names[:least])}) or a dict with names")
    found = dict(zip(names, record, strict=False))
    if isinstance(record[0], str | datetime) and names[0] == "time_h":
        found["at"] = found.pop("time_h")
    return found


def _choice(kind: Any, value: Any, field: str) -> Any:
    try:
        return kind(value) if not isinstance(value, str) or value in set(kind) else kind[value.upper()]
    except (ValueError, KeyError):
        allowed = ", ".join(str(member.value) for member in kind)
        raise CourseError(f"{field} is {value!r}; give one of {allowed}") from None


def _pairs(series: Any) -> list[tuple[Any, ...]]:
    """Records of a covariate; one that holds throughout has none."""
    if isinstance(series, Mapping):
        return list(series.items())
    if isinstance(series, Sequence) and not isinstance(series, str):
        return [tuple(pair) if isinstance(pair, Sequence) else (pair,) for pair in series]
    return []


def covariate(name: str, series: Any, clock: Clock) -> list[CovariateValue]:
    if name == "sex":
        name = "male"
    known, factor = _UNITS.get(name, (name, 1.0))
    field = f"covariates[{name!r}]"
    pairs = _pairs(series)
    if any(len(pair) != 2 for pair in pairs):
        raise CourseError(f"{field} is {series!r}; give one number, or records [(time, value), ...]")
    if isinstance(series, str) or not isinstance(series, Sequence | Mapping):
        return [CovariateValue(known, 0.0, _value(name, series, field) * factor)]
    found = [CovariateValue(known, clock.hours(at, field), _value(name, value, field) * factor) for at, value in pairs]
    return sorted(found, key=lambda value: value.time_h)


def charted(name: str, value: Any) -> tuple[str, Any]:
    """One covariate as the engine names it, from the names and units that `covariate` takes; `value` may be an array.

    Raises
    ------
    CourseError
        Names field, value and remedy.
    """
    known, factor = _UNITS.get(name, ("male" if name == "sex" else name, 1.0))
    if known == "male" and not isinstance(value, str) and isinstance(value, Iterable):
        value = [_value(known, one, f"covariates[{name!r}]") for one in value]
    if isinstance(value, str):
        return known, _value(known, value, f"covariates[{name!r}]") * factor
    if isinstance(value, Iterable):
        return known, [_value(known, one, f"covariates[{name!r}]") * factor for one in value]
    return known, _value(known, value, f"covariates[{name!r}]") * factor


def _value(name: str, value: Any, field: str) -> float:
    if name == "male" and isinstance(value, str):
        if value.lower() not in _SEXES:
            raise CourseError(f"{field} is {value!r}; give male or female")
        return _SEXES[value.lower()]
    number = _number(value, field)
    if not math.isfinite(number):
        raise CourseError(f"{field} is {number}; give a finite number, or leave out what was not measured")
    return number


def listed(names: Iterable[Any]) -> str:
    return ", ".join(str(name) for name in names)
