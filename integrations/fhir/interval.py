"""FHIR's dates as half-open intervals of time: a partial date is all of its year, month or day."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_PARTIAL = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?", re.ASCII
)
EVER = datetime.max.replace(tzinfo=UTC)
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class IntervalError(ValueError):
    """A text that is no date of FHIR's."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` until before `high`; an instant given to the second is that whole second."""

    low: datetime
    high: datetime


def interval(text: str) -> Interval:
    """The time that a FHIR date, dateTime or instant covers; without a zone it is read as UTC.

    Raises
    ------
    IntervalError
        It is none.
    """
    match = _PARTIAL.fullmatch(text)
    if match is None:
        raise IntervalError(f"{text!r} is not a date")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        micro = int((fraction or "0").ljust(6, "0")[:6])
        clock = int(hour or 0), int(minute or 0), int(second or 0), micro
        low = datetime(int(year), int(month or 1), int(day or 1), *clock)  # noqa: DTZ001 - the zone is applied below
        offset = timedelta(0)
        if zone and zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
        if month is None:
            high = low.replace(year=low.year + 1)
        elif day is None:
            high = (low + timedelta(days=31)).replace(day=1)
        elif hour is None:
            high = low + timedelta(days=1)
        elif second is None:
            high = low + timedelta(minutes=1)
        elif fraction is None:
            high = low + timedelta(seconds=1)
        else:
            high = low + timedelta(microseconds=max(1, 10 ** (6 - min(6, len(fraction)))))
        return Interval((low - offset).replace(tzinfo=UTC), (high - offset).replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise IntervalError(f"{text!r} is not a date: {error}") from error


def period(start: str | None, end: str | None) -> Interval:
    """A FHIR Period; an end that is missing has not come yet."""
    return Interval(interval(start).low if start else BEFORE_ALL, interval(end).high if end else EVER)


def satisfies(prefix: str, asked: Interval, found: Interval) -> bool:
    """Whether what was `found` answers the search for `asked` under FHIR's rules for each prefix.

    ``ge`` and ``le`` also find what reaches into the asked time from the other side, which the letter of R4 leaves out:
    an infusion that runs past midnight is not missing from the new day.
    """
    inside = asked.low <= found.low and found.high <= asked.high
    match prefix:
        case "eq":
            return inside
        case "ne":
            return not inside
        case "gt":
            return found.high > asked.high
        case "ge":
            return found.high > asked.low
        case "lt":
            return found.low < asked.low
        case "le":
            return found.low < asked.high
        case "sa":
            return found.low >= asked.high
        case "ap":
            return found.low < asked.high and found.high > asked.low
        case _:
            return found.high <= asked.low


def about(time: Interval, now: datetime) -> Interval:
    """The time widened at both ends by a tenth of its distance from `now`, as R4 recommends for ``ap``."""
    tenth = max(time.low - now, now - time.high, timedelta(0)) / 10
    low = time.low - tenth if time.low - BEFORE_ALL > tenth else BEFORE_ALL
    return Interval(low, time.high + tenth if EVER - time.high > tenth else EVER)
