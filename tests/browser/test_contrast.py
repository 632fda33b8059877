"""Forced colours and more contrast: axe finds nothing, and lines and badges stand out from their ground."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Watched
from tests.browser.site import Site
from tests.browser.test_clarity import is_clear

pytestmark = pytest.mark.browser

FORCED, MORE = "(forced-colors: active)", "(prefers-contrast: more)"
LOOKS: dict[str, tuple[str, dict[str, str]]] = {
    "forced colours": (FORCED, {"forced_colors": "active", "contrast": "no-preference", "color_scheme": "light"}),
    "forced colours, dark": (FORCED, {"forced_colors": "active", "contrast": "no-preference", "color_scheme": "dark"}),
    "more contrast": (MORE, {"forced_colors": "none", "contrast": "more", "color_scheme": "light"}),
    "more contrast, dark": (MORE, {"forced_colors": "none", "contrast": "more", "color_scheme": "dark"}),
}
LEAST = 3.0
"""Contrast of what is drawn against what lies beside it: WCAG 2.2, 1.4.11."""
SERIES_WIDTH = 1.5
"""Lines as thick as that are series and their key; thinner ones are axes and grid."""

DRAWN = """() => {
  const rgb = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found.slice(0, 3);
    }
    throw new Error('nothing is painted below ' + element.tagName);
  };
  const seen = selector => [...document.querySelectorAll(selector)].filter(element => element.checkVisibility());
  const lines = seen('main .chart svg').flatMap(svg => [...svg.querySelectorAll('path, line')].map(line => {
    const style = getComputedStyle(line);
    return {kind: line.tagName, colour: rgb(style.stroke).slice(0, 3), dash: style.strokeDasharray,
            width: style.stroke === 'none' ? 0 : parseFloat(style.strokeWidth),
            opacity: style.strokeOpacity * style.opacity, ground: ground(svg)};
  }));
  const badges = seen('main .badge').map(badge => {
    const style = getComputedStyle(badge);
    return {words: badge.textContent.trim(), colour: rgb(style.borderTopColor).slice(0, 3),
            width: style.borderTopStyle === 'none' ? 0 : parseFloat(style.borderTopWidth),
            ground: ground(badge.parentElement)};
  });
  return {lines, badges};
}"""


def luminance(colour: list[float]) -> float:
    """Relative luminance of an sRGB colour of 0 to 255, as WCAG 2.2 defines it."""
    parts = [value / 255 for value in colour]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def in_each_look(page: Page, name: str) -> list[dict[str, Any]]:
    """What is drawn on the loaded page in each look, in which axe finds nothing."""
    found = []
    for look, (question, media) in LOOKS.items():
        page.emulate_media(**media)  # type: ignore[arg-type]
        assert page.evaluate("asked => matchMedia(asked).matches", question), look
        if look != "forced colours, dark":  # there axe measures the page's own colours, not those the browser paints
            is_clear(page, name, look)
        drawn = page.evaluate(DRAWN)
        drawn["series"] = [line for line in drawn["lines"] if line["width"] >= SERIES_WIDTH]
        faint = [one for one in drawn["series"] if contrast(one["colour"], one["ground"]) < LEAST or one["opacity"] < 1]
        assert faint == [], f"{name} in {look}"
        found.append(drawn)
    return found


def test_what_is_drawn_stands_out_and_is_told_apart(browser: Browser, site: Site, signed_in: dict) -> None:
    context = browser.new_context(base_url=site.address, storage_state=signed_in)
    watched = Watched(context, site)
    page = watched.page

    page.goto("/")
    patient = page.get_by_role("link", name=re.compile("^Moreau")).first.get_attribute("href")
    comparison = page.get_by_role("link", name=re.compile("Compare plans of Moreau")).get_attribute("href")
    assert patient
    assert comparison
    for drawn in in_each_look(page, "worklist"):
        assert drawn["badges"], "reasons stand in badges"
        for badge in drawn["badges"]:
            assert badge["words"]
            assert badge["width"] >= 1
            assert contrast(badge["colour"], badge["ground"]) >= LEAST, badge

    page.goto(patient)
    for drawn in in_each_look(page, "patient"):
        assert drawn["series"]

    page.goto(comparison)
    plans = page.locator("ol.plans > li").count()
    assert plans > 1
    for drawn in in_each_look(page, "comparison"):
        curves = [line for line in drawn["series"] if line["kind"] == "path" and line["width"] > 2]
        assert len({curve["dash"] for curve in curves}) == len(curves) == plans, "told apart without any colour"
        key = {(line["dash"], *line["colour"]) for line in drawn["series"] if line["kind"] == "line"}
        assert {(curve["dash"], *curve["colour"]) for curve in curves} <= key, "the key shows them as they are drawn"
    assert watched.problems == []
    context.close()
