"""The elements that charts are made of."""

import pytest

from clinic.charts import svg
from clinic.charts.palette import MAX_PLANS, plan_letter, plan_style
from tests.clinic.charts.drawing import parsed


def test_text_is_escaped_so_that_a_name_cannot_become_markup():
    drawn = svg.text('<b> & "co"', 1.0, 2.0)
    assert parsed(drawn).text == '<b> & "co"'


def test_an_inline_style_is_refused_because_the_page_would_drop_it():
    with pytest.raises(svg.InlineStyleError, match="presentation attributes"):
        svg.element("rect", style="fill:red")


def test_a_picture_names_and_describes_itself_to_a_screen_reader():
    root = parsed(svg.picture(prefix="p", width=10.0, height=5.0, title="A title", description="What it shows."))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "p-title"
    assert root.find("{*}title").text == "A title"
    assert root.find("{*}desc").text == "What it shows."


def test_plans_differ_by_dash_and_letter_and_not_by_colour_alone():
    styles = [plan_style(k) for k in range(MAX_PLANS)]
    assert len({style.dash for style in styles}) == MAX_PLANS
    assert len({style.pattern_name for style in styles}) == MAX_PLANS
    assert len({style.colour for style in styles}) == MAX_PLANS
    assert [plan_letter(k) for k in range(3)] == ["A", "B", "C"]


def test_more_plans_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="at most 6 plans"):
        plan_style(MAX_PLANS)
