"""Levels that a comparison's course left out, so that the chart shows what was not believed."""

from clinic.charts.shown_levels import ShownLevels
from twins.pharmacology import formulary
from twins.quantities.clock import hours_between
from twins.records.models import StoredSample, Subject
from twins.samples.course import Course, FindingCode


def left_out_levels(course: Course, subject: Subject) -> tuple[tuple[float, float, str], ...]:
    """(hours since the course's start, value, why) of each level that a person left out when the course was made.

    Values are in the unit that pages show; `why` is as `course` says it.
    """
    why = {f.source: f.sentence for f in course.findings if f.code is FindingCode.EXCLUDED_BY_USER and f.source}
    channel, levels = formulary.drug(course.drug).level_channel, ShownLevels.of(course.drug)
    if not why or channel is None:
        return ()
    samples = StoredSample.objects.filter(subject=subject, channel=channel).order_by("event_time", "pk")
    found = {
        sample.reference: (
            hours_between(course.start, sample.event_time),
            levels.value(sample.value),
            why[sample.reference],
        )
        for sample in samples
        if sample.reference in why
    }
    return tuple(found.values())
