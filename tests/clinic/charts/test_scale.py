"""Axes, their ends and their ticks."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from clinic.charts.scale import Scale, padded, ticks, time_ticks

START = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def test_a_scale_maps_its_ends_to_the_pixels_given_also_upside_down():
    scale = Scale(0.0, 50.0, 200.0, 20.0)
    assert scale(0.0) == 200.0
    assert scale(50.0) == 20.0
    assert scale(25.0) == 110.0


def test_an_axis_holds_all_values_and_ends_at_round_numbers():
    low, high = padded([13.1, 47.9], least_span=20.0, from_zero=True)
    assert (low, high) == (0.0, 60.0)
    assert ticks(low, high, 4) == [0.0, 20.0, 40.0, 60.0]


def test_equal_values_still_get_an_axis_of_the_least_span():
    low, high = padded([97.0, 97.0], least_span=8.0)
    assert high - low >= 8.0
    assert low < 97.0 < high


def test_time_ticks_lie_on_whole_local_hours_and_name_the_day_at_midnight():
    found = time_ticks(START, 0.0, 48.0, ZoneInfo("UTC"), 10)
    assert [tick.label for tick in found[:3]] == ["12:00", "18:00", "21 Nov"]
    assert [tick.hour for tick in found[:3]] == [3.5, 9.5, 15.5]
    assert found[2].midnight


def test_ticks_stay_on_the_wall_clock_when_summer_time_ends():
    start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)  # the clocks of Zurich go back at 01:00 UTC on the 25th
    found = time_ticks(start, 0.0, 36.0, ZoneInfo("Europe/Zurich"), 8)
    assert {tick.label for tick in found} == {"18:00", "25 Oct", "06:00", "12:00", "26 Oct"}
    gaps = {round(b.hour - a.hour, 6) for a, b in pairwise(found)}
    assert gaps == {6.0, 7.0}


@pytest.mark.parametrize("hours", [3.0, 30.0, 100.0, 400.0])
def test_there_are_never_many_more_ticks_than_asked_for(hours):
    assert 1 <= len(time_ticks(START, 0.0, hours, ZoneInfo("UTC"), 8)) <= 9
