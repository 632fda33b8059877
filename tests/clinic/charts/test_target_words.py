"""A target in words: a share of time in per cent, and no limit where none is known."""

import math
from dataclasses import replace

import pytest

from clinic.charts import target_words
from twins.forecasts.forecast import Band
from twins.pharmacology.target import Metric, Target

AREA = Target("AUC24 400–600 mg·h/L", 400.0, 600.0, "a guideline")
TROUGH = Target("trough 5–10 µg/L", 5.0, 10.0, "a guideline", Metric.TROUGH, "ug/L")
SHARE = Target("100 % fT>MIC", 1.0, math.inf, "a guideline", Metric.TIME_ABOVE, "1", threshold=2.0)
LOW_TROUGH = Target("trough below 2 mg/L", 0.0, 2.0, "a guideline", Metric.TROUGH, "mg/L")
VALUE = Band(0.2, 0.4, 0.9, 0.95, 1.0)


def test_a_limit_is_named_only_where_there_is_one() -> None:
    assert [target_words.above(AREA), target_words.harm(AREA)] == ["Above 600", "Harm: above 600"]
    assert target_words.limit(TROUGH) == "Above 10 is the safety limit."
    for words in (target_words.above(SHARE), target_words.harm(SHARE), target_words.limit(SHARE)):
        assert "inf" not in words
        assert "o limit" in words


def test_a_share_of_time_is_in_per_cent() -> None:
    assert [target_words.below(each) for each in (AREA, TROUGH, SHARE)] == ["Below 400", "Below 5", "Below 100 %"]
    assert target_words.too_little(SHARE) == "Too little: below 100 %"


def test_the_metric_stands_with_its_unit() -> None:
    assert [target_words.metric_and_unit(each) for each in (AREA, TROUGH, SHARE)] == [
        "AUC24 in mg·h/L", "trough in µg/L", "time above the MIC in %",
    ]  # fmt: skip


def test_over_a_column_stands_the_metric_with_its_unit_and_in_it_the_number_alone() -> None:
    assert [target_words.metric_heading(each) for each in (AREA, TROUGH, SHARE)] == [
        "AUC24, mg·h/L", "Trough, µg/L", "Time above the MIC, %",
    ]  # fmt: skip
    assert [target_words.in_metric(each, 0.87) for each in (AREA, TROUGH, SHARE)] == ["1", "0.87", "87 %"]


def test_a_chance_of_being_above_is_told_only_where_there_is_a_limit() -> None:
    assert [target_words.chance_above(each, 0.0) for each in (TROUGH, SHARE)] == ["<1 %", "–"]


def test_nothing_is_said_to_be_too_little_where_nothing_is() -> None:
    assert [target_words.chance_below(each, 0.0) for each in (TROUGH, SHARE, LOW_TROUGH)] == ["<1 %", "<1 %", "–"]
    assert target_words.below(LOW_TROUGH) == "Below: nothing is too little"
    assert target_words.too_little(LOW_TROUGH) == "Too little: nothing is"


def test_only_a_target_of_auc24_is_drawn_among_them() -> None:
    assert [target_words.is_auc24(each) for each in (AREA, TROUGH, SHARE)] == [True, False, False]


@pytest.mark.parametrize(
    ("target", "median", "between"),
    [(SHARE, "90 %", "20 %–>99 %"), (TROUGH, "0.90", "0.20–1.0"), (AREA, "1", "0–1")],
)
def test_what_it_came_to_is_shown_as_its_metric_is(target: Target, median: str, between: str) -> None:
    assert target_words.median_of(target, VALUE) == median
    assert target_words.range_of(target, VALUE) == between


def test_what_it_came_to_is_said_inside_a_sentence_with_its_unit_once() -> None:
    average = replace(TROUGH, metric=Metric.AVERAGE)
    assert target_words.in_words(SHARE, VALUE) == "time above the MIC 90 % (90 % 20 %–>99 %)"
    assert target_words.in_words(average, VALUE) == "average 0.90 µg/L (90 % 0.20–1.0)"


def test_what_tables_of_days_show_of_every_drug_has_no_second_column() -> None:
    assert [target_words.is_beside(each) for each in (AREA, TROUGH, SHARE)] == [False, False, True]
