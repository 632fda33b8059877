"""Charts speak German where the page does, and German words fit into them too."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from clinic.charts import words
from clinic.charts.comparison_chart import comparison_chart
from clinic.charts.timeline_chart import timeline_chart
from clinic.charts.twin_facts import quality
from tests.clinic.charts.drawing import ends, parsed
from tests.clinic.charts.test_timeline_chart import line
from tests.factories import vancomycin_case as case

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("UTC")


def charts(width):
    compared = comparison_chart(
        case.result(), case.course(), zone=ZONE, prefix="c", width=width, excluded=((20.0, 30.0, "x"),)
    )
    return parsed(compared), parsed(timeline_chart(line(), zone=ZONE, prefix="t", width=width))


@pytest.mark.parametrize("width", [900.0, 360.0])
def test_titles_keys_and_descriptions_are_german_when_asked_for_and_english_otherwise(width):
    with translation.override("de"):
        german = ["".join(root.itertext()) for root in charts(width)]
    english = ["".join(root.itertext()) for root in charts(width)]
    for said in ("Konzentration, mg/L", "gemessener Spiegel", "50-%- und 90-%-Band", "Vorhersage", "Ziel 400–600"):
        assert said in german[0], said
    for said in ("Dosen, mg", "Zeitverlauf von Dosen", "ausgeschlossen", "13,1", "Daten bis 22"):
        assert said in german[1], said
    for said in ("Concentration, mg/L", "measured level", "target 400–600"):
        assert said in english[0], said
        assert said not in german[0], said
    assert "data until 22 Nov" in english[1]


@pytest.mark.parametrize("width", [900.0, 360.0])
def test_no_german_word_begins_left_of_a_drawing_or_ends_right_of_it(width):
    with translation.override("de"):
        drawn = charts(width)
    for root in drawn:
        for said, left, right in ends(root):
            assert left >= -6, said
            assert right <= width + 14, said


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=20), "gerade eben"),
        (timedelta(minutes=12), "vor 12 min"),
        (timedelta(hours=5), "vor 5 h"),
        (timedelta(days=3), "vor 3 Tagen"),
        (timedelta(days=-3), "in 3 Tagen"),
    ],
)
def test_recency_is_said_with_the_right_case(passed, said):
    with translation.override("de"):
        assert words.ago(NOON - passed, NOON) == said
        assert words.span(timedelta(days=3)) == "3 Tage"


def test_decimals_in_a_row_are_told_apart_from_their_commas():
    assert words.listed(["1.2", "1.4"]) == "1.2, 1.4"
    with translation.override("de"):
        assert words.listed(["1,2", "1,4"]) == "1,2; 1,4"


def test_a_sentence_inside_another_keeps_the_capital_of_a_german_noun():
    assert words.inside("No creatinine is charted.") == "no creatinine is charted."
    with translation.override("de"):
        assert words.inside("Kreatinin fehlt.") == "Kreatinin fehlt."
        assert quality(case.fit(levels=1)).sentences[0] == "An 1 Spiegel dieses Patienten angepasst."
