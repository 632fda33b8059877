"""The timeline as a page shows it: the window that was asked for, drawn for wide and for narrow screens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from django.urls import reverse

from clinic.charts.timeline_chart import timeline_chart
from clinic.patients.models import Patient
from clinic.worklist.patient_page import TwinView
from clinic.worklist.records import Records, lists
from clinic.worklist.timeline import draw, span_of
from clinic.worklist.vitals import CHANNELS
from clinic.worklist.window import Window, asked, between
from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class ShownTimeline:
    """Two drawings of one window, and all that is said beside them."""

    window: Window
    problems: tuple[str, ...]
    wide: str
    narrow: str
    kidneys: tuple[str, ...]
    left_out: int
    lists: tuple[tuple[str, str], ...]
    """Label and address of the list of each kind of value that there is in the window."""


def shown_timeline(
    patient: Patient, records: Records, twin: TwinView | None, given: Mapping[str, str], zone: tzinfo
) -> ShownTimeline | None:
    """None where nothing was ever given, ordered or measured."""
    span = span_of(patient, records, twin)
    if span is None:
        return None
    window, problems = asked(given, span, zone)
    drawn = draw(patient, records, twin, window, zone)
    here = reverse("patient", kwargs={"subject_key": patient.pk})
    wide = timeline_chart(
        drawn.line, zone=zone, prefix="timeline-wide", closer=lambda a, b: f"{here}?{between(a, b)}#timeline"
    )
    return ShownTimeline(
        window=window,
        problems=problems,
        wide=wide,
        narrow=timeline_chart(drawn.line, zone=zone, prefix="timeline-narrow", width=360.0),
        kidneys=drawn.kidneys.facts,
        left_out=drawn.left_out,
        lists=_lists(patient, records, drawn.vital_channels, between(window.start, window.end)),
    )


def _lists(patient: Patient, records: Records, seen: frozenset[Channel], query: str) -> tuple[tuple[str, str], ...]:
    channels = [channel for channel in records.shown.channels if records.of_channel(channel)]
    channels += [channel for channel in CHANNELS if channel in seen]
    names = lists(channels, doses=bool(records.doses), orders=bool(records.orders))
    return tuple(
        (label, f"{reverse('patient-values', kwargs={'subject_key': patient.pk, 'series': name})}?{query}")
        for label, name in names
    )
