"""Too little, in the target and too much, side by side on one bar."""

from django.utils.translation import gettext as _

from clinic.charts import svg, words
from clinic.charts.palette import GREEN, INK, VERMILLION
from twins.forecasts.forecast import Attained

_WIDTH, _HEIGHT = 220.0, 16.0
_LEAST = 26.0
"""Width of a part that its percentage fits into, px."""


def chance_bar(lies: Attained, prefix: str) -> str:
    """One SVG: below, in and above the target, told apart by place, hatching and figure, not by colour alone."""
    below, inside, above = lies.p_below, lies.p_in_target, lies.p_above
    hatch = f"{prefix}-above"
    stripe = svg.element("line", x1=0, y1=0, x2=0, y2=5, stroke=VERMILLION, stroke_width=5)
    pattern = svg.element(
        "pattern", stripe, id=hatch, width=5, height=5, patternUnits="userSpaceOnUse", patternTransform="rotate(45)"
    )
    parts = [svg.element("defs", pattern)]
    at = 0.0
    for share, look in (
        (below, {"fill": INK, "fill_opacity": 0.10}),
        (inside, {"fill": GREEN, "fill_opacity": 0.45}),
        (above, {"fill": f"url(#{hatch})", "fill_opacity": 0.75}),
    ):
        width = _WIDTH * share
        if width > 0:
            parts.append(svg.element("rect", x=at, y=0, width=width, height=_HEIGHT, **look))
        if width >= _LEAST:
            parts.append(
                svg.text(
                    words.percent(share),
                    at + width / 2,
                    12.0,
                    text_anchor="middle",
                    font_size=11,
                    font_weight="600",
                    **svg.HALO,
                )
            )
        at += width
    parts.append(
        svg.element(
            "rect",
            x=0.5,
            y=0.5,
            width=_WIDTH - 1,
            height=_HEIGHT - 1,
            fill="none",
            stroke="currentColor",
            stroke_opacity=0.6,
        )
    )
    return svg.picture(
        *parts,
        prefix=prefix,
        width=_WIDTH,
        height=_HEIGHT,
        title=_("Chances below, in and above the target"),
        description=_("Below {below}, in the target {inside}, above {above}.").format(
            below=words.percent(below), inside=words.percent(inside), above=words.percent(above)
        ),
    )
