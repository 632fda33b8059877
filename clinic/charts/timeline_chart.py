"""The patient's timeline: doses, levels with fit and forecast, creatinine and vital signs on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from clinic.charts import svg, words
from clinic.charts.comparison_chart import BAND_50, BAND_90
from clinic.charts.palette import INK, SKY, Marker
from clinic.charts.panel import SMALL, Panel, hatching, marker, runs
from clinic.charts.scale import Scale, padded, time_ticks
from twins.forecasts.forecast import PastFit, PlanForecast

GAP_H: Final = 6.0
"""Vital signs further apart than this, h, are shown as a gap: wards take them at least that often."""


@dataclass(frozen=True, slots=True)
class DoseMark:
    hour: float
    amount_mg: float
    used: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """One value at one time; `used` is False for one that was left out."""

    hour: float
    value: float
    used: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    """One series of a vital sign: (hour, lowest, median, highest) of each interval; equal for a single value."""

    label: str
    bins: tuple[tuple[float, float, float, float], ...]
    colour: str = INK
    marker: Marker = Marker.CIRCLE


@dataclass(frozen=True, slots=True)
class VitalPanel:
    title: str
    traces: tuple[Trace, ...]
    least_span: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the chart shows; hours since `start`."""

    start: datetime
    low_h: float
    high_h: float
    as_of_h: float | None = None
    doses: tuple[DoseMark, ...] = ()
    levels: tuple[Measured, ...] = ()
    past: PastFit | None = None
    forecast: PlanForecast | None = None
    creatinine: tuple[Measured, ...] = ()
    vitals: tuple[VitalPanel, ...] = field(default=())


