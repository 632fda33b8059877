"""Time inside the mathematics: float hours since a course's start, UTC at the edges."""

from datetime import UTC, datetime, timedelta


class NaiveTimeError(ValueError):
    """A time without a zone was given where an instant is needed."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(f"time {moment.isoformat()} has no time zone; give it one, for example UTC")


def hours_between(start: datetime, moment: datetime) -> float:
    """Hours from `start` to `moment`, negative when `moment` is earlier.

    Raises
    ------
    NaiveTimeError
        If either time has no zone.
    """
    for value in (start, moment):
        if value.tzinfo is None:
            raise NaiveTimeError(value)
    return (moment - start).total_seconds() / 3600.0


def moment_at(start: datetime, hours: float) -> datetime:
    """The UTC instant `hours` after `start`, rounded to the microsecond that datetime can hold."""
    if start.tzinfo is None:
        raise NaiveTimeError(start)
    return start.astimezone(UTC) + timedelta(hours=hours)
