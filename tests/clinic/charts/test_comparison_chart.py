"""The comparison's chart is valid, needs no style, and labels every plan."""

import re
from zoneinfo import ZoneInfo

import pytest

from clinic.charts.comparison_chart import comparison_chart
from clinic.charts.palette import plan_style
from tests.clinic.charts.drawing import parsed
from tests.factories import vancomycin_case as case
from twins.pharmacology.regimen import Plan

UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def result():
    return case.result()


def drawn(result, *, width=900.0, course=None, excluded=()):
    text = comparison_chart(result, course or case.course(), zone=UTC, prefix="c", width=width, excluded=excluded)
    return text, parsed(text)


def texts(root):
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("width", [900.0, 360.0])
def test_it_is_valid_xml_without_style_script_or_remote_reference(result, width):
    text, root = drawn(result, width=width)
    assert root.attrib["role"] == "img"
    for node in root.iter():
        assert "style" not in node.attrib
        assert not node.tag.endswith("}script")
        assert not any(name.startswith("on") or "href" in name for name in node.attrib)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("width", [900.0, 360.0])
def test_every_plan_has_its_letter_in_key_lines_and_days_and_its_dash(result, width):
    text, root = drawn(result, width=width)
    said = texts(root)
    for position, forecast in enumerate(result.forecasts):
        letter = "ABCD"[position]
        assert said.count(letter) >= 3, f"plan {letter} is not labelled everywhere"
        assert any(forecast.plan.sentence() in line for line in said)
        dash = plan_style(position).dash
        if dash:
            assert text.count(f'stroke-dasharray="{dash}"') >= 2


@pytest.mark.parametrize("width", [900.0, 360.0])
def test_no_text_begins_left_of_the_drawing_or_ends_right_of_it(result, width):
    _, root = drawn(result, width=width)
    for node in root.iter("{http://www.w3.org/2000/svg}text"):
        length = len("".join(node.itertext())) * float(node.attrib.get("font-size", 13)) * 0.56
        x = float(node.attrib["x"])
        left = {"end": x - length, "middle": x - length / 2}.get(node.attrib.get("text-anchor", ""), x)
        assert left >= -6, node.text
        assert left + length <= width + 14, node.text


def test_the_target_is_hatched_between_its_limits(result):
    _, root = drawn(result)
    zone = next(
        node for node in root.iter("{http://www.w3.org/2000/svg}rect") if "url(#c-target)" in node.get("fill", "")
    )
    assert float(zone.attrib["height"]) > 10
    assert root.find(".//{*}pattern[@id='c-target']") is not None
    assert any("target 400–600" in line for line in texts(root))


def test_the_description_tells_levels_plans_and_exposure_in_words(result):
    _, root = drawn(result)
    told = root.find("{*}desc").text
    assert "13.1 mg/L, 17.8 mg/L" in told
    assert "Plan A, solid line, Current: 1000 mg over 1 h every 12 h." in told
    assert result.forecasts[1].sentence in told
    assert re.search(r"Median AUC24 by day: \d+, \d+, \d+ mg·h/L", told)


def test_measured_levels_carry_their_value_and_a_left_out_level_is_hollow(result):
    _, root = drawn(result, excluded=[(30.0, 41.0, "left out: drawn from the line")])
    assert "13.1" in texts(root)
    hollow = [n for n in root.iter("{http://www.w3.org/2000/svg}circle") if n.attrib["fill"] == "none"]
    assert any("drawn from the line" in "".join(n.itertext()) for n in hollow)
    assert "level left out" in texts(root)


def test_what_two_plans_share_is_drawn_once(result):
    """Before the first dose that differs, only the current plan's bands are drawn."""
    _, root = drawn(result)
    blue = plan_style(1).colour
    bands = [
        n.attrib["d"]
        for n in root.iter("{http://www.w3.org/2000/svg}path")
        if n.attrib.get("fill") == blue and "fill-opacity" in n.attrib
    ]
    starts = [float(d[1:].split()[0]) for d in bands]
    now = next(
        float(n.attrib["x1"])
        for n in root.iter("{http://www.w3.org/2000/svg}line")
        if n.attrib.get("stroke-dasharray") == "4 3"
    )
    assert min(starts) > now + 50


def test_a_plan_without_doses_and_a_course_without_levels_can_be_drawn():
    course = case.course(levels=0)
    found = case.result(course, (case.plans()[0], Plan("No further doses", None)))
    _, root = drawn(found, course=course)
    assert any("No further doses" in line for line in texts(root))
    assert "measured level" not in texts(root)
