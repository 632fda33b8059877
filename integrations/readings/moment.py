"""FHIR's dates and times as instants."""

import re
from datetime import UTC, date, datetime
from typing import Any

from integrations.readings.models import QuarantineReason
from integrations.readings.refusal import Refused, shown

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant(value: Any, field: str, *, day_is_enough: bool = False) -> datetime:
    """The UTC instant of a FHIR dateTime; a day alone is its midnight in UTC, and only where `day_is_enough`.

    Raises
    ------
    Refused
        MISSING_TIME if it is absent or less exact than needed, INVALID_RESOURCE if there is no such time.
    """
    if value is None:
        raise Refused(QuarantineReason.MISSING_TIME, f"{field} is missing; send when it happened")
    if not isinstance(value, str):
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{field} is {shown(value)}; send a dateTime as text")
    exact = _INSTANT.fullmatch(value) is not None
    if not exact and not (day_is_enough and _DAY.fullmatch(value)):
        raise Refused(
            QuarantineReason.MISSING_TIME,
            f"{field} is {shown(value)}; send it with hours, minutes, seconds and its offset from UTC",
        )
    try:
        moment = datetime.fromisoformat(value)
        return (moment if exact else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE, f"{field} is {shown(value)} ({error}); send a time that exists"
        ) from error


def maybe_instant(value: Any, field: str, *, day_is_enough: bool = False) -> datetime | None:
    """As `instant`, but None where the field is absent."""
    return None if value is None else instant(value, field, day_is_enough=day_is_enough)


def roughly(value: Any) -> datetime | None:
    """The beginning of the year, month, day or instant that `value` names; None if it names none.

    For onsets of diagnoses, where a month is worth keeping.
    """
    if not isinstance(value, str):
        return None
    padded = value + "-01-01"[len(value) - 4 :] if len(value) in (4, 7) else value
    try:
        moment = datetime.fromisoformat(padded)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole_years(birth: str, day: date) -> int | None:
    """Age in whole years on `day` of one born on the FHIR date `birth`; None if there is none or it lies ahead.

    Where only year or month of birth are known, its first day is taken: the age is then at most one year too high.
    """
    born = roughly(birth)
    if born is None or born.date() > day:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
