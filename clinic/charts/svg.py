"""SVG elements as text, escaped, with presentation attributes only."""

import re
from collections.abc import Iterable
from functools import cache
from html import escape

_WHOLE = re.compile(r"\.0(?![0-9])")
"""The decimal of a whole number."""
HALO = {"paint_order": "stroke", "stroke": "Canvas", "stroke_width": 3, "stroke_linejoin": "round"}
"""Attributes of text that lies on lines: an edge in the ground's colour, light or dark."""


class InlineStyleError(ValueError):
    """The page's Content-Security-Policy forbids inline style; presentation attributes do the same."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"<{tag}> was given a style attribute; use presentation attributes such as fill or stroke")


def number(value: float) -> str:
    """A coordinate with at most one decimal: a tenth of a pixel is enough, and keeps the page small."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def element(tag: str, /, *children: str, **attributes: object) -> str:
    """``<tag …>children</tag>``; underscores in names become hyphens, None is left out, children are SVG already."""
    if "style" in attributes:
        raise InlineStyleError(tag)
    parts = [tag]
    for name, value in attributes.items():
        if value is None or value == "":
            continue
        text = number(value) if isinstance(value, float) else escape(str(value), quote=True)
        parts.append(f'{_attribute(name)}="{text}"')
    inner = "".join(children)
    return f"<{' '.join(parts)}>{inner}</{tag}>" if inner else f"<{' '.join(parts)}/>"


@cache
def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def text(content: str, x: float, y: float, **attributes: object) -> str:
    """Text in the page's own colour, unless told otherwise."""
    attributes.setdefault("fill", "currentColor")
    return element("text", escape(content), x=x, y=y, **attributes)


def link(href: str, name: str, *children: str, tab: bool = True) -> str:
    """`children` as a link that is called `name`; without `href` the children alone.

    One that is not to be reached by the tab key (there are hundreds of its kind, and tables lead to the same) can still
    be clicked and read.
    """
    if not href:
        return "".join(children)
    look = {"href": href, "aria_label": name, "tabindex": None if tab else -1}
    return element("a", element("title", escape(name)), *children, **look)


def path(points: Iterable[tuple[float, float]], *, close: bool = False) -> str:
    """The `d` of a path through `points`."""
    steps = _WHOLE.sub("", "L".join([f"{x:.1f} {y:.1f}" for x, y in points]))
    return f"M{steps}{'Z' if close else ''}" if steps else ""


def picture(
    *children: str, prefix: str, width: float, height: float, title: str, description: str, links: bool = False
) -> str:
    """The outermost element: an image with a name and a description for those who cannot see it.

    With `links` it is a group, because nothing inside an image can be reached.
    """
    return element(
        "svg",
        element("title", escape(title), id=f"{prefix}-title"),
        element("desc", escape(description), id=f"{prefix}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="group" if links else "img",
        aria_labelledby=f"{prefix}-title",
        aria_describedby=f"{prefix}-desc",
        font_size="13",
    )
