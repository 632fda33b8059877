"""What the patient's timeline shows, read from the records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.charts.timeline_marks import Due, Mark, Steps, Timeline
from clinic.patients.models import Patient
from clinic.twin_words.said import said
from clinic.worklist.kidneys import Kidneys, kidneys
from clinic.worklist.patient_page import TwinView
from clinic.worklist.records import Record, Records, address_of, value, what
from clinic.worklist.vitals import vitals
from clinic.worklist.window import Span, Window
from twins.forecasts.forecast import ComparisonResult
from twins.pharmacology.kdigo import RATIO_WITHIN_H
from twins.quantities.clock import hours_between, moment_at
from twins.records.bins import extent
from twins.records.models import StoredSample
from twins.samples.channel import Channel
from twins.samples.course import FindingCode

MOST_MARKS = 200
"""So many points of one series are drawn, the newest; more can be seen in a shorter window."""
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_SAME_H = 1.0 / 60.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """The chart's data, the newest of the kidneys in sentences, and how many older points were left out."""

    line: Timeline
    kidneys: Kidneys
    left_out: int
    vital_channels: frozenset[Channel]
    """Of which vital signs there is a value in the window."""


def span_of(patient: Patient, records: Records, twin: TwinView | None) -> Span | None:
    """From the first record to the last moment known; None where nothing was ever given, ordered or measured.

    What is dated in the future does not stretch it, unless there is nothing else.
    """
    ends = extent(patient.subject)
    first = [one for one, _last in ends.values()]
    last = [other for _first, other in ends.values()]
    for rows in (records.doses, records.orders):
        first += [row.event_time for row in rows[:1]]
        last += [row.event_time for row in rows[-1:]]
    if twin is not None:
        first.append(twin.course.start)
    if not first:
        return None
    now = timezone.now() + _CLOCKS_MAY_DIFFER
    until = [moment for moment in last if moment <= now]
    if twin is not None:
        until.append(moment_at(twin.course.start, twin.course.until_h))
    return Span(min(first), max(until or last), twin is not None and twin.current is not None)


def draw(
    patient: Patient,
    records: Records,
    twin: TwinView | None,
    window: Window,
    zone: tzinfo,
) -> Drawn:
    """The timeline of `window`, with the forecast of the twin's default comparison, if there is one."""
    result = twin.result if twin else None
    start = twin.course.start if twin else window.span.first.astimezone(UTC)
    low, high = hours_between(start, window.start), hours_between(start, window.end)
    until = twin.course.until_h if twin else hours_between(start, window.span.until)
    left_out = 0

    def marks(rows: Sequence[Record], before_h: float = 0.0) -> list[Mark]:
        """Those of the window and of so much before it, with the last before that, whose value may hold into it."""
        nonlocal left_out
        placed = sorted(((hours_between(start, records.time_of(row)), row) for row in rows), key=lambda item: item[0])
        inside = [item for item in placed if low - before_h <= item[0] <= high]
        left_out += max(0, len(inside) - MOST_MARKS)
        last = [item for item in placed if item[0] < low - before_h][-1:]
        return [_mark(hour, row, records, zone) for hour, row in [*last, *inside[-MOST_MARKS:]]]

    creatinine = records.of_channel(Channel.CREATININE)
    newest = sorted(creatinine, key=records.time_of)[-MOST_MARKS:]
    found = kidneys(
        patient.subject,
        marks(creatinine, RATIO_WITHIN_H),
        [_mark(hours_between(start, records.time_of(row)), row, records, zone) for row in newest],
        until_h=until,
        model=twin.card.model if twin else None,
        course=twin.course if twin else None,
    )
    weight = marks(records.of_channel(Channel.WEIGHT))
    panels = [panel for panel in found.panels if _reaches(panel, low, high)]
    if weight:
        panels.append(Steps(_("Body weight, kg"), tuple(weight), 5.0, from_zero=False))
    panels_of_vitals, seen = vitals(patient.subject, start, window, records.questions, zone)
    line = Timeline(
        start=start,
        low_h=low,
        high_h=high,
        as_of_h=until,
        doses=_inside(marks(records.doses), low, high),
        due=tuple(_due(records, twin, result, start, low, high, until, zone)),
        levels=_inside(marks(records.levels), low, high),
        past=result.past if result else None,
        forecast=result.forecasts[0] if result else None,
        steps=tuple(panels),
        vitals=panels_of_vitals,
        drug=said(records.shown.title),
        unit=records.shown.levels.name,
        least_span=records.shown.levels.least_span,
    )
    return Drawn(line, found, left_out, seen)


def _inside(marks: Iterable[Mark], low: float, high: float) -> tuple[Mark, ...]:
    return tuple(mark for mark in marks if low <= mark.hour <= high)


def _reaches(panel: Steps, low: float, high: float) -> bool:
    """Whether anything of the panel lies in the window or holds into it."""
    hours = [mark.hour for mark in panel.marks] + [hour for hour, _ in panel.line]
    return any(low <= hour <= high for hour in hours) or any(hour < low for hour in hours)


def _mark(hour: float, row: Record, records: Records, zone: tzinfo) -> Mark:
    used = not records.is_left_out(row)
    moved = records.time_of(row)
    name = words.point(f"{what(row)} {value(row)}", words.clock(moved, zone), used=used, moved=moved != row.event_time)
    number = row.value if isinstance(row, StoredSample) else row.amount_mg
    if isinstance(row, StoredSample) and row.channel == records.shown.level_channel:
        number = records.shown.levels.value(number)
    return Mark(hour, number, used, address_of(row), name)


def _due(
    records: Records,
    twin: TwinView | None,
    result: ComparisonResult | None,
    start: datetime,
    low: float,
    high: float,
    until: float,
    zone: tzinfo,
) -> list[Due]:
    """Doses that orders ask for, up to the last moment known; from there on those of the plan that is forecast."""
    missed = (
        [f.time_h for f in twin.course.findings if f.code is FindingCode.ORDERED_NOT_GIVEN and f.time_h is not None]
        if twin
        else []
    )
    planned = result.forecasts[0].plan.regimen if result else None
    found: list[Due] = []
    for order in records.orders:
        if records.is_left_out(order):
            continue
        begin = hours_between(start, records.time_of(order))
        end = hours_between(start, order.end_time) if order.end_time else high
        end = min(end, until if result else high, high)
        first = max(0, int((low - begin) / order.interval_h))
        last = int((end - begin) / order.interval_h + 1e-9)
        for k in range(max(first, last + 1 - MOST_MARKS), last + 1):
            hour = begin + k * order.interval_h
            stopped = order.end_time is not None and hour >= hours_between(start, order.end_time)
            if low <= hour <= end and not stopped:
                not_given = any(abs(hour - time) < _SAME_H for time in missed)
                due = _("due {time}").format(time=words.clock(moment_at(start, hour), zone))
                name = words.point(f"{what(order)} {value(order)}", due)
                found.append(Due(hour, order.amount_mg, not_given, address_of(order), name))
    if result is not None and planned is not None and high > until:
        found += [
            Due(dose.start_h, dose.amount_mg)
            for dose in planned.doses(min(high, until + result.horizon_h))
            if dose.start_h > until
        ]
    return sorted(found, key=lambda due: due.hour)[-MOST_MARKS:]
