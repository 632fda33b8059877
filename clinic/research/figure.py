"""The figure of a study: exposure and target attainment of each regimen in each group of renal function."""

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.charts import svg
from clinic.charts.palette import Style, plan_letter, plan_style
from clinic.charts.panel import FAINT, SMALL, hatching, marker
from clinic.charts.scale import Scale, nice_step, tick_text, ticks
from clinic.measures import numbers
from clinic.measures.numbers import percent
from clinic.twin_words.said import said
from twins.cohorts.summarise import GroupExposure
from twins.pharmacology.target import Metric, Target
from twins.quantities.unit import readable

_LINE: Final = 18.0
_ARM: Final = 17.0
"""Height of one regimen within a group, px."""
_HEAD: Final = 22.0
"""Height of a group's name, px."""


def study_figure(rows: Sequence[GroupExposure], target: Target, *, prefix: str, width: float = 900.0) -> str:
    """One SVG: for each group a line a regimen, with the target's metric as median with 50 and 90 % intervals.

    Beside it stands how many of the patients are in the target.

    Parameters
    ----------
    rows
        Of ``twins.cohorts.summarise``: every regimen in every group.
    prefix
        Makes the ids unique in the page.
    width
        Of the drawing, px; below 500 the drawing is made for a narrow screen.
    """
    narrow = width < 500
    regimens = list(dict.fromkeys(row.regimen for row in rows))
    groups = list(dict.fromkeys(row.group for row in rows))
    found = {(row.group, row.regimen): row for row in rows}
    left = 26.0
    right = width - (64.0 if narrow else 190.0)
    x = Scale(0.0, _end(rows, target), left, right)

    parts = [hatching(f"{prefix}-target"), *_key(regimens, narrow=narrow)]
    top = _LINE * len(regimens) + 46
    height = sum(_HEAD + _ARM * len(regimens) + 8 for _ in groups)
    bottom = top + height
    title = _title(target)
    if not narrow and target.metric is not Metric.TIME_IN_RANGE:
        title = _("%(title)s (hatched: %(target)s)") % {"title": title, "target": said(target.name)}
    parts.append(svg.text(title, left, top - 22, font_weight="600"))
    parts.append(svg.text(_("in target"), right + 10, top - 22, font_weight="600", font_size=12 if narrow else 13))
    parts += _ground(x, target, top, bottom, prefix)
    y = top
    for group in groups:
        count = next(row.patients for row in rows if row.group == group)
        parts.append(
            svg.text(_group_name(group, count, narrow=narrow), left + 4, y + 16, font_weight="600", **svg.HALO)
        )
        y += _HEAD
        for position, regimen in enumerate(regimens):
            row = found[group, regimen]
            style = plan_style(position)
            middle = y + _ARM / 2
            parts.append(svg.text(plan_letter(position), left - 8, middle + 4, text_anchor="end", font_size=SMALL))
            parts.append(_interval(x, row, style, middle, target))
            parts.append(_share(row, style, right + 10, middle, width - 4, narrow=narrow))
            y += _ARM
        y += 8
    parts += [
        svg.text(tick_text(value), x(value), bottom + 16, text_anchor="middle", font_size=SMALL)
        for value in _ticks(x, narrow=narrow)
    ]
    return svg.picture(
        *parts,
        prefix=prefix,
        width=width,
        height=bottom + 26,
        title=_("Exposure and target attainment by renal function"),
        description=_description(rows, target),
    )


def _end(rows: Sequence[GroupExposure], target: Target) -> float:
    """Right end of the axis: tails beyond four times the limit are cut and marked."""
    highest = max(row.aimed_at[4] for row in rows)
    if target.metric is not Metric.TIME_IN_RANGE:
        highest = max(min(highest, 4.0 * target.high), 1.05 * target.low)
    highest = highest or 1.0
    step = nice_step(highest, 5)
    return step * (int(highest / step) + 1)


def _ticks(x: Scale, *, narrow: bool) -> list[float]:
    return ticks(x.low, x.high, 4 if narrow else 8)


