"""Stages of acute kidney injury by creatinine as KDIGO 2012 has them, and categories of filtration."""

import pytest

from twins.pharmacology.kdigo import Rise, filtration_category, injury_stages, rise


@pytest.mark.parametrize(
    ("times", "values", "stages"),
    [
        ((0.0, 24.0, 48.0), (0.9, 1.0, 1.19), (0, 0, 0)),
        ((0.0, 48.0), (0.9, 1.2), (0, 1)),  # a rise of 0.3 within 48 h, whatever the last binary digit
        ((0.0, 49.0), (0.9, 1.2), (0, 0)),  # an hour later it is none: 1.33 times the baseline
        ((0.0, 160.0), (0.8, 1.2), (0, 1)),  # 1.5 times within 7 days
        ((0.0, 170.0), (0.8, 1.2), (0, 0)),
        ((0.0, 100.0, 120.0), (1.0, 2.0, 2.99), (0, 2, 2)),
        ((0.0, 100.0), (1.0, 3.0), (0, 3)),
        ((0.0, 24.0), (3.6, 4.0), (0, 3)),  # 4.0 after an acute rise
        ((0.0, 200.0), (4.1, 4.1), (0, 0)),  # and not where it has always been so
        ((0.0, 24.0, 96.0), (1.0, 2.2, 1.1), (0, 2, 0)),  # recovered
    ],
)
def test_stages_by_creatinine(times, values, stages):
    assert injury_stages(times, values) == stages


@pytest.mark.parametrize(
    ("times", "values", "found"),
    [
        ((0.0, 9.0, 81.0), (0.87, 0.85, 2.33), Rise(0.85, 72.0, 2)),  # the lowest, not the first
        ((0.0, 9.0, 81.0), (0.85, 0.85, 2.33), Rise(0.85, 81.0, 2)),  # the first of several as low
        ((0.0, 100.0, 130.0), (0.9, 1.0, 1.3), Rise(1.0, 30.0, 1)),  # by 0.3 in 48 h, 1.44 times the lowest before
        ((0.0, 60.0), (0.9, 1.2), None),
        ((0.0,), (3.0,), None),
    ],
)
def test_where_a_rise_began(times, values, found):
    assert rise(times, values) == found


@pytest.mark.parametrize(
    ("rate", "category"),
    [
        (120, "G1"),
        (90, "G1"),
        (89.9, "G2"),
        (60, "G2"),
        (45, "G3a"),
        (44, "G3b"),
        (30, "G3b"),
        (15, "G4"),
        (14.9, "G5"),
    ],
)
def test_categories_of_filtration(rate, category):
    assert filtration_category(rate) == category
