"""The patient's timeline: doses, levels with fit and forecast, kidneys, weight and vital signs on one time axis."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.charts import svg, timeline_panels, words
from clinic.charts.palette import INK
from clinic.charts.panel import SMALL, Panel, hatching
from clinic.charts.scale import Scale, least_dose, padded, time_ticks
from clinic.charts.timeline_marks import Mark, Steps, Timeline, VitalPanel
from clinic.charts.timeline_panels import Column
from clinic.measures.numbers import plain

COLUMNS = 12
"""Into so many parts a panel of many values is cut; each leads to a window of its own."""
Closer = Callable[[datetime, datetime], str]
"""The address of the window between two moments."""


def timeline_chart(
    line: Timeline, *, zone: tzinfo, prefix: str, width: float = 900.0, closer: Closer | None = None
) -> str:
    """One SVG, panels above each other: doses, concentration, kidneys, weight, then one a vital sign.

    A stretch without a value is left open and marked; no line is drawn across it. Points lead to their records; of a
    panel with many values a part of the axis leads `closer`.
    """
    narrow = width < 500
    left, right = (38.0, width - 10.0) if narrow else (46.0, width - 14.0)
    x = Scale(line.low_h, line.high_h, left, right)
    time = time_ticks(line.start, line.low_h, line.high_h, zone, 5 if narrow else 14)
    parts = [hatching(f"{prefix}-gap")]
    y = 44.0
    last: Panel | None = None

    def panel(low: float, high: float, height: float, title: str, tick_count: int = 3) -> Panel:
        nonlocal y, last
        made = Panel(x, Scale(low, high, y + height, y))
        parts.append(made.frame(title, time_ticks=time, tick_count=tick_count))
        y += height + 32
        last = made
        return made

    if line.doses or line.due:
        amounts = [dose.value for dose in line.doses if x.holds(dose.hour)]
        amounts += [1.1 * due.amount_mg for due in line.due if x.holds(due.hour)]
        top = padded(amounts, least_span=least_dose(amounts), from_zero=True)[1]
        title = (
            _("Doses, mg: bars given, triangles ordered")
            if narrow
            else _("Doses, mg: bars were given, open triangles were ordered for that time, crosses were not given")
        )
        parts.append(timeline_panels.doses(panel(0.0, top, 52.0, title, 2), line.doses, line.due))
    if line.levels or line.past or line.doses:
        shown = [level.value for level in line.levels if x.holds(level.hour)]
        for part in (line.past, line.forecast):
            if part is not None:
                shown += [v for t, v in zip(part.times_h, part.quantiles[4], strict=True) if x.holds(t)]
        low, high = padded(shown, least_span=line.least_span, from_zero=True)
        if narrow:
            title = _("{drug}, {unit}: levels, fit")
        elif line.forecast:
            title = _("{drug}, {unit}: measured levels, the twin's fit and forecast of the current plan")
        else:
            title = _("{drug}, {unit}: measured levels, the twin's fit")
        title = title.format(drug=line.drug, unit=line.unit)
        parts.append(timeline_panels.concentration(panel(low, high, 180.0, title, 4), line))
    until = line.as_of_h if line.as_of_h is not None else line.high_h
    for item in line.steps:
        low, high = _range(item, x)
        parts.append(timeline_panels.steps(panel(low, high, 64.0, item.title), item, until))
    columns = _columns(line, zone, closer)
    for vital in line.vitals:
        values = [v for trace in vital.traces for one in trace.bins for v in (one.low, one.high)]
        values += [mark.value for trace in vital.traces for mark in trace.more if x.holds(mark.hour)]
        low, high = padded(values, least_span=vital.least_span)
        made = panel(low, high, 64.0, vital.title, 5)
        parts.append(timeline_panels.vital(made, vital, gap_fill=f"{prefix}-gap", until_h=until, columns=columns))
    if line.as_of_h is not None and x.holds(line.as_of_h) and last is not None:
        at = x(line.as_of_h)
        parts.append(
            svg.element(
                "line", x1=at, x2=at, y1=20, y2=last.bottom, stroke=INK, stroke_dasharray="4 3", stroke_opacity=0.75
            )
        )
        label = _("data until {time}").format(time=words.clock(_moment(line, line.as_of_h), zone))
        anchor = "end" if at > (left + right) / 2 else "start"
        parts.append(svg.text(label, at + (-5 if anchor == "end" else 5), 14.0, text_anchor=anchor, font_size=SMALL))
    if last is not None:
        parts.append(last.time_labels(time))
    return svg.picture(
        *parts,
        prefix=prefix,
        width=width,
        height=y - 4,
        title=_("Timeline of doses, levels, kidney function, weight and vital signs"),
        description=_description(line),
        links=True,
    )


def _range(item: Steps, x: Scale) -> tuple[float, float]:
    values = [mark.value for mark in item.marks if x.holds(mark.hour)]
    values += [mark.value for mark in item.marks if mark.hour < x.low][-1:]  # it holds into the window
    values += [value for hour, value in item.line if x.holds(hour)]
    values += [value for hour, value in item.line if hour < x.low][-1:]
    if item.from_zero:
        return padded([1.15 * value for value in values], least_span=item.least_span, from_zero=True)
    return padded(values, least_span=item.least_span)


def _columns(line: Timeline, zone: tzinfo, closer: Closer | None) -> tuple[Column, ...]:
    if closer is None:
        return ()
    width = (line.high_h - line.low_h) / COLUMNS
    found = []
    for k in range(COLUMNS):
        low, high = line.low_h + k * width, line.low_h + (k + 1) * width
        start, end = _moment(line, low), _moment(line, high)
        said = _("Closer: {start} to {end}").format(start=words.clock(start, zone), end=words.clock(end, zone))
        found.append(Column(low, high, closer(start, end), said))
    return tuple(found)


def _moment(line: Timeline, hour: float) -> datetime:
    return line.start + timedelta(hours=hour)


def _description(line: Timeline) -> str:
    shown = [dose for dose in line.doses if line.low_h <= dose.hour <= line.high_h]
    parts = [ngettext("{count} dose given.", "{count} doses given.", len(shown)).format(count=len(shown))]
    missed = sum(due.missed for due in line.due)
    if missed:
        parts.append(
            ngettext("{count} ordered and not given.", "{count} ordered and not given.", missed).format(count=missed)
        )
    levels = [level for level in line.levels if line.low_h <= level.hour <= line.high_h]
    if levels:
        parts.append(
            _("Levels: {values}.").format(values=words.listed(_level(mark, line.unit) for mark in levels[-12:]))
        )
    else:
        parts.append(_("No level measured."))
    for item in line.steps:
        values = words.listed(plain(mark.value, 3) for mark in item.marks[-6:])
        if values:
            parts.append(f"{item.title}: {values}.")
        parts += [f"{note[2]}." for note in item.notes[-1:]]
    parts += [said for vital in line.vitals if (said := _last_of(vital))]
    parts.append(_("The values are in the tables that this page leads to."))
    return " ".join(parts)


def _level(mark: Mark, unit: str) -> str:
    said = _("{value} {unit}") if mark.used else _("{value} {unit} (left out)")
    return said.format(value=words.concentration(mark.value), unit=unit)


def _last_of(vital: VitalPanel) -> str:
    ends: Sequence[str] = [f"{trace.label} {plain(trace.bins[-1].median, 4)}" for trace in vital.traces if trace.bins]
    return _("{title}: last {values}.").format(title=vital.title, values=words.listed(ends)) if ends else ""
