"""Colours and dashes: the Okabe–Ito set, told apart by dash, marker and letter as well, never by colour alone.

Okabe M, Ito K. Color Universal Design: how to make figures and presentations that are friendly to colourblind people.
https://jfly.uni-koeln.de/color/ (2008). Of its eight colours those draw lines that keep 3:1 contrast against both of
the page's grounds (WCAG 2.2, 1.4.11); black is the text's own colour, so that it turns light in dark mode.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

INK = "currentColor"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
ORANGE = "#E69F00"


class Marker(StrEnum):
    CIRCLE = "circle"
    SQUARE = "square"
    DIAMOND = "diamond"
    TRIANGLE = "triangle"


@dataclass(frozen=True, slots=True)
class Style:
    """How one series looks; `dash` is an SVG stroke-dasharray, empty for a solid line."""

    colour: str
    dash: str
    marker: Marker
    pattern_name: str | Promise
    """The dash in words, for the description that a screen reader speaks."""


_PLANS = (
    Style(INK, "", Marker.CIRCLE, _("solid line")),
    Style(BLUE, "9 4", Marker.SQUARE, _("dashed line")),
    Style(VERMILLION, "3 3", Marker.DIAMOND, _("dotted line")),
    Style(GREEN, "11 4 3 4", Marker.TRIANGLE, _("dash-dot line")),
    Style(PURPLE, "16 5", Marker.SQUARE, _("long-dashed line")),
    Style(ORANGE, "6 3 2 3 2 3", Marker.DIAMOND, _("dash-dot-dot line")),
)
MAX_PLANS = len(_PLANS)


def plan_style(position: int) -> Style:
    """The look of the plan at `position` (0 is the current plan).

    Raises
    ------
    ValueError
        If there are more plans than can be told apart.
    """
    if not 0 <= position < MAX_PLANS:
        raise ValueError(f"plan position is {position}; at most {MAX_PLANS} plans can be told apart in one chart")
    return _PLANS[position]


def plan_letter(position: int) -> str:
    """A, B, C …: the name a plan has in the chart, the table and the form."""
    return chr(ord("A") + position)