def binned(values: Sequence[tuple[float, float]], width_h: float) -> tuple[tuple[float, float, float, float], ...]:
    """(time, lowest, median, highest) of each `width_h` hours that hold a value; `values` in order of time."""
    found: list[tuple[float, float, float, float]] = []
    group: list[tuple[float, float]] = []

    def close() -> None:
        if group:
            ordered = sorted(value for _, value in group)
            found.append((group[len(group) // 2][0], ordered[0], ordered[len(ordered) // 2], ordered[-1]))

    number: float | None = None
    for hour, value in values:
        here = hour // width_h
        if here != number:
            close()
            group = []
            number = here
        group.append((hour, value))
    close()
    return tuple(found)


def timeline_chart(line: Timeline, *, zone: tzinfo, prefix: str, width: float = 900.0) -> str:
    """One SVG, panels above each other: doses, concentration, creatinine, then one a vital sign.

    A stretch without a value is left open and marked; no line is drawn across it.
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

    if line.doses or line.levels or line.past:
        if line.doses:
            top = padded(
                [dose.amount_mg for dose in line.doses if x.holds(dose.hour)], least_span=500.0, from_zero=True
            )[1]
            parts.append(_doses(panel(0.0, top, 46.0, "Doses given, mg", 2), line.doses))
        shown = [level.value for level in line.levels if x.holds(level.hour)]
        for part in (line.past, line.forecast):
            if part is not None:
                shown += [v for t, v in zip(part.times_h, part.quantiles[4], strict=True) if x.holds(t)]
        low, high = padded(shown, least_span=20.0, from_zero=True)
        what = "Vancomycin, mg/L: levels, fit" if narrow else "Vancomycin, mg/L: measured levels, the twin's fit"
        title = f"{what} and forecast of the current plan" if line.forecast and not narrow else what
        parts.append(_concentration(panel(low, high, 180.0, title, 4), line))
    if line.creatinine:
        low, high = padded([1.15 * item.value for item in line.creatinine], least_span=0.8, from_zero=True)
        parts.append(_creatinine(panel(low, high, 64.0, "Serum creatinine, mg/dL"), line.creatinine))
    for vital in line.vitals:
        values = [value for trace in vital.traces for item in trace.bins for value in (item[1], item[3])]
        if values:
            low, high = padded(values, least_span=vital.least_span)
            made = panel(low, high, 64.0, vital.title)
            until = line.as_of_h if line.as_of_h is not None else line.high_h
            parts.append(_vital(made, vital, f"{prefix}-gap", until))
    if line.as_of_h is not None and x.holds(line.as_of_h) and last is not None:
        at = x(line.as_of_h)
        parts.append(
            svg.element(
                "line", x1=at, x2=at, y1=20, y2=last.bottom, stroke=INK, stroke_dasharray="4 3", stroke_opacity=0.75
            )
        )
        label = "twin's data until " + words.clock(_moment(line), zone)[-5:]
        anchor = "end" if at > (left + right) / 2 else "start"
        parts.append(svg.text(label, at + (-5 if anchor == "end" else 5), 14.0, text_anchor=anchor, font_size=SMALL))
    if last is not None:
        parts.append(last.time_labels(time))
    return svg.picture(
        *parts,
        prefix=prefix,
        width=width,
        height=y - 4,
        title="Timeline of doses, levels, creatinine and vital signs",
        description=_description(line),
    )


def _moment(line: Timeline) -> datetime:
    return line.start + timedelta(hours=line.as_of_h or 0.0)


def _doses(panel: Panel, doses: Sequence[DoseMark]) -> str:
    parts = []
    shown = [dose for dose in doses if panel.x.holds(dose.hour)]
    edges = [*(panel.x(dose.hour) for dose in shown[1:]), panel.x.end + 40]
    for dose, edge in zip(shown, edges, strict=True):
        at, top = panel.x(dose.hour), panel.y(dose.amount_mg)
        parts.append(
            svg.element(
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
        )
        label = f"{dose.amount_mg:g}" + ("" if dose.used else " out")
        if at + 7 + len(label) * 6.8 < edge:
            parts.append(svg.text(label, at + 5, panel.bottom - 6, font_size=SMALL, **svg.HALO))
    return "".join(parts)


def _concentration(panel: Panel, line: Timeline) -> str:
    parts = []
    for part, dash in ((line.past, ""), (line.forecast, "7 4")):
        if part is None:
            continue
        times, q = part.times_h, part.quantiles
        parts.append(panel.band(times, q[0], q[4], colour=SKY, opacity=BAND_90 + 0.06))
        parts.append(panel.band(times, q[1], q[3], colour=SKY, opacity=BAND_50 + 0.1))
        parts.append(panel.line(times, q[2], colour=INK, dash=dash, width=1.8))
    for level in line.levels:
        if panel.x.holds(level.hour):
            value = words.concentration(level.value)
            at = panel.x(level.hour), panel.y(min(level.value, panel.y.high))
            parts.append(marker(Marker.CIRCLE, *at, colour=INK, hollow=not level.used, title=f"{value} mg/L"))
            note = value if level.used else f"{value} (left out)"
            parts.append(svg.text(note, at[0] + 7, at[1] - 6, font_size=SMALL, font_weight="600", **svg.HALO))
    return "".join(parts)


def _creatinine(panel: Panel, items: Sequence[Measured]) -> str:
    shown = [item for item in items if panel.x.holds(item.hour)]
    used = [item for item in shown if item.used]
    steps: list[tuple[float, float]] = []
    for before, after in pairwise(used):
        steps += [(before.hour, before.value), (after.hour, before.value)]
    if used:
        steps.append((used[-1].hour, used[-1].value))
    parts = [panel.line([t for t, _ in steps], [v for _, v in steps], colour=INK, width=1.4, opacity=0.7)]
    free_from = panel.x.start - 30
    for item in shown:
        at = panel.x(item.hour), panel.y(item.value)
        parts.append(marker(Marker.SQUARE, *at, colour=INK, size=3.2, hollow=not item.used))
        if at[0] - 10 >= free_from:
            parts.append(
                svg.text(f"{item.value:.2g}", at[0], at[1] - 7, text_anchor="middle", font_size=SMALL, **svg.HALO)
            )
            free_from = at[0] + 16
    return "".join(parts)


def _vital(panel: Panel, vital: VitalPanel, gap_fill: str, until_h: float) -> str:
    parts = []
    for trace in vital.traces:
        bins = [item for item in trace.bins if panel.x.holds(item[0])]
        for run in runs([item[0] for item in bins], GAP_H):
            part = [bins[k] for k in run]
            times = [item[0] for item in part]
            if any(item[1] != item[3] for item in part):
                low, high = [item[1] for item in part], [item[3] for item in part]
                parts.append(panel.band(times, low, high, colour=trace.colour, opacity=0.2))
            parts.append(panel.line(times, [item[2] for item in part], colour=trace.colour, width=1.4))
            if len(part) <= 24:
                size = 2.4
                parts += [
                    marker(trace.marker, panel.x(item[0]), panel.y(item[2]), colour=trace.colour, size=size)
                    for item in part
                ]
    for low, high in gaps([item[0] for trace in vital.traces for item in trace.bins], panel.x.low, until_h):
        x_low, x_high = panel.x(max(low, panel.x.low)), panel.x(min(high, panel.x.high))
        parts.append(
            svg.element(
                "rect",
                x=x_low,
                y=panel.top,
                width=x_high - x_low,
                height=panel.bottom - panel.top,
                fill=f"url(#{gap_fill})",
                fill_opacity=0.55,
            )
        )
        if x_high - x_low > 56:
            middle = (x_low + x_high) / 2, (panel.top + panel.bottom) / 2 + 4
            parts.append(svg.text("no data", *middle, text_anchor="middle", font_size=SMALL, **svg.HALO))
    if len(vital.traces) > 1:
        for trace, item in ((trace, trace.bins[-1]) for trace in vital.traces if trace.bins):
            if panel.x.holds(item[0]):
                at = panel.x(item[0]) + 6
                parts.append(svg.text(trace.label, at, panel.y(item[2]) + 4, font_size=SMALL, **svg.HALO))
    return "".join(parts)


def gaps(times: Sequence[float], low_h: float, high_h: float) -> list[tuple[float, float]]:
    """Stretches of [low_h, high_h] longer than `GAP_H` without a value."""
    inside = sorted(t for t in times if low_h <= t <= high_h)
    edges = [low_h, *inside, high_h]
    return [(before, after) for before, after in pairwise(edges) if after - before > GAP_H]


def _description(line: Timeline) -> str:
    parts = [f"{len(line.doses)} doses given."]
    if line.levels:
        parts.append(
            "Levels: "
            + ", ".join(
                f"{words.concentration(level.value)} mg/L" + ("" if level.used else " (left out)")
                for level in line.levels
            )
            + "."
        )
    else:
        parts.append("No level measured.")
    if line.creatinine:
        parts.append("Creatinine: " + ", ".join(f"{item.value:.2g}" for item in line.creatinine[-6:]) + " mg/dL.")
    for vital in line.vitals:
        ends = [f"{trace.label} {trace.bins[-1][2]:.4g}" for trace in vital.traces if trace.bins]
        if ends:
            parts.append(f"{vital.title}: last {', '.join(ends)}.")
    parts.append("The values are in the tables of this page.")
    return " ".join(parts)
