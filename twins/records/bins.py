"""What was measured, summed up by the database: however many samples there are, a bounded number of rows comes back."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import (
    Aggregate,
    Count,
    DateTimeField,
    F,
    FloatField,
    Func,
    IntegerField,
    Max,
    Min,
    Value,
)

from twins.records.models import RecordState, StoredSample, Subject
from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class Bin:
    """The samples of one channel in one stretch of time.

    `median` is a value that was measured (the lower of two middle ones); `first` and `last` are the times of the first
    and the last of them; `sample` is the key of the one sample where `count` is 1.
    """

    count: int
    low: float
    median: float
    high: float
    first: datetime
    last: datetime
    sample: int | None


class _Number(Func):
    """Which of the stretches of `width_s` seconds from `start` on a time lies in; the first is number 0."""

    output_field = IntegerField()

    def __init__(self, time: Any, start: datetime, width_s: float) -> None:
        super().__init__(time, Value(start, output_field=DateTimeField()), Value(width_s, output_field=FloatField()))

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        time, start, width = (compiler.compile(part) for part in self.get_source_expressions())
        params = (*time[1], *start[1], *width[1])
        if connection.vendor == "postgresql":
            return f"FLOOR(DATE_PART('epoch', {time[0]} - {start[0]}) / {width[0]})::integer", params
        # Days since 4713 BC keep no more than a twentieth of a millisecond, so whole ones are taken.
        seconds = f"ROUND((JULIANDAY({time[0]}) - JULIANDAY({start[0]})) * 86400.0, 3)"
        return f"CAST({seconds} / {width[0]} AS INTEGER)", params


class _Median(Aggregate):
    """The lower median; PostgreSQL has it, to SQLite it is given with each connection."""

    name = "Median"
    function = "MEDIAN_LOW"
    output_field = FloatField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **context)


class _MedianLow:
    """`_Median` for SQLite."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def step(self, value: float) -> None:
        self.values.append(value)

    def finalize(self) -> float | None:
        return statistics.median_low(self.values) if self.values else None


def give_median(*, connection: Any, **_: Any) -> None:
    """Give a new SQLite connection the aggregate that it lacks."""
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("MEDIAN_LOW", 1, _MedianLow)


def bins(
    subject: Subject,
    channels: Iterable[Channel],
    *,
    start: datetime,
    end: datetime,
    count: int,
    without: Iterable[str] = (),
) -> Mapping[Channel, tuple[Bin, ...]]:
    """The samples in use in [start, end), by channel and in order of time, at most `count` bins of each channel.

    One query. `without` are source keys that are left out.
    """
    rows = StoredSample.objects.filter(
        subject=subject,
        channel__in=list(channels),
        state=RecordState.ACTIVE,
        event_time__gte=start,
        event_time__lt=end,
    )
    left_out = list(without)
    if left_out:
        rows = rows.exclude(source_key__in=left_out)
    width_s = (end - start).total_seconds() / count
    found: dict[Channel, list[Bin]] = {}
    summed = (
        rows.annotate(number=_Number(F("event_time"), start, width_s))
        .values("channel", "number")
        .annotate(
            count=Count("pk"),
            low=Min("value"),
            median=_Median("value"),
            high=Max("value"),
            first=Min("event_time"),
            last=Max("event_time"),
            sample=Min("pk"),
        )
        .order_by("channel", "number")
        .values_list("channel", "count", "low", "median", "high", "first", "last", "sample")
    )
    for channel, n, low, median, high, first, last, sample in summed:
        one = Bin(n, low, median, high, first, last, sample if n == 1 else None)
        found.setdefault(Channel(channel), []).append(one)
    return {channel: tuple(values) for channel, values in found.items()}


_END = (
    "SELECT * FROM (SELECT id, channel, event_time FROM records_storedsample WHERE subject_id = %s AND channel = %s"
    " AND state = 'active' ORDER BY event_time {} LIMIT 1) AS {}"
)


def extent(subject: Subject) -> Mapping[Channel, tuple[datetime, datetime]]:
    """When each channel was first and last measured. One query: two steps down an index for each channel."""
    ends = [(channel, order) for channel in Channel for order in ("ASC", "DESC")]
    query = " UNION ALL ".join(_END.format(order, f"end_{number}") for number, (_, order) in enumerate(ends))
    key = Subject._meta.pk.get_db_prep_value(subject.pk, connection)
    parameters = [part for channel, _ in ends for part in (key, channel.value)]
    found: dict[Channel, list[datetime]] = {}
    for row in StoredSample.objects.raw(query, parameters):
        found.setdefault(Channel(row.channel), []).append(row.event_time)
    return {channel: (min(times), max(times)) for channel, times in found.items()}
