"""The panels of the patient's timeline, each drawn into a frame that it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clinic.charts import svg, words
from clinic.charts.comparison_chart import BAND_50, BAND_90
from clinic.charts.palette import INK, SKY, Marker
from clinic.charts.panel import SMALL, Panel, marker
from clinic.charts.timeline_marks import BinMark, Due, Mark, Steps, Timeline, Trace, VitalPanel, gaps, runs
from clinic.measures.numbers import plain

FEW = 60
"""So many points of a trace are drawn and linked one by one; of more, the whole stretch leads closer."""
_HIT = 11.0
"""Radius in which a point is met by a finger."""


@dataclass(frozen=True, slots=True)
class Column:
    """A part of the axis that leads to a window of its own."""

    low_h: float
    high_h: float
    href: str
    name: str


def _spot(x: float, y: float) -> str:
    """An invisible disc around a point, so that it can be met."""
    return svg.element("circle", cx=x, cy=y, r=_HIT, fill="transparent")


def doses(panel: Panel, given: Sequence[Mark], due: Sequence[Due]) -> str:
    """Given doses as bars, ordered ones as open triangles at the time they are due, missed ones crossed out.

    The triangles lie on top: the ground of a bar, on which a finger meets it, would cover those of the same time.
    """
    parts = []
    shown = [dose for dose in given if panel.x.holds(dose.hour)]
    edges = [*(panel.x(dose.hour) for dose in shown[1:]), panel.x.end + 40]
    for dose, edge in zip(shown, edges, strict=True):
        at, top = panel.x(dose.hour), panel.y(dose.value)
        bar = svg.element(
            "line",
            x1=at,
            x2=at,
            y1=panel.bottom,
            y2=top,
            stroke=INK,
            stroke_width=4,
            stroke_dasharray=None if dose.used else "2 3",
            stroke_opacity=None if dose.used else 0.6,
        )
        ground = svg.element(
            "rect", x=at - 8, y=panel.top, width=16, height=panel.bottom - panel.top, fill="transparent"
        )
        parts.append(svg.link(dose.href, dose.name, ground, bar))
        amount = plain(dose.value)
        label = amount if dose.used else pgettext("dose left out", "{amount} out").format(amount=amount)
        if at + 7 + len(label) * 6.8 < edge:
            parts.append(svg.text(label, at + 5, panel.bottom - 6, font_size=SMALL, **svg.HALO))
    return "".join([*parts, *(_due(panel, item) for item in due if panel.x.holds(item.hour))])


def _due(panel: Panel, item: Due) -> str:
    at = panel.x(item.hour), panel.y(min(item.amount_mg, panel.y.high))
    drawn = [_spot(*at)] if item.href else []
    drawn.append(marker(Marker.TRIANGLE, *at, colour=INK, size=3.6, hollow=True))
    if item.missed:
        drawn.append(_cross(at[0], panel.bottom - 8))
    return svg.link(item.href, item.name, *drawn, tab=False)


def _cross(x: float, y: float) -> str:
    size = 4.0
    lines = f"M{x - size:.1f} {y - size:.1f}L{x + size:.1f} {y + size:.1f}M{x - size:.1f} {y + size:.1f}"
    return svg.element("path", d=f"{lines}L{x + size:.1f} {y - size:.1f}", stroke=INK, stroke_width=2, fill="none")


def concentration(panel: Panel, line: Timeline) -> str:
    """Fit of the past and forecast with their bands, and the measured levels on top."""
    parts = []
    for part, dash in ((line.past, ""), (line.forecast, "7 4")):
        if part is None:
            continue
        times, q = part.times_h, part.quantiles
        parts.append(panel.band(times, q[0], q[4], colour=SKY, opacity=BAND_90 + 0.06))
        parts.append(panel.band(times, q[1], q[3], colour=SKY, opacity=BAND_50 + 0.1))
        parts.append(panel.line(times, q[2], colour=INK, dash=dash, width=1.8))
    free_from = panel.x.start - 40
    for level in line.levels:
        if not panel.x.holds(level.hour):
            continue
        value = words.concentration(level.value)
        at = panel.x(level.hour), panel.y(min(level.value, panel.y.high))
        drawn = marker(Marker.CIRCLE, *at, colour=INK, hollow=not level.used)
        parts.append(svg.link(level.href, level.name, _spot(*at), drawn))
        note = value if level.used else _("{value} (left out)").format(value=value)
        if at[0] >= free_from:
            parts.append(svg.text(note, at[0] + 7, at[1] - 6, font_size=SMALL, font_weight="600", **svg.HALO))
            free_from = at[0] + 7 + len(note) * 6.5
    return "".join(parts)


def steps(panel: Panel, item: Steps, until_h: float) -> str:
    """Values that hold until the next, the last until `until_h`, with words over stretches."""
    parts = []
    for low, high, said in item.notes:
        left, right = panel.x(max(low, panel.x.low)), panel.x(min(high, panel.x.high))
        if right <= left:
            continue
        parts.append(
            svg.element(
                "rect",
                x=left,
                y=panel.top,
                width=right - left,
                height=panel.bottom - panel.top,
                fill=INK,
                fill_opacity=0.08,
            )
        )
        if right - left > len(said) * 6.5:
            parts.append(svg.text(said, left + 4, panel.top + 11, font_size=SMALL, **svg.HALO))
    used = [mark for mark in item.marks if mark.used]
    values = item.line or (tuple((mark.hour, mark.value) for mark in used) if item.joined else ())
    held = _held(values, panel.x.low, min(max(until_h, panel.x.low), panel.x.high))
    parts.append(panel.line([t for t, _ in held], [v for _, v in held], colour=INK, width=1.4, opacity=0.7))
    if item.line_label and held:
        x, y = panel.x(held[-1][0]), panel.y(min(held[-1][1], panel.y.high))
        if x + 6 + len(item.line_label) * 6.5 < panel.x.end:
            parts.append(svg.text(item.line_label, x + 6, y + 4, font_size=SMALL, **svg.HALO))
        else:
            parts.append(svg.text(item.line_label, x - 4, y - 5, text_anchor="end", font_size=SMALL, **svg.HALO))
    free_from = panel.x.start - 30
    for mark in item.marks:
        if not panel.x.holds(mark.hour):
            continue
        at = panel.x(mark.hour), panel.y(min(mark.value, panel.y.high))
        drawn = marker(item.marker, *at, colour=INK, size=3.2, hollow=not mark.used or not item.joined)
        parts.append(svg.link(mark.href, mark.name, _spot(*at), drawn))
        if at[0] - 10 >= free_from:
            label = plain(mark.value, 2) if mark.value < 10 else plain(mark.value, 3)
            parts.append(svg.text(label, at[0], at[1] - 7, text_anchor="middle", font_size=SMALL, **svg.HALO))
            free_from = at[0] + 16
    return "".join(parts)


def _held(values: Sequence[tuple[float, float]], low: float, high: float) -> list[tuple[float, float]]:
    """The corners of a line of steps within [low, high]; the last value holds to its end."""
    corners: list[tuple[float, float]] = []
    for (start, value), (end, _next) in pairwise(values):
        if end > low and start < high:
            corners += [(max(start, low), value), (min(end, high), value)]
    if values and values[-1][0] <= high:
        start, value = max(values[-1][0], low), values[-1][1]
        corners += [(start, value), (high, value)]
    return corners


def vital(panel: Panel, item: VitalPanel, *, gap_fill: str, until_h: float, columns: Sequence[Column]) -> str:
    """Medians as a line over the range of each stretch; hatched where nothing was recorded."""
    shown = [[one for one in trace.bins if panel.x.holds(one.hour)] for trace in item.traces]
    parts = [
        _empty(panel, low, high, gap_fill)
        for low, high in gaps(shown, panel.x.low, max(panel.x.low, min(until_h, panel.x.high)))
    ]
    few = sum(map(len, shown)) <= FEW
    for trace, bins in zip(item.traces, shown, strict=True):
        for run in runs(bins):
            parts.append(_run(panel, trace, bins[run.start : run.stop], few=few))
        for mark in trace.more:
            if panel.x.holds(mark.hour):
                at = panel.x(mark.hour), panel.y(min(max(mark.value, panel.y.low), panel.y.high))
                drawn = marker(trace.marker, *at, colour=trace.colour, size=3, hollow=True)
                parts.append(svg.link(mark.href, mark.name, _spot(*at), drawn, tab=False))
    if not few:
        parts += [_column(panel, column) for column in columns]
    if len(item.traces) > 1:
        for trace, bins in zip(item.traces, shown, strict=True):
            if bins:
                at = panel.x(bins[-1].hour) + 6, panel.y(bins[-1].median) + 4
                parts.append(svg.text(trace.label, *at, font_size=SMALL, **svg.HALO))
    return "".join(parts)


def _run(panel: Panel, trace: Trace, bins: Sequence[BinMark], *, few: bool) -> str:
    times = [one.hour for one in bins]
    parts = []
    if any(one.low != one.high for one in bins):
        low, high = [one.low for one in bins], [one.high for one in bins]
        parts.append(panel.band(times, low, high, colour=trace.colour, opacity=0.2))
    parts.append(panel.line(times, [one.median for one in bins], colour=trace.colour, width=1.4))
    if few or len(bins) == 1:
        for one in bins:
            at = panel.x(one.hour), panel.y(one.median)
            drawn = marker(trace.marker, *at, colour=trace.colour, size=2.4)
            parts.append(svg.link(one.href, one.name, _spot(*at), drawn, tab=False) if few else drawn)
    return "".join(parts)


def _column(panel: Panel, column: Column) -> str:
    left, right = panel.x(column.low_h), panel.x(column.high_h)
    ground = svg.element(
        "rect", x=left, y=panel.top, width=right - left, height=panel.bottom - panel.top, fill="transparent"
    )
    return svg.link(column.href, column.name, ground, tab=False)


def _empty(panel: Panel, low: float, high: float, gap_fill: str) -> str:
    left, right = panel.x(low), panel.x(high)
    parts = [
        svg.element(
            "rect",
            x=left,
            y=panel.top,
            width=right - left,
            height=panel.bottom - panel.top,
            fill=f"url(#{gap_fill})",
            fill_opacity=0.55,
        )
    ]
    if right - left > 56:
        middle = (left + right) / 2, (panel.top + panel.bottom) / 2 + 4
        parts.append(svg.text(_("no data"), *middle, text_anchor="middle", font_size=SMALL, **svg.HALO))
    return "".join(parts)
