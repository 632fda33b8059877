"""Vital signs and wearables of the timeline: summed up by the database, at most `BINS` points of each series."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from clinic.charts import words
from clinic.charts.palette import BLUE, INK, Marker
from clinic.charts.timeline_marks import BinMark, Mark, Trace, VitalPanel
from clinic.charts.timeline_panels import FEW
from clinic.measures.units import unit_of
from clinic.twin_words.said import said
from clinic.worklist.records import sample_address
from clinic.worklist.window import SHORTEST, Window, between
from twins.quantities.clock import hours_between
from twins.records.bins import Bin, bins
from twins.records.models import Question, QuestionAction, RecordState, StoredSample, Subject
from twins.samples.channel import Channel

BINS = 160
"""Stretches across the chart: more than can be told apart on a page."""
MOST_QUESTIONED = 100
_PANELS = (
    (
        gettext_lazy("Heart rate, /min"),
        40.0,
        ((Channel.HEART_RATE, pgettext_lazy("series", "heart rate"), INK, Marker.CIRCLE),),
    ),
    (
        gettext_lazy("Blood pressure, mmHg"),
        60.0,
        (
            (Channel.SYSTOLIC_PRESSURE, pgettext_lazy("series", "systolic"), INK, Marker.TRIANGLE),
            (Channel.DIASTOLIC_PRESSURE, pgettext_lazy("series", "diastolic"), BLUE, Marker.SQUARE),
        ),
    ),
    (gettext_lazy("Oxygen saturation, %"), 8.0, ((Channel.OXYGEN_SATURATION, "SpO2", INK, Marker.CIRCLE),)),
    (
        gettext_lazy("Temperature, °C"),
        2.0,
        ((Channel.TEMPERATURE, pgettext_lazy("series", "temperature"), INK, Marker.CIRCLE),),
    ),
    (
        gettext_lazy("Respiratory rate, /min"),
        10.0,
        ((Channel.RESPIRATORY_RATE, pgettext_lazy("series", "respiratory rate"), INK, Marker.CIRCLE),),
    ),
    (
        gettext_lazy("Glucose, {unit}"),
        100.0,
        (
            (Channel.GLUCOSE, pgettext_lazy("series", "blood"), INK, Marker.CIRCLE),
            (Channel.SENSOR_GLUCOSE, pgettext_lazy("series", "sensor"), BLUE, Marker.SQUARE),
        ),
    ),
)
CHANNELS = tuple(channel for _title, _span, traces in _PANELS for channel, *_ in traces)


def vitals(
    subject: Subject, start: datetime, window: Window, questions: Mapping[str, Question], zone: tzinfo
) -> tuple[tuple[VitalPanel, ...], frozenset[Channel]]:
    """A panel for each kind that was measured in the window, and the channels; hours since `start`.

    One query, or two where there are open questions.
    """
    found = bins(subject, CHANNELS, start=window.start, end=window.end, count=BINS, without=sorted(questions))
    doubted = _questioned(subject, questions)
    panels = []
    for title, span, traces in _PANELS:
        unit = unit_of(traces[0][0])
        few = sum(len(found.get(channel, ())) for channel, *_ in traces) <= FEW
        shown = []
        for channel, label, colour, mark in traces:
            marks = tuple(_mark(subject, channel, one, start, zone, named=few) for one in found.get(channel, ()))
            more = tuple(_doubted(sample, questions, start, zone) for sample in doubted if sample.channel == channel)
            more = tuple(one for one in more if 0 <= one.hour - hours_between(start, window.start) <= _length(window))
            if marks or more:
                shown.append(Trace(str(label), marks, colour, mark, more))
        if shown:
            panels.append(VitalPanel(str(title).format(unit=unit.name), tuple(shown), unit.value(span)))
    return tuple(panels), frozenset(found) | {Channel(sample.channel) for sample in doubted}


def _length(window: Window) -> float:
    return hours_between(window.start, window.end)


def _mark(subject: Subject, channel: Channel, one: Bin, start: datetime, zone: tzinfo, *, named: bool) -> BinMark:
    first, last = hours_between(start, one.first), hours_between(start, one.last)
    href = name = ""
    if named:
        href, name = _address(subject, channel, one), _name(channel, one, zone)
    unit = unit_of(channel)
    values = (unit.value(one.low), unit.value(one.median), unit.value(one.high))
    return BinMark((first + last) / 2, *values, first, last, one.count, href, name)


def _address(subject: Subject, channel: Channel, one: Bin) -> str:
    """The record of a single value; of several closer by, or the list of what lies too close to be drawn apart."""
    if one.sample is not None:
        return sample_address(subject.pk, one.sample)
    ends = between(one.first, one.last + timedelta(minutes=1))
    if one.last - one.first >= 2 * SHORTEST:
        return f"{reverse('patient', kwargs={'subject_key': subject.pk})}?{ends}"
    return f"{reverse('patient-values', kwargs={'subject_key': subject.pk, 'series': channel})}?{ends}"


def _name(channel: Channel, one: Bin, zone: tzinfo) -> str:
    unit = unit_of(channel)
    if one.count == 1:
        return words.point(f"{said(channel.label)} {unit.said(one.median)}", words.clock(one.first, zone))
    values = _("{count} values of {what}, {low} to {high} {unit}, {start} to {end}")
    return values.format(
        count=one.count,
        what=words.inside(said(channel.label)),
        low=unit.text(one.low),
        high=unit.text(one.high),
        unit=unit.name,
        start=words.clock(one.first, zone),
        end=words.clock(one.last, zone),
    )


def _questioned(subject: Subject, questions: Mapping[str, Question]) -> Sequence[StoredSample]:
    if not questions:
        return ()
    rows = StoredSample.objects.filter(
        source_key__in=sorted(questions),
        subject=subject,
        channel__in=CHANNELS,
        state=RecordState.ACTIVE,
    )
    return list(rows.order_by("-event_time")[:MOST_QUESTIONED])


def _doubted(sample: StoredSample, questions: Mapping[str, Question], start: datetime, zone: tzinfo) -> Mark:
    question = questions[sample.source_key]
    out = question.action == QuestionAction.EXCLUDE
    channel = Channel(sample.channel)
    at = question.new_time or sample.event_time
    measured = f"{said(channel.label)} {unit_of(channel).said(sample.value)}"
    name = words.point(measured, words.clock(at, zone), used=not out, moved=True)
    return Mark(
        hours_between(start, at),
        unit_of(channel).value(sample.value),
        not out,
        sample_address(sample.subject_id, sample.pk),
        name,
    )
