"""What the patient's timeline shows, read from the records."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from clinic.charts.palette import BLUE, INK, Marker
from clinic.charts.timeline_chart import DoseMark, Measured, Timeline, Trace, VitalPanel, binned
from twins.forecasts.forecast import ComparisonResult
from twins.quantities.clock import hours_between
from twins.records.models import GivenDose, Question, QuestionAction, RecordState, StoredSample, Subject
from twins.samples.channel import Channel
from twins.samples.course import Course

LONGEST_H = 7 * 24.0
"""How much of the past is drawn; older data are in the tables."""
AHEAD_H = 48.0
WITHOUT_TWIN_H = 72.0
BINS = 220
"""Intervals across the chart: more than can be told apart on a page."""
_TRACES = (
    ("Heart rate, /min", 40.0, ((Channel.HEART_RATE, "heart rate", INK, Marker.CIRCLE),)),
    (
        "Blood pressure, mmHg",
        60.0,
        (
            (Channel.SYSTOLIC_PRESSURE, "systolic", INK, Marker.TRIANGLE),
            (Channel.DIASTOLIC_PRESSURE, "diastolic", BLUE, Marker.SQUARE),
        ),
    ),
    ("Oxygen saturation, %", 8.0, ((Channel.OXYGEN_SATURATION, "SpO2", INK, Marker.CIRCLE),)),
    ("Temperature, °C", 2.0, ((Channel.TEMPERATURE, "temperature", INK, Marker.CIRCLE),)),
    ("Respiratory rate, /min", 10.0, ((Channel.RESPIRATORY_RATE, "respiratory rate", INK, Marker.CIRCLE),)),
)
_VITALS = tuple(channel for _, _, traces in _TRACES for channel, *_ in traces)


def timeline(
    *,
    subject: Subject,
    doses: Sequence[GivenDose],
    samples: Sequence[StoredSample],
    questions: Mapping[str, Question],
    course: Course | None,
    result: ComparisonResult | None,
) -> Timeline | None:
    """The timeline's data, or None where nothing was ever given or measured.

    Parameters
    ----------
    doses, samples
        In use, in order of time; of the samples the levels and creatinine.
    questions
        The open ones by the record's `source_key`.
    course, result
        Of the newest twin and its default comparison, if there are.
    """
    last = course.start + timedelta(hours=course.until_h) if course else _last_moment(subject, doses, samples)
    if last is None:
        return None
    start = course.start if course else last - timedelta(hours=WITHOUT_TWIN_H)
    as_of = hours_between(start, last)
    events = [hours_between(start, row.event_time) for row in (*doses, *samples)]
    earliest = min([0.0, *(hour for hour in events if hour > -24.0)]) if course else 0.0
    low = max(earliest, as_of - LONGEST_H)
    low -= 0.02 * (as_of - low)  # so that the first mark does not lie on the axis
    high = as_of + (AHEAD_H if result else max(2.0, 0.04 * (as_of - low)))

    def left_out(source_key: str) -> bool:
        question = questions.get(source_key)
        return question is not None and question.action == QuestionAction.EXCLUDE

    def hour(row: GivenDose | StoredSample) -> float:
        question = questions.get(row.source_key)
        moved = question.new_time if question is not None and question.action == QuestionAction.RETIME else None
        return hours_between(start, moved or row.event_time)

    def measured(channel: Channel) -> tuple[Measured, ...]:
        return tuple(Measured(hour(s), s.value, not left_out(s.source_key)) for s in samples if s.channel == channel)

    return Timeline(
        start=start,
        low_h=low,
        high_h=high,
        as_of_h=as_of,
        doses=tuple(DoseMark(hour(dose), dose.amount_mg, not left_out(dose.source_key)) for dose in doses),
        levels=measured(Channel.VANCOMYCIN),
        past=result.past if result else None,
        forecast=result.forecasts[0] if result else None,
        creatinine=measured(Channel.CREATININE),
        vitals=_vitals(subject, start, low, high),
    )


def _last_moment(subject: Subject, doses: Sequence[GivenDose], samples: Sequence[StoredSample]) -> datetime | None:
    vital = (
        StoredSample.objects.filter(subject=subject, state=RecordState.ACTIVE)
        .order_by("-event_time")
        .values_list("event_time", flat=True)
        .first()
    )
    return max([row.event_time for row in (*doses[-1:], *samples[-1:])] + ([vital] if vital else []), default=None)


def _vitals(subject: Subject, start: datetime, low_h: float, high_h: float) -> tuple[VitalPanel, ...]:
    rows = (
        StoredSample.objects.filter(
            subject=subject,
            channel__in=_VITALS,
            state=RecordState.ACTIVE,
            event_time__gte=start + timedelta(hours=low_h),
            event_time__lte=start + timedelta(hours=high_h),
        )
        .order_by("event_time")
        .values_list("channel", "event_time", "value")
    )
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for channel, time, value in rows.iterator(chunk_size=5000):
        series[channel].append((hours_between(start, time), value))
    width = (high_h - low_h) / BINS
    panels = []
    for title, span, traces in _TRACES:
        shown = tuple(
            Trace(label, binned(series[channel], width), colour, mark)
            for channel, label, colour, mark in traces
            if series[channel]
        )
        if shown:
            panels.append(VitalPanel(title, shown, span))
    return tuple(panels)
