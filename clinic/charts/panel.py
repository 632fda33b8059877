"""One panel of a chart: a y axis of its own over a time axis that it may share with the panels above and below."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clinic.charts import svg
from clinic.charts.palette import Marker
from clinic.charts.scale import Scale, TimeTick, tick_text, ticks

FAINT = 0.16
"""Opacity of grid lines in the text's colour."""
SMALL = 11.5
"""Font size of tick labels."""


@dataclass(frozen=True, slots=True)
class Panel:
    x: Scale
    y: Scale

    @property
    def top(self) -> float:
        return self.y.end

    @property
    def bottom(self) -> float:
        return self.y.start

    def frame(self, title: str, *, time_ticks: Sequence[TimeTick], tick_count: int = 4) -> str:
        """Grid, tick labels of the y axis, and the title above the panel."""
        parts = [svg.text(title, 2.0, self.top - 8, font_weight="600")]
        for tick in time_ticks:
            x = self.x(tick.hour)
            parts.append(
                svg.element(
                    "line",
                    x1=x,
                    x2=x,
                    y1=self.top,
                    y2=self.bottom,
                    stroke="currentColor",
                    stroke_opacity=FAINT * (1.6 if tick.midnight else 0.7),
                )
            )
        for value in ticks(self.y.low, self.y.high, tick_count):
            y = self.y(value)
            parts.append(
                svg.element(
                    "line", x1=self.x.start, x2=self.x.end, y1=y, y2=y, stroke="currentColor", stroke_opacity=FAINT
                )
            )
            parts.append(svg.text(tick_text(value), self.x.start - 6, y + 4, text_anchor="end", font_size=SMALL))
        return "".join(parts)

    def time_labels(self, time_ticks: Sequence[TimeTick]) -> str:
        """The labels of the shared time axis, under this panel; one that would run into its neighbour is left out."""
        parts = []
        free_from = -math.inf
        for tick in time_ticks:
            x = self.x(tick.hour)
            half = len(tick.label) * SMALL * 0.28
            if x - half < free_from:
                continue
            free_from = x + half + 6
            parts.append(
                svg.text(
                    tick.label,
                    x,
                    self.bottom + 17,
                    text_anchor="middle",
                    font_size=SMALL,
                    font_weight="600" if tick.midnight else None,
                )
            )
        return "".join(parts)

    def points(self, times: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
        """Pixels of the points that lie in the time window; values beyond the y axis are drawn at its edge."""
        hours, heights = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
        if len(hours) != len(heights):
            raise ValueError(f"{len(hours)} times and {len(heights)} values; give as many of both")
        shown = (hours >= self.x.low) & (hours <= self.x.high)
        across = self.x(hours[shown])
        up = self.y(np.clip(heights[shown], self.y.low, self.y.high))
        return list(zip(across.tolist(), up.tolist(), strict=True))

    def band(
        self, times: Sequence[float], low: Sequence[float], high: Sequence[float], *, colour: str, opacity: float
    ) -> str:
        upper = self.points(times, high)
        lower = self.points(times, low)
        if len(upper) < 2:
            return ""
        return svg.element(
            "path", d=svg.path([*upper, *reversed(lower)], close=True), fill=colour, fill_opacity=opacity
        )

    def line(
        self,
        times: Sequence[float],
        values: Sequence[float],
        *,
        colour: str,
        width: float = 2.0,
        dash: str = "",
        opacity: float | None = None,
    ) -> str:
        points = self.points(times, values)
        if len(points) < 2:
            return ""
        return svg.element(
            "path",
            d=svg.path(points),
            fill="none",
            stroke=colour,
            stroke_width=width,
            stroke_dasharray=dash,
            stroke_linejoin="round",
            stroke_opacity=opacity,
        )

    def vertical(self, hour: float, *, dash: str = "4 3", opacity: float = 0.75) -> str:
        x = self.x(hour)
        return svg.element(
            "line",
            x1=x,
            x2=x,
            y1=self.top,
            y2=self.bottom,
            stroke="currentColor",
            stroke_dasharray=dash,
            stroke_opacity=opacity,
        )


def marker(
    kind: Marker, x: float, y: float, *, colour: str, size: float = 4.0, hollow: bool = False, title: str = ""
) -> str:
    """A mark of one of four shapes around (x, y); hollow for a value that is shown but not used."""
    look = {
        "fill": "none" if hollow else colour,
        "stroke": colour,
        "stroke_width": 1.5 if hollow else 1,
    }
    inner = svg.element("title", svg.escape(title)) if title else ""
    if kind is Marker.CIRCLE:
        return svg.element("circle", inner, cx=x, cy=y, r=size, **look)
    corners = {
        Marker.SQUARE: [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        Marker.DIAMOND: [(0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)],
        Marker.TRIANGLE: [(0, -1.3), (1.2, 1), (-1.2, 1)],
    }[kind]
    outline = svg.path([(x + size * dx, y + size * dy) for dx, dy in corners], close=True)
    return svg.element("path", inner, d=outline, **look)


def hatching(identity: str) -> str:
    """Definition of the diagonal hatch of target zones."""
    stripe = svg.element("line", x1=0, y1=0, x2=0, y2=7, stroke="currentColor", stroke_width=1.4, stroke_opacity=0.38)
    return svg.element(
        "defs",
        svg.element(
            "pattern",
            stripe,
            id=identity,
            width=7,
            height=7,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )
