"""The comparison's chart: what was measured, the past fit, each plan's forecast, and the AUC24 of each day."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from clinic.charts import svg, target_words, words
from clinic.charts.palette import INK, Marker, Style, plan_letter, plan_style
from clinic.charts.panel import SMALL, Panel, hatching, marker
from clinic.charts.scale import Scale, TimeTick, padded, time_ticks
from clinic.charts.shown_levels import ShownLevels
from clinic.measures.numbers import plain
from clinic.twin_words.said import said
from twins.forecasts.forecast import ComparisonResult, PlanForecast
from twins.pharmacology import formulary
from twins.pharmacology.target import Target
from twins.samples.course import Course

BAND_90: Final = 0.10
BAND_50: Final = 0.20
_LINE = 18.0
"""Height of a line of the key, px."""


def comparison_chart(
    result: ComparisonResult,
    course: Course,
    *,
    zone: tzinfo,
    prefix: str,
    width: float = 900.0,
    past_h: float = 48.0,
    ahead_h: float = 48.0,
    excluded: Sequence[tuple[float, float, str]] = (),
) -> str:
    """One SVG of two panels on one time axis.

    Parameters
    ----------
    result, course
        In the unit that pages show levels in (`ShownLevels`).
    zone
        Wall clock of the labels.
    prefix
        Makes the ids unique in the page.
    width
        Of the drawing, px; below 500 the drawing is made for a narrow screen.
    past_h, ahead_h
        How much before and after the comparison's moment is shown, h.
    excluded
        Levels that were left out: (hours since the course's start, value, why).
    """
    narrow = width < 500
    left, right = (38.0, width - 16.0) if narrow else (46.0, width - 30.0)
    low_h = max(result.as_of_h - past_h, min([0.0, *(level.time_h for level in course.levels)]))
    high_h = min(result.as_of_h + ahead_h, result.as_of_h + result.horizon_h)
    x = Scale(low_h, high_h, left, right)
    time = time_ticks(course.start, low_h, high_h, zone, 5 if narrow else 14)

    key, key_height = _key(result, narrow=narrow, measured=bool(course.levels), left_out=bool(excluded))
    top = key_height + 34
    upper_height = 210.0 if narrow else 250.0
    shown = [f.quantiles[4][k] for f in result.forecasts for k, t in enumerate(f.times_h) if t <= high_h]
    shown += [v for t, v in zip(result.past.times_h, result.past.quantiles[4], strict=True) if t >= low_h]
    shown += [level.value for level in course.levels if x.holds(level.time_h)]
    low, high = padded(shown, least_span=ShownLevels.of(course.drug).least_span, from_zero=True)
    upper = Panel(x, Scale(low, high, top + upper_height, top))

    lower_top = top + upper_height + 62
    lower_height = 150.0 if narrow else 170.0
    lower = Panel(x, Scale(0.0, _exposure_top(result), lower_top + lower_height, lower_top))
    height = lower_top + lower_height + 26

    parts = [
        hatching(f"{prefix}-target"),
        key,
        _concentrations(upper, result, course, time, excluded),
        _exposures(lower, result, _area_unit(course), time, prefix, narrow=narrow),
    ]
    return svg.picture(
        *parts,
        prefix=prefix,
        width=width,
        height=height,
        title=_("{drug}: measured levels, past fit and forecast of each plan").format(
            drug=formulary.drug(course.drug).title
        ),
        description=_description(result, course),
    )


def _key(result: ComparisonResult, *, narrow: bool, measured: bool, left_out: bool) -> tuple[str, float]:
    """The key, and its height: one line a plan with letter, dash and regimen; then what the marks mean."""
    parts = []
    y = 14.0
    for position, forecast in enumerate(result.forecasts):
        style = plan_style(position)
        parts.append(_swatch(style, 4.0, y - 4))
        parts.append(svg.text(plan_letter(position), 48.0, y, font_weight="700"))
        label = words.plan_title(forecast.plan)
        parts.append(svg.text(label, 64.0, y, font_size=12 if narrow else 13))
        y += _LINE
    marks = []
    if measured:
        marks.append(("level", _("measured level")))
    if left_out:
        marks.append(("left-out", _("level left out")))
    # xgettext:no-python-format
    marks += [("bands", _("50 % and 90 % bands")), ("dose", _("dose given"))]
    at = 4.0
    limit = 330.0 if narrow else 860.0
    for kind, label in marks:
        length = 26 + len(label) * 6.6
        if at + length > limit:
            at, y = 4.0, y + _LINE
        parts.append(_mark(kind, at, y - 4))
        parts.append(svg.text(label, at + 24, y, font_size=12))
        at += length + 14
    return "".join(parts), y


def _swatch(style: Style, x: float, y: float) -> str:
    return svg.element(
        "line", x1=x, x2=x + 38, y1=y, y2=y, stroke=style.colour, stroke_width=2.2, stroke_dasharray=style.dash
    )


def _mark(kind: str, x: float, y: float) -> str:
    if kind == "level":
        return marker(Marker.CIRCLE, x + 9, y, colour=INK)
    if kind == "left-out":
        return marker(Marker.CIRCLE, x + 9, y, colour=INK, hollow=True)
    if kind == "dose":
        return _dose(x + 9, y + 6)
    wide = svg.element("rect", x=x, y=y - 7, width=18, height=14, fill=INK, fill_opacity=BAND_90)
    return wide + svg.element("rect", x=x, y=y - 3.5, width=18, height=7, fill=INK, fill_opacity=BAND_50)


def _dose(x: float, bottom: float) -> str:
    return svg.element(
        "path", d=svg.path([(x, bottom), (x - 3.5, bottom - 7), (x + 3.5, bottom - 7)], close=True), fill=INK
    )


def _concentrations(
    panel: Panel,
    result: ComparisonResult,
    course: Course,
    time: Sequence[TimeTick],
    excluded: Sequence[tuple[float, float, str]],
) -> str:
    parts = [panel.frame(_("Concentration, {unit}").format(unit=_unit(course)), time_ticks=time)]
    past = result.past
    parts.append(panel.band(past.times_h, past.quantiles[0], past.quantiles[4], colour=INK, opacity=BAND_90))
    parts.append(panel.band(past.times_h, past.quantiles[1], past.quantiles[3], colour=INK, opacity=BAND_50))
    for position, forecast in reversed(list(enumerate(result.forecasts))):
        colour = plan_style(position).colour
        times, q = _own_part(forecast, result.forecasts[0])
        parts.append(panel.band(times, q[0], q[4], colour=colour, opacity=BAND_90))
        parts.append(panel.band(times, q[1], q[3], colour=colour, opacity=BAND_50))
    parts.append(panel.line(past.times_h, past.quantiles[2], colour=INK, width=1.6))
    for position, forecast in reversed(list(enumerate(result.forecasts))):
        style = plan_style(position)
        times, q = _own_part(forecast, result.forecasts[0])
        parts.append(panel.line(times, q[2], colour=style.colour, dash=style.dash, width=2.2))
    parts.append(_end_letters(panel, result.forecasts))
    parts += [_dose(panel.x(dose.start_h), panel.bottom) for dose in course.doses if panel.x.holds(dose.start_h)]
    parts.append(panel.vertical(result.as_of_h))
    fit, forecast_word = pgettext("side of a chart", "fit"), pgettext("side of a chart", "forecast")
    parts.append(svg.text(fit, panel.x(result.as_of_h) - 5, panel.top + 12, text_anchor="end", font_size=SMALL))
    parts.append(svg.text(forecast_word, panel.x(result.as_of_h) + 5, panel.top + 12, font_size=SMALL))
    for level in course.levels:
        if panel.x.holds(level.time_h):
            value = words.concentration(level.value)
            at = panel.x(level.time_h), panel.y(level.value)
            parts.append(marker(Marker.CIRCLE, *at, colour=INK, title=f"{value} {_unit(course)}"))
            parts.append(svg.text(value, at[0] + 7, at[1] - 6, font_size=SMALL, font_weight="600", **svg.HALO))
    for hour, value, why in excluded:
        if panel.x.holds(hour):
            parts.append(
                marker(
                    Marker.CIRCLE, panel.x(hour), panel.y(min(value, panel.y.high)), colour=INK, hollow=True, title=why
                )
            )
    parts.append(panel.time_labels(time))
    return "".join(parts)


def _own_part(forecast: PlanForecast, current: PlanForecast) -> tuple[Sequence[float], Sequence[Sequence[float]]]:
    """Times and quantiles from where the plan parts from the current one; what they share is drawn once.

    The plans' times differ where doses begin and end, so they are compared at the times that both have.
    """
    first = 0
    if forecast is not current:
        theirs = dict(zip(current.times_h, current.quantiles[2], strict=True))
        for k, (time, value) in enumerate(zip(forecast.times_h, forecast.quantiles[2], strict=True)):
            if time in theirs:
                if abs(value - theirs[time]) > 1e-6 * (1 + value):
                    break
                first = k
    return forecast.times_h[first:], [row[first:] for row in forecast.quantiles]


def _end_letters(panel: Panel, forecasts: Sequence[PlanForecast]) -> str:
    """The letter of each plan at the end of its line, moved apart where they would overlap."""
    ends = []
    for position, forecast in enumerate(forecasts):
        inside = [k for k, t in enumerate(forecast.times_h) if panel.x.holds(t)]
        if inside:
            ends.append((panel.y(forecast.quantiles[2][inside[-1]]), position))
    ends.sort()
    parts = []
    lowest = panel.top
    for y, position in ends:
        lowest = max(y, lowest + 13)
        letter = plan_letter(position)
        parts.append(svg.text(letter, panel.x.end + 4, lowest + 4, font_weight="700", font_size=12))
    return "".join(parts)


def _exposure_top(result: ComparisonResult) -> float:
    """Upper end of the AUC24 axis: long tails are cut at twice the limit, so that the target stays readable."""
    highest = max(day.auc24.q95 for forecast in result.forecasts for day in forecast.days)
    medians = max(day.auc24.q75 for forecast in result.forecasts for day in forecast.days)
    if not _has_band(result.target):
        return padded([min(highest, 2.0 * medians)], least_span=0.1 * highest or 1.0, from_zero=True)[1]
    return padded(
        [min(highest, max(2.0 * result.target.high, medians))], least_span=1.3 * result.target.high, from_zero=True
    )[1]


def _has_band(target: Target) -> bool:
    """Whether the target is one of AUC24, to be drawn among them."""
    return target_words.is_auc24(target) and target.has_limit


def _exposures(
    panel: Panel, result: ComparisonResult, unit: str, time: Sequence[TimeTick], prefix: str, *, narrow: bool
) -> str:
    target = result.target
    if not _has_band(target):
        title = _("AUC24 by day, {unit}") if narrow else _("AUC24 of each day, {unit}")
    elif narrow:
        title = _("AUC24 by day, {unit} (target {low}–{high})")
    else:
        title = _("AUC24 of each day, {unit} (hatched: target {low}–{high})")
    title = title.format(unit=unit, low=plain(target.low), high=plain(target.high))
    parts = [panel.frame(title, time_ticks=time, tick_count=5)]
    start = panel.x(result.as_of_h)
    if _has_band(target):
        y_low, y_high = panel.y(target.low), panel.y(target.high)
        parts.append(
            svg.element(
                "rect",
                x=start,
                y=y_high,
                width=panel.x.end - start,
                height=y_low - y_high,
                fill=f"url(#{prefix}-target)",
            )
        )
        for edge in (y_low, y_high):
            line = {"x1": start, "x2": panel.x.end, "y1": edge, "y2": edge}
            parts.append(svg.element("line", **line, stroke=INK, stroke_opacity=0.6))
    days = [day for day in result.forecasts[0].days if panel.x.holds(day.from_h) and day.to_h <= panel.x.high + 1e-6]
    count = len(result.forecasts)
    for index, day in enumerate(days):
        x_from, x_to = panel.x(day.from_h), panel.x(day.to_h)
        if index:
            parts.append(panel.vertical(day.from_h, dash="2 3", opacity=0.5))
        for position, forecast in enumerate(result.forecasts):
            x = x_from + (x_to - x_from) * (position + 0.75) / (count + 0.5)
            parts.append(_interval(panel, x, forecast, index, position))
    if days:
        middle = (panel.x.start + start) / 2
        if start - panel.x.start > (60 if narrow else 120):
            for k, line in enumerate(_bars_explained(narrow)):
                y = (panel.top + panel.bottom) / 2 + 15 * k
                parts.append(svg.text(line, middle, y, text_anchor="middle", font_size=SMALL))
    parts.append(panel.vertical(result.as_of_h))
    parts.append(panel.time_labels(time))
    return "".join(parts)


def _bars_explained(narrow: bool) -> tuple[str, str]:
    if narrow:
        return _("thick 50 %,"), _("thin 90 %")
    return _("thick bar: 50 %, thin bar: 90 %,"), _("crossbar: median")


def _interval(panel: Panel, x: float, forecast: PlanForecast, index: int, position: int) -> str:
    style = plan_style(position)
    auc = forecast.days[index].auc24

    def y(value: float) -> float:
        return panel.y(min(value, panel.y.high))

    look = {"stroke": style.colour}
    parts = [
        svg.element("line", x1=x, x2=x, y1=y(auc.q05), y2=y(auc.q95), stroke_width=2, **look),
        svg.element("line", x1=x, x2=x, y1=y(auc.q25), y2=y(auc.q75), stroke_width=8, **look),
        svg.element("line", x1=x - 8, x2=x + 8, y1=y(auc.q50), y2=y(auc.q50), stroke_width=2.5, **look),
    ]
    if auc.q95 > panel.y.high:  # the tail goes on beyond the axis
        tip = [(x, panel.top - 6), (x - 4, panel.top), (x + 4, panel.top)]
        parts.append(svg.element("path", d=svg.path(tip, close=True), fill=style.colour))
    at = max(y(auc.q95) - 5, panel.top + 12)
    side = 9.0 if auc.q95 > panel.y.high else 0.0
    parts.append(
        svg.text(plan_letter(position), x + side, at, text_anchor="middle", font_size=12, font_weight="700", **svg.HALO)
    )
    return "".join(parts)


def _unit(course: Course) -> str:
    return ShownLevels.of(course.drug).name


def _area_unit(course: Course) -> str:
    return ShownLevels.of(course.drug).area_name


def _description(result: ComparisonResult, course: Course) -> str:
    """The chart in words, for a reader who cannot see it."""
    target = result.target
    levels = words.listed(f"{words.concentration(level.value)} {_unit(course)}" for level in course.levels)
    count = len(course.levels)
    measured = ngettext("{count} measured level: {levels}.", "{count} measured levels: {levels}.", count)
    parts = [
        measured.format(count=count, levels=levels) if levels else _("No measured level."),
        _("Target AUC24 {low} to {high} {unit}.").format(
            low=plain(target.low), high=plain(target.high), unit=_area_unit(course)
        )
        if _has_band(target)
        else _("Target: {target}.").format(target=said(target.name)),
    ]
    for position, forecast in enumerate(result.forecasts):
        style = plan_style(position)
        aucs = words.listed(words.exposure(day.auc24.q50) for day in forecast.days)
        told = _("Plan {letter}, {line}, {plan}. {sentence} Median AUC24 by day: {values} {unit}.").format(
            letter=plan_letter(position),
            line=style.pattern_name,
            plan=words.plan_title(forecast.plan),
            sentence=said(forecast.sentence),
            values=aucs,
            unit=_area_unit(course),
        )
        parts.append(told)
    return " ".join(parts)
