"""The bar of chances can be read without colours, and adds up."""

import pytest

from clinic.charts.chance_bar import chance_bar
from tests.clinic.charts.drawing import parsed
from tests.factories import vancomycin_case as case
from twins.forecasts.forecast import Attained, Band


def bar(below, inside, above):
    lies = Attained(case.TARGET, 24.0, 48.0, Band(1.0, 2.0, 3.0, 4.0, 5.0), inside, above, below)
    return parsed(chance_bar(lies, "bar-0"))


def test_each_part_is_as_long_as_its_chance_in_the_order_below_in_above():
    drawn = bar(0.25, 0.60, 0.15)
    whole = float(drawn.attrib["viewBox"].split()[2])
    parts = [rect for rect in drawn.findall(".//{*}rect") if rect.attrib["fill"] != "none"]
    assert [float(part.attrib["width"]) / whole for part in parts] == pytest.approx([0.25, 0.60, 0.15])
    assert [text.text for text in drawn.findall(".//{*}text")] == ["25 %", "60 %", "15 %"]
    assert parts[2].attrib["fill"] == "url(#bar-0-above)"  # hatched


def test_it_says_in_words_what_it_shows_where_a_part_is_too_narrow_for_its_figure():
    drawn = bar(0.0, 0.03, 0.97)
    assert [text.text for text in drawn.findall(".//{*}text")] == ["97 %"]
    assert drawn.find("{*}desc").text == "Below <1 %, in the target 3 %, above 97 %."