def _key(regimens: Sequence[str], *, narrow: bool) -> list[str]:
    parts = []
    for position, regimen in enumerate(regimens):
        style, y = plan_style(position), 14.0 + _LINE * position
        parts.append(marker(style.marker, 12.0, y - 4, colour=style.colour, size=5.0))
        parts.append(svg.text(f"{plan_letter(position)}  {said(regimen)}", 26.0, y, font_size=12 if narrow else 13))
    return parts


def _ground(x: Scale, target: Target, top: float, bottom: float, prefix: str) -> list[str]:
    parts = []
    if target.metric is not Metric.TIME_IN_RANGE:  # whose limits are of the concentration, not of the share of time
        parts.append(
            svg.element(
                "rect",
                x=x(target.low),
                y=top,
                width=x(min(target.high, x.high)) - x(target.low),
                height=bottom - top,
                fill=f"url(#{prefix}-target)",
            )
        )
    for value in _ticks(x, narrow=x.end < 450):
        parts.append(
            svg.element(
                "line", x1=x(value), x2=x(value), y1=top, y2=bottom, stroke="currentColor", stroke_opacity=FAINT
            )
        )
    return parts


def _group_name(group: str, patients: int, *, narrow: bool) -> str:
    name = _("All patients") if group == "all" else said(f"{group[:1].upper()}{group[1:]}")
    count = f"{patients:,}".replace(",", "\u202f")
    if narrow:
        return f"{name} (n = {count})"
    return ngettext("%(group)s · %(number)s patient", "%(group)s · %(number)s patients", patients) % {
        "group": name,
        "number": count,
    }


def _interval(x: Scale, row: GroupExposure, style: Style, y: float, target: Target) -> str:
    q05, q25, q50, q75, q95 = (x(min(value, x.high)) for value in row.aimed_at)
    look = {"stroke": style.colour, "y1": y, "y2": y}
    parts = [
        svg.element("line", x1=q05, x2=q95, stroke_width=1.5, **look),
        svg.element("line", x1=q25, x2=q75, stroke_width=5, **look),
        marker(style.marker, q50, y, colour=style.colour, size=4.6, title=_values(row, target)),
    ]
    if row.aimed_at[4] > x.high:  # the tail goes on beyond the axis
        tip = [(x.end + 6, y), (x.end, y - 4), (x.end, y + 4)]
        parts.append(svg.element("path", d=svg.path(tip, close=True), fill=style.colour))
    return "".join(parts)


def _values(row: GroupExposure, target: Target) -> str:
    low, _25, middle, _75, high = (
        numbers.fixed(value, 0) if value >= 100 else numbers.plain(value, 3) for value in row.aimed_at
    )
    unit = _unit(target)
    return _("median %(middle)s, 90 %% from %(low)s to %(high)s, %(share)s in target") % {
        "middle": middle,
        "low": low,
        "high": f"{high} {unit}" if unit else high,
        "share": percent(row.p_in_target),
    }


def _unit(target: Target) -> str:
    return "" if target.metric is Metric.TIME_IN_RANGE else readable(target.unit)


def _title(target: Target) -> str:
    """``AUC24 of the last day, mg·h/L``."""
    words = said(target.output.replace("_", " ") or str(target.metric))
    unit = _unit(target)
    title = _("%(metric)s of the last day") % {"metric": f"{words[:1].upper()}{words[1:]}"}
    return f"{title}, {unit}" if unit else title


def _share(row: GroupExposure, style: Style, x: float, y: float, end: float, *, narrow: bool) -> str:
    label = svg.text(percent(row.p_in_target), x + 38, y + 4, text_anchor="end", font_size=12)
    if narrow:
        return label
    length = end - x - 48
    rail = svg.element(
        "rect", x=x + 46, y=y - 4, width=length, height=8, fill="none", stroke="currentColor", stroke_opacity=0.4
    )
    return (
        label
        + rail
        + svg.element("rect", x=x + 46, y=y - 4, width=length * row.p_in_target, height=8, fill=style.colour)
    )


def _description(rows: Sequence[GroupExposure], target: Target) -> str:
    return " ".join(f"{said(row.regimen)}, {said(row.group)}: {_values(row, target)}." for row in rows)
